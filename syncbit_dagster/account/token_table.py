"""The token in PostgreSQL, for processes on several hosts: the row is locked while it is used."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncbit_dagster.account.state.base import StateError
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.account.state.base import HeldState
    from syncbit_dagster.account.state.place import StatePlace
    from syncbit_dagster.account.tokens import HeldToken


@dataclass(frozen=True)
class TokenTable:
    """A token store; its accounts are told apart by user label and provider."""

    state: StatePlace

    @property
    def place(self) -> str:
        return str(self.state)

    def load(self) -> Token | None:
        with self.locked() as held:
            return held.load()

    def save(self, token: Token) -> None:
        with self.locked() as held:
            held.save(token)

    @contextmanager
    def locked(self) -> Iterator[HeldToken]:
        state = self.state.open()
        try:
            with state.locked() as row:
                yield _HeldRow(self, row)
        finally:
            state.close()


@dataclass(frozen=True)
class _HeldRow:
    table: TokenTable
    row: HeldState

    def load(self) -> Token | None:
        content = self.row.read()
        if content is None:
            return None
        try:
            return Token.from_json(content)
        except (TypeError, ValueError):
            raise ConfigError(
                f"The row of this account in {self.table.place} is no token; run "
                "`syncbit authorize` again."
            ) from None

    def save(self, token: Token) -> None:
        try:
            self.row.write(token.to_json())
        except StateError:
            # The connection was lost, and the lock with it. The predecessor may be spent already,
            # so this token must not be lost too.
            self.table.save(token)
