"""An account whose token endpoint is strict, with its token in each of the places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.config import load_settings
from syncbit_dagster_tests.account.token_server import FIRST, TokenServer, running_token_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.account.account import Account


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with running_token_server() as one:
        yield one


@pytest.fixture(params=["file", "table"])
def account(request: pytest.FixtureRequest, server: TokenServer, tmp_path: Path) -> Account:
    """An account of the Fitbit Web API whose stored access token has expired."""
    variables = {
        "SYNCBIT_PROVIDER": "fitbit_web",
        "FITBIT_CLIENT_ID": "client",
        "FITBIT_CLIENT_SECRET": "client-secret",
        "FITBIT_TOKEN_URL": server.url,
        "DATA_DIR": str(tmp_path / "data"),
    }
    if request.param == "table":
        variables["SYNCBIT_STATE_URL"] = request.getfixturevalue("new_database")()
    own = load_settings(variables, secrets_directory=tmp_path / "none").account
    own.tokens.save(Token(access_token="expired", refresh_token=FIRST, expires_at=0))
    return own
