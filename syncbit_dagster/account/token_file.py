"""The token in a file of this machine: owner-only, replaced atomically, locked across processes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from syncbit_dagster.account.state.base import StateError
from syncbit_dagster.account.state.private_file import (
    private_directory,
    read_json,
    remove_leftovers,
    write_json,
)
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.account.tokens import HeldToken

LOCK_SECONDS = 180  # a refresh is one request of at most 70 s; longer means a hang


@dataclass(frozen=True)
class TokenFile:
    """A token store; beside the file lies its lock."""

    path: Path

    @property
    def place(self) -> str:
        return str(self.path)

    def load(self) -> Token | None:
        content = read_json(self.path)
        if content is None:
            return None
        try:
            return Token.from_json(content)
        except (TypeError, ValueError):
            raise ConfigError(
                f"{self.path} is not a token file; delete it and run `syncbit authorize` again."
            ) from None

    def save(self, token: Token) -> None:
        with self.locked() as held:
            held.save(token)

    @contextmanager
    def locked(self) -> Iterator[HeldToken]:
        # One object per use: a shared one would let a second thread of this process in.
        lock = FileLock(self.path.with_suffix(".lock"), mode=0o600)
        try:
            private_directory(self.path.parent)
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout:
            raise StateError(
                f"Another process has held {self.path} for {LOCK_SECONDS} s; end it, then try "
                "again."
            ) from None
        except OSError as error:
            raise StateError(
                f"{lock.lock_file} cannot be opened ({error.strerror}); check who owns "
                f"{self.path.parent}."
            ) from None
        try:
            yield _HeldFile(self)
        finally:
            lock.release()


@dataclass(frozen=True)
class _HeldFile:
    file: TokenFile

    def load(self) -> Token | None:
        return self.file.load()

    def save(self, token: Token) -> None:
        remove_leftovers(self.file.path)  # of a process that was killed while it wrote
        write_json(self.file.path, token.to_json())
