"""The providers: what a value of ``SYNCBIT_PROVIDER`` stands for."""

from __future__ import annotations

from dataclasses import dataclass, field

from syncbit_dagster.account import Quota

DEMO_URL = "http://127.0.0.1:8190"


@dataclass(frozen=True)
class Provider:
    """What a value of ``SYNCBIT_PROVIDER`` stands for: its default places and its limit."""

    api_url: str
    authorize_url: str
    token_url: str
    quota: Quota
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)


# Google's documented limit for an app that Google has not verified, which is every private one:
# 2.5 requests a second and user.
GOOGLE_QUOTA = Quota(requests=150, seconds=60)
PROVIDERS: dict[str, Provider] = {
    "google_health": Provider(
        api_url="https://health.googleapis.com",
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - a place, no password
        quota=GOOGLE_QUOTA,
    ),
    "demo": Provider(
        api_url=DEMO_URL,
        authorize_url=f"{DEMO_URL}/o/oauth2/v2/auth",
        token_url=f"{DEMO_URL}/token",
        quota=GOOGLE_QUOTA,
        client_id="demo-client",
        client_secret="demo-secret",  # noqa: S106 - the emulator's, known to everybody
    ),
}
