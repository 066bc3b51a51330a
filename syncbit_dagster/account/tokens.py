"""The account's OAuth token, and what every place that keeps one promises."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

ONE_DAY_SECONDS = timedelta(days=1).total_seconds()


@dataclass(frozen=True)
class Token:
    """One answer of the token endpoint. Instants are seconds since the epoch.

    Attributes:
        access_token: bearer of API requests.
        refresh_token: buys the next access token.
        expires_at: when the access token ends.
        scope: what the user granted, separated by spaces.
        obtained_at: when it came; 0 if nobody knows.
        refresh_ends_at: when the refresh token itself ends: Google gives it an end, of 7 days,
            while the app's project is in Testing. None: no fixed end.
        refreshes: how often it was refreshed since the user's consent.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float
    scope: str = ""
    obtained_at: float = 0.0
    refresh_ends_at: float | None = None
    refreshes: int = 0

    def is_fresh(self, now: datetime, margin_seconds: float = 60) -> bool:
        """Whether the access token lives for at least the margin; a request must not outlive it."""
        return now.timestamp() + margin_seconds < self.expires_at

    @property
    def expires(self) -> datetime:
        return datetime.fromtimestamp(self.expires_at, UTC)

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())

    def age_seconds(self, now: datetime) -> float | None:
        """Since when the provider's answer is here."""
        return now.timestamp() - self.obtained_at if self.obtained_at else None

    def testing_days_left(self, now: datetime) -> float | None:
        """Days until the refresh token ends, if it has an end; negative once it is over."""
        if self.refresh_ends_at is None:
            return None
        return (self.refresh_ends_at - now.timestamp()) / ONE_DAY_SECONDS

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Token:
        """The token in a stored object; fields that another version wrote are left out.

        Raises:
            ValueError: it is no token.
        """
        known = {one.name: content[one.name] for one in fields(cls) if one.name in content}
        texts = (known.get("access_token"), known.get("refresh_token"), known.get("scope", ""))
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("not a token")
        for name in ("expires_at", "obtained_at", "refresh_ends_at"):
            if known.get(name) is not None:
                known[name] = float(known[name])
        if not isinstance(known.get("expires_at"), float):
            raise ValueError("not a token")  # noqa: TRY004 - one kind of error for all of it
        return cls(**known)


class HeldToken(Protocol):
    """The stored token while its lock is held."""

    def load(self) -> Token | None: ...

    def save(self, token: Token) -> None: ...


class TokenStore(Protocol):
    """A place that keeps one account's token."""

    @property
    def place(self) -> str:
        """Where, in a few words without secrets."""
        ...

    def load(self) -> Token | None:
        """The stored token, or None before the first authorization.

        Raises:
            ConfigError: what is stored is no token, or not safe.
            StateError: the place does not work.
        """
        ...

    def save(self, token: Token) -> None:
        """Replace the token in one step: a reader sees the old one or the new one."""
        ...

    def locked(self) -> AbstractContextManager[HeldToken]:
        """Hold the token against every other process: read, refresh and write as one.

        Inside, only what is held is used; ``load`` and ``save`` of the store would wait for it.

        Raises:
            StateError: somebody else held it for minutes.
        """
        ...
