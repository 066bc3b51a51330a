"""The account value: everything that a source or a partition needs to know about one person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
