"""Two people in one deployment, at the two ends of the world and at different providers."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import ASSETS, METRICS
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.names import key_of, named
from syncbit_dagster.defs.run_requests import range_run
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_REFRESH_TOKEN as FITBIT_TOKEN
from syncbit_dagster.emulator.google_health.oauth import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_REFRESH_TOKEN,
)
from syncbit_dagster.emulator.server import RunningEmulator, running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.accounts.files import Declared

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import dagster as dg

    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.samples import Series

AUCKLAND, NEW_YORK = ZoneInfo("Pacific/Auckland"), ZoneInfo("America/New_York")
FIRST = {"anna": date(2025, 10, 20), "ben": date(2025, 10, 22)}
PEOPLE = {
    "anna": SyntheticPerson(AUCKLAND, FIRST["anna"], seed=5),
    "ben": SyntheticPerson(NEW_YORK, FIRST["ben"], seed=6),
}
# It is the 30th in Auckland already, and still the 29th in New York.
NOW = datetime(2025, 10, 29, 20, 20, tzinfo=UTC)
DAYS = {
    "anna": DayRange(date(2025, 10, 20), date(2025, 10, 29)),
    "ben": DayRange(date(2025, 10, 22), date(2025, 10, 28)),
}
# Few are left: Dagster takes 50 ms to record a day of one.
FEW = {one.collect: "false" for one in ASSETS if one.collect and one.name != "devices"}
# Tests send more in a minute than a person.
MANY = {"SYNCBIT_REQUESTS_PER_MINUTE": "100000", "SYNCBIT_REQUESTS_PER_HOUR": "100000"}
THREE = ("activity_summary", "heart_rate", "active_zone_minutes")
ENTRIES = """\
anna:
  SYNCBIT_PROVIDER: google_health
  SYNCBIT_TIMEZONE: Pacific/Auckland
  BACKFILL_START_DATE: 2025-10-20
  GOOGLE_HEALTH_URL: {anna}
  GOOGLE_TOKEN_URL: {anna}/token
ben:
  SYNCBIT_PROVIDER: fitbit_web
  SYNCBIT_TIMEZONE: America/New_York
  BACKFILL_START_DATE: 2025-10-22
  FITBIT_API_URL: {ben}
  FITBIT_TOKEN_URL: {ben}/oauth2/token
"""


@dataclass
class Household:
    """Both accounts, their emulators and the definitions of the one deployment.

    Attributes:
        emulators: by the account's name.
        declared: the file of accounts and its directory.
        clock: of everything.
        accounts: their settings, by name.
    """

    emulators: Mapping[str, RunningEmulator]
    declared: Declared
    clock: list[datetime] = field(default_factory=lambda: [NOW])

    def __post_init__(self) -> None:
        self.accounts: dict[str, Settings] = {
            str(one.name): one for one in self.declared.load(**FEW, **MANY)
        }
        self.definitions = build_definitions(
            *self.accounts.values(), now=lambda: self.clock[0], sleep=lambda _: None
        )

    def run(
        self, name: str, instance: dg.DagsterInstance, *assets: str, days: DayRange | None = None
    ) -> dg.ExecuteInProcessResult:
        """A run of an account's history over its days; a failed one is returned."""
        settings = self.accounts[name]
        return self.definitions.resolve_job_def(named(settings, "history")).execute_in_process(
            instance=instance,
            tags=range_run(days or DAYS[name], "history", run_key="").tags,
            asset_selection=[key_of(settings, asset) for asset in assets or THREE],
            raise_on_error=False,
        )

    def series(self, name: str) -> list[Series]:
        """All that the store holds of an account, own metrics included."""
        settings = self.accounts[name]
        metrics = {row.name for row in METRICS} | {row.name for row in OWN_METRICS}
        start, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
        target = Slice(tuple(sorted(metrics)), settings.account.labels, start, end)
        with closing(open_store(settings)) as store:
            found = store.read(target)
        assert all(
            settings.account.labels.items() <= decode_labels(one.labels).items() for one in found
        )
        return found


@contextmanager
def household(directory: Path) -> Iterator[Household]:
    """Both people are served, and both accounts authorized; everything is kept in a directory."""
    declared = Declared(directory, {"GOOGLE_CLIENT_ID": DEMO_CLIENT_ID})
    declared.environment["FITBIT_CLIENT_ID"] = DEMO_CLIENT_ID
    declared.secret("anna/google_client_secret", DEMO_CLIENT_SECRET)
    declared.secret("ben/fitbit_client_secret", DEMO_CLIENT_SECRET)
    clock = [NOW]
    with (
        running_emulator(PEOPLE["anna"], now=lambda: clock[0], quota_per_minute=100_000) as anna,
        running_emulator(PEOPLE["ben"], now=lambda: clock[0], quota_per_hour=100_000) as ben,
    ):
        declared.write(ENTRIES.format(anna=anna.url, ben=ben.url))
        house = Household({"anna": anna, "ben": ben}, declared, clock)
        for name, token in (("anna", DEMO_REFRESH_TOKEN), ("ben", FITBIT_TOKEN)):
            house.accounts[name].account.tokens.save(
                Token(access_token="", refresh_token=token, expires_at=0)
            )
        yield house
