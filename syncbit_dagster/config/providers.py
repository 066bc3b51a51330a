"""The providers: what a value of ``SYNCBIT_PROVIDER`` stands for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType

from syncbit_dagster.account.account import OAuthDialect
from syncbit_dagster.quota.quota import Quota

DEMO_URL = "http://127.0.0.1:8190"


@dataclass(frozen=True)
class Provider:
    """What a value of ``SYNCBIT_PROVIDER`` stands for: its default places and its limit.

    ``variables`` names the environment variables that change its places. One that ``is_offline``
    asks nobody, so that nothing has to be authorized and there is no limit.
    """

    variables: Variables
    api_url: str
    authorize_url: str
    token_url: str
    quota: Quota
    dialect: OAuthDialect
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    is_offline: bool = False


@dataclass(frozen=True)
class Variables:
    """Names of the environment variables of a provider's API and OAuth endpoints."""

    api_url: str
    authorize_url: str
    token_url: str


# Google's documented limit for an app that Google has not verified, which is every private one:
# 2.5 requests a second and user.
_GOOGLE_HEALTH = Provider(
    variables=Variables("GOOGLE_HEALTH_URL", "GOOGLE_AUTHORIZE_URL", "GOOGLE_TOKEN_URL"),
    api_url="https://health.googleapis.com",
    authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - a place, no password
    quota=Quota(requests=150, seconds=60),
    dialect=OAuthDialect(
        client_id_variable="GOOGLE_CLIENT_ID",
        client_secret_variable="GOOGLE_CLIENT_SECRET",  # noqa: S106 - a name
        # Without these, Google gives no refresh token the second time.
        authorize_parameters=MappingProxyType({"access_type": "offline", "prompt": "consent"}),
    ),
)
PROVIDERS: dict[str, Provider] = {
    "google_health": _GOOGLE_HEALTH,
    # Its own documentation; the count starts anew at the top of each hour.
    "fitbit_web": Provider(
        variables=Variables("FITBIT_API_URL", "FITBIT_AUTHORIZE_URL", "FITBIT_TOKEN_URL"),
        api_url="https://api.fitbit.com",
        authorize_url="https://www.fitbit.com/oauth2/authorize",
        token_url="https://api.fitbit.com/oauth2/token",  # noqa: S106 - a place, no password
        quota=Quota(requests=150, seconds=3600, window="fixed"),
        dialect=OAuthDialect(
            client_id_variable="FITBIT_CLIENT_ID",
            client_secret_variable="FITBIT_CLIENT_SECRET",  # noqa: S106 - a name
            has_public_clients=True,
            sends_basic=True,
        ),
    ),
    "takeout": replace(
        _GOOGLE_HEALTH,
        api_url="",
        authorize_url="",
        token_url="",
        is_offline=True,
    ),
    "demo": replace(
        _GOOGLE_HEALTH,
        api_url=DEMO_URL,
        authorize_url=f"{DEMO_URL}/o/oauth2/v2/auth",
        token_url=f"{DEMO_URL}/token",
        client_id="demo-client",
        client_secret="demo-secret",  # noqa: S106 - the emulator's, known to everybody
    ),
}
