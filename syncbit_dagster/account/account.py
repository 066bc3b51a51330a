"""The account value: everything that a source or a partition needs to know about one person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from syncbit_dagster.account.tokens import TokenStore
    from syncbit_dagster.quota.quota import Quota


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

    def require_client(self) -> None:
        """Raise ``ConfigError`` if nobody can be asked for consent: the client is not set."""
        id_name, secret_name = self.dialect.client_id_variable, self.dialect.client_secret_variable
        lacking = [] if self.client_id else [id_name]
        if not (self.client_secret or self.dialect.has_public_clients):
            lacking.append(secret_name)
        if lacking:
            raise ConfigError(
                f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not set; create a "
                "client at the provider (docs/getting-started.md) and set both."
            )


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
