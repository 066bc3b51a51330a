"""The account's OAuth tokens in a file: mode 0600, replaced atomically, locked across processes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from filelock import FileLock

from syncbit_dagster.account.private_file import private_directory, read_json, write_json
from syncbit_dagster.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Token:
    """One answer of the token endpoint.

    Attributes:
        access_token: bearer of API requests.
        refresh_token: buys the next access token.
        expires_at: when the access token ends, seconds since the epoch.
        scope: what the user granted, separated by spaces.
        ends_in_testing: the refresh token itself has an end: Google gives it one, of 7 days,
            while the app's project is in Testing.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float
    scope: str = ""
    ends_in_testing: bool = False

    def is_fresh(self, now: datetime, margin_seconds: float = 60) -> bool:
        """Whether the access token lives for at least the margin; a request must not outlive it."""
        return now.timestamp() + margin_seconds < self.expires_at

    @property
    def expires(self) -> datetime:
        return datetime.fromtimestamp(self.expires_at, UTC)


@dataclass(frozen=True)
class TokenFile:
    """Where a token is kept."""

    path: Path

    def load(self) -> Token | None:
        """The stored token, or None before the first authorization."""
        content = read_json(self.path)
        if content is None:
            return None
        try:
            return Token(**content)
        except TypeError:
            raise ConfigError(
                f"{self.path} is not a token file; delete it and run `syncbit authorize` again."
            ) from None

    def save(self, token: Token) -> None:
        write_json(self.path, asdict(token))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold this account's token against other processes: read, refresh and write as one."""
        private_directory(self.path.parent)
        with FileLock(self.path.with_suffix(".lock"), mode=0o600):
            yield
