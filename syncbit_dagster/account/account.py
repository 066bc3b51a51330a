"""The account value: everything that a source or a partition needs to know about one person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from syncbit_dagster.account.state import StatePlace
    from syncbit_dagster.account.tokens import TokenStore

Priority = Literal["fresh", "history"]
WindowKind = Literal["sliding", "fixed"]
LONGEST_WAIT_SECONDS = 15 * 60.0


@dataclass(frozen=True)
class Quota:
    """How many requests the provider grants this account in a time, and how they are shared.

    Attributes:
        requests: the limit.
        seconds: the length of the window that it holds for.
        window: any time of that length (``sliding``), or one that begins with each full hour or
            minute of the clock (``fixed``).
        place: where the processes that share the limit keep count; None: nobody shares it.
        priority: ``fresh`` requests (schedule, sensor, a person) go before those for ``history``.
        longest_wait_seconds: a longer wait ends the run instead of keeping its process.
    """

    requests: int
    seconds: int
    window: WindowKind = "sliding"
    place: StatePlace | None = None
    priority: Priority = "fresh"
    longest_wait_seconds: float = LONGEST_WAIT_SECONDS

    def __str__(self) -> str:
        return f"{self.requests} requests in {self.seconds} s"


@dataclass(frozen=True)
class OAuthDialect:
    """What one provider's OAuth has that another's has not.

    Attributes:
        client_id_variable, client_secret_variable: where the user sets the client.
        has_public_clients: whether a client without a secret is legal.
        sends_basic: the secret goes into the ``Authorization`` header, not into the form.
        authorize_parameters: what the consent page's URL needs beyond the standard.
    """

    client_id_variable: str
    client_secret_variable: str
    has_public_clients: bool = False
    sends_basic: bool = False
    authorize_parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OAuthApp:
    """The OAuth client that the user registered with the provider, and where to ask."""

    client_id: str | None
    client_secret: str | None = field(repr=False)
    authorize_url: str
    token_url: str
    redirect_uri: str
    dialect: OAuthDialect


@dataclass(frozen=True)
class Account:
    """One person's data at one provider.

    Attributes:
        labels: ``user`` and ``device``, on every series.
        provider: a value of ``SYNCBIT_PROVIDER``.
        api_url: base URL of the provider's API.
        zone: IANA zone of the civil days.
        zone_is_assumed: nobody said which zone it is; UTC stands in.
        first_day: first partition.
        oauth: how to authorize.
        tokens: where the tokens are kept.
        quota: the provider's limit for this account.
    """

    labels: Mapping[str, str]
    provider: str
    api_url: str
    zone: ZoneInfo
    zone_is_assumed: bool
    first_day: date
    oauth: OAuthApp
    tokens: TokenStore
    quota: Quota
