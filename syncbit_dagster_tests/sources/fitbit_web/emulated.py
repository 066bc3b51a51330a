"""Both providers of one emulated person, each with a source of its own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.config import Settings, load_settings
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_CLIENT_ID, DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.google_health.oauth import (
    DEMO_REFRESH_TOKEN as GOOGLE_REFRESH_TOKEN,
)
from syncbit_dagster.emulator.server import RunningEmulator, running_emulator
from syncbit_dagster.sources.fitbit_web import FitbitWebSource
from syncbit_dagster.sources.google_health import GoogleHealthSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from syncbit_dagster.emulator.person import Person


@dataclass(frozen=True)
class EmulatedPerson:
    """A running emulator, and accounts at both of its providers."""

    emulator: RunningEmulator
    person: Person
    directory: Path
    now: Callable[[], datetime]

    def settings(self, provider: str, **variables: str) -> Settings:
        """The settings for a provider, with a token that has to be refreshed first."""
        directory = self.directory / provider
        settings = load_settings(
            {
                "SYNCBIT_PROVIDER": provider,
                "SYNCBIT_REQUESTS_PER_MINUTE": "100000",
                "SYNCBIT_REQUESTS_PER_HOUR": "100000",
                "DATA_DIR": str(directory),
                "SYNCBIT_TIMEZONE": self.person.zone.key,
                "BACKFILL_START_DATE": self.person.first_day.isoformat(),
                "FITBIT_CLIENT_ID": DEMO_CLIENT_ID,
                "FITBIT_API_URL": self.emulator.url,
                "FITBIT_TOKEN_URL": f"{self.emulator.url}/oauth2/token",
                "GOOGLE_HEALTH_URL": self.emulator.url,
                "GOOGLE_TOKEN_URL": f"{self.emulator.url}/token",
                **variables,
            },
            secrets_directory=self.directory / "no-secrets",
        )
        if settings.account.tokens.load() is None:
            fresh = {"fitbit_web": DEMO_REFRESH_TOKEN, "demo": GOOGLE_REFRESH_TOKEN}[provider]
            settings.account.tokens.save(Token(access_token="", refresh_token=fresh, expires_at=0))
        return settings

    @contextmanager
    def fitbit_web(self, **variables: str) -> Iterator[FitbitWebSource]:
        """The person's Fitbit Web API, at the emulator's moment."""
        settings = self.settings("fitbit_web", **variables)
        source = FitbitWebSource.connect(
            settings.account,
            interval_of=settings.interval_of,
        )
        yield replace(source, now=self.now)
        source.close()

    @contextmanager
    def google_health(self, **variables: str) -> Iterator[GoogleHealthSource]:
        """The person's Google Health API."""
        settings = self.settings("demo", **variables)
        source = GoogleHealthSource.connect(
            settings.account,
            interval_of=settings.interval_of,
        )
        yield source
        source.close()


@contextmanager
def emulated_person(
    person: Person, directory: Path, *, now: Callable[[], datetime]
) -> Iterator[EmulatedPerson]:
    """Serve a person at both providers; everything is kept in ``directory``."""
    with running_emulator(
        person, now=now, quota_per_minute=10**6, quota_per_hour=10**6
    ) as emulator:
        yield EmulatedPerson(emulator, person, directory, now)
