"""The role that the page on security gives to runs: enough for tokens and counts, and no more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from syncbit_dagster.account.state.journal_rows import JournalRows
from syncbit_dagster.account.state.place import StatePlace
from syncbit_dagster.account.token_table import TokenTable
from syncbit_dagster.account.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
TOKEN = Token(access_token="a", refresh_token="r", expires_at=1)


def test_the_role_of_the_page_is_enough_and_no_more(new_database: Callable[[], str]) -> None:
    owner = make_url(new_database()).set(drivername="postgresql+psycopg")
    TokenTable(StatePlace(owner.render_as_string(hide_password=False), "a", "token")).save(TOKEN)
    (statements,) = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    execute(owner, statements)
    role = owner.set(username="syncbit_runs", password="choose-one")

    tokens = TokenTable(StatePlace(role.render_as_string(hide_password=False), "b", "token"))
    tokens.save(TOKEN)
    tokens.save(Token(access_token="b", refresh_token="r", expires_at=2))
    found = tokens.load()
    assert found is not None
    assert found.access_token == "b"
    journal = JournalRows(role.render_as_string(hide_password=False), "http://store")
    journal.write("one", [b"a correction"])
    assert b"".join(journal.read("one")) == b"a correction"
    journal.remove("one")
    assert journal.names() == []

    for forbidden in (
        "DELETE FROM syncbit_state",
        "TRUNCATE syncbit_state",
        "DROP TABLE syncbit_state",
        "CREATE TABLE another (a int)",
        "CREATE ROLE another",
    ):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            execute(role, forbidden)


def execute(url: object, statement: str) -> None:
    engine = create_engine(url)  # type: ignore[call-overload]
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()
