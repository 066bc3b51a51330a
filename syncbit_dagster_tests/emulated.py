"""An account at a running emulator: what the tests of the whole way share."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.config import Settings, load_settings
from syncbit_dagster.emulator.google_health.oauth import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_REFRESH_TOKEN,
)
from syncbit_dagster.emulator.server import RunningEmulator, running_emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from syncbit_dagster.emulator.person import Person


@dataclass(frozen=True)
class EmulatedAccount:
    """A running emulator and the environment that points the project to it."""

    emulator: RunningEmulator
    environment: dict[str, str]
    no_secrets: Path

    def settings(self, **variables: str) -> Settings:
        """The settings under this environment, with some variables changed."""
        return load_settings(self.environment | variables, secrets_directory=self.no_secrets)


@contextmanager
def emulated_account(
    person: Person, directory: Path, *, now: Callable[[], datetime]
) -> Iterator[EmulatedAccount]:
    """Serve a person and authorize an account for it; everything is kept in ``directory``.

    With ``SYNCBIT_PROVIDER=fitbit_web`` the same person can be authorized there too.
    """
    # Tests send more in a minute than a person; what the budget does has tests of its own.
    with running_emulator(
        person, now=now, quota_per_minute=100_000, quota_per_hour=100_000
    ) as emulator:
        environment = {
            "SYNCBIT_PROVIDER": "demo",
            "SYNCBIT_REQUESTS_PER_MINUTE": "100000",
            "SYNCBIT_REQUESTS_PER_HOUR": "100000",
            "DATA_DIR": str(directory / "data"),
            "SYNCBIT_TIMEZONE": person.zone.key,
            "BACKFILL_START_DATE": person.first_day.isoformat(),
            "GOOGLE_HEALTH_URL": emulator.url,
            "GOOGLE_AUTHORIZE_URL": f"{emulator.url}/o/oauth2/v2/auth",
            "GOOGLE_TOKEN_URL": f"{emulator.url}/token",
            "FITBIT_API_URL": emulator.url,
            "FITBIT_AUTHORIZE_URL": f"{emulator.url}/oauth2/authorize",
            "FITBIT_TOKEN_URL": f"{emulator.url}/oauth2/token",
            "FITBIT_CLIENT_ID": DEMO_CLIENT_ID,
            "FITBIT_CLIENT_SECRET": DEMO_CLIENT_SECRET,
        }
        account = EmulatedAccount(emulator, environment, directory / "no-secrets")
        account.settings().account.tokens.save(
            Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
        )
        yield account
