"""Journals in the state's database, where every host finds what another one left.

A journal is some rows of the table ``syncbit_state``, each a stretch of its text. They are emptied
and not deleted, because the role of a run may have no right to delete.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import NullPool, text
from sqlalchemy.exc import SQLAlchemyError

from syncbit_dagster.account.state.base import StateError
from syncbit_dagster.account.state.database import create_table, server_engine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection, Engine

ROW_BYTES = 1 << 20
_NAMES = text(
    "SELECT account FROM syncbit_state WHERE starts_with(account, :prefix) "
    "AND subject = '000000' AND content IS NOT NULL ORDER BY account"
)
_READ = text("SELECT content FROM syncbit_state WHERE account = :account AND subject = :subject")
_EMPTY = text("UPDATE syncbit_state SET content = NULL WHERE account = :account")
_PUT = text(
    "INSERT INTO syncbit_state (account, subject, content) VALUES (:account, :subject, :content) "
    "ON CONFLICT (account, subject) DO UPDATE SET content = excluded.content"
)


class JournalRows:
    """The journals of one target; a ``Journal`` as the store knows it.

    Args:
        url: of the PostgreSQL that all hosts share.
        target: whose journals they are, as a URL without secrets.
    """

    def __init__(self, url: str, target: str) -> None:
        self._url = url
        self._prefix = f"journal-{hashlib.sha256(target.encode()).hexdigest()[:16]}-"
        self._engine: Engine | None = None

    def names(self) -> list[str]:
        """Those that are whole; what is half written was never committed."""
        with self._connection() as connection:
            found = connection.execute(_NAMES, {"prefix": self._prefix}).scalars()
            return [name.removeprefix(self._prefix) for name in found]

    def write(self, name: str, lines: Iterable[bytes]) -> None:
        """Keep the lines, in one transaction: all of them or none."""
        account = self._prefix + name
        with self._connection() as connection:
            connection.execute(_EMPTY, {"account": account})
            for number, content in enumerate(_stretches(lines)):
                row = {"account": account, "subject": f"{number:06}", "content": content.decode()}
                connection.execute(_PUT, row)
            connection.commit()

    def read(self, name: str) -> Iterator[bytes]:
        """What was written, a row at a time."""
        number = 0
        while content := self._row(name, number):
            yield content.encode()
            number += 1

    def remove(self, name: str) -> None:
        """Forget it."""
        with self._connection() as connection:
            connection.execute(_EMPTY, {"account": self._prefix + name})
            connection.commit()

    def _row(self, name: str, number: int) -> str | None:
        """Whoever reads is at work on the store for long; no transaction waits for that."""
        row = {"account": self._prefix + name, "subject": f"{number:06}"}
        with self._connection() as connection:
            content: str | None = connection.execute(_READ, row).scalar()
        return content

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            if self._engine is None:
                # No pool: a store lives as long as its process, and needs this only for moments.
                self._engine = server_engine(self._url, poolclass=NullPool)
                create_table(self._engine)
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            kind = type(getattr(error, "orig", None) or error).__name__
            raise StateError(
                f"The journal of a correction cannot be kept or read in the database of "
                f"SYNCBIT_STATE_URL ({kind}); check that it can be reached and written, then "
                "materialize the partition again."
            ) from None


def _stretches(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, about ROW_BYTES of them together."""
    stretch: list[bytes] = []
    size = 0
    for line in lines:
        stretch.append(line)
        size += len(line)
        if size >= ROW_BYTES:
            yield b"".join(stretch)
            stretch, size = [], 0
    if stretch:
        yield b"".join(stretch)
