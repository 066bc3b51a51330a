"""A person, a provider over HTTP, a real VictoriaMetrics and Dagster's records, at any time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import orjson

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.person import DailyValues, PersonDay, empty_day
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.daemon_bugs.proofs import STEPS, days_of
from syncbit_dagster_tests.defs.running import materialize
from syncbit_dagster_tests.defs.unattended import Daemon
from syncbit_dagster_tests.stores.builders import contents

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dagster as dg

    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster_tests.daemon_bugs.proofs import Contents
    from syncbit_dagster_tests.emulated import EmulatedAccount
    from syncbit_dagster_tests.victoriametrics import Server

BERLIN = ZoneInfo("Europe/Berlin")
# In the middle of an hour of the Web API's limit: about its ends, requests wait by the real clock.
NOON = datetime(2025, 10, 30, 12, 20, tzinfo=UTC)
# Three assets are left: Dagster takes 50 ms to record a day of one.
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect}


class Person(SyntheticPerson):
    """A ``Person`` whose watch may be off, and whose resting heart rate may be corrected.

    The watch syncs all the time.
    """

    def __init__(self) -> None:
        super().__init__(BERLIN, date(2025, 1, 1), seed=3)
        self.off: set[date] = set()
        self.resting_heart_rate: dict[date, int] = {}

    def last_sync(self, now: datetime) -> datetime:
        return now

    def daily(self, civil_day: date) -> DailyValues:
        if civil_day in self.off:
            return DailyValues()
        values = super().daily(civil_day)
        if civil_day in self.resting_heart_rate:
            return replace(values, resting_heart_rate=self.resting_heart_rate[civil_day])
        return values

    def _day(self, civil_day: date) -> PersonDay:
        return empty_day(civil_day, BERLIN) if civil_day in self.off else super()._day(civil_day)


@dataclass
class Stage:
    """All of it, and the account's labels."""

    account: EmulatedAccount
    person: Person
    clock: list[datetime]
    instance: dg.DagsterInstance
    victoria: Server
    user: str

    def settings(self, **variables: str) -> Settings:
        """The settings of this account; for ``fitbit_web`` it is authorized, too."""
        where = {"VICTORIA_ENDPOINT": self.victoria.url, "FITBIT_USER_ID": self.user}
        settings = self.account.settings(**(where | variables))
        tokens = settings.account.tokens
        if settings.account.provider == "fitbit_web" and tokens.load() is None:
            tokens.save(Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0))
        return settings

    def history(self, first: date, **variables: str) -> Daemon:
        """The sensor that fills the history, with the runs it asks for."""
        settings = self.settings(BACKFILL_START_DATE=first.isoformat(), **(FEW | variables))
        return Daemon("history", settings, self.instance, lambda: self.clock[0])

    def materialize(
        self, asset: str, days: DayRange | None, **variables: str
    ) -> dg.ExecuteInProcessResult:
        """One run over some days of an asset, or of one that has none."""
        return materialize(self.settings(**variables), [asset], days, self.instance)

    def go_to(self, now: datetime) -> None:
        """Another time, at which the provider's tokens have expired."""
        self.clock[0] = now
        self.account.emulator.expire_access_tokens()
        self.account.emulator.fitbit_web.expire_access_tokens()

    def contents(self, metrics: str = "fitbit_.+") -> Contents:
        """What the server holds of this account, read past the store."""
        user = orjson.dumps(self.user).decode()
        return contents(self.victoria.url, f'{{__name__=~"{metrics}",user={user}}}')

    def stored(self) -> set[date]:
        """The days that have steps."""
        return days_of(self.contents(STEPS), STEPS, BERLIN)

    def measured(self, days: DayRange) -> set[date]:
        """Those of the days on which the watch was worn."""
        return {day for day in days if self.person.day(day).worn.any()}

    def requests(self) -> Sequence[tuple[str, str, int]]:
        """What the provider was asked for since somebody looked, and forget it."""
        calls = [*self.account.emulator.calls, *self.account.emulator.fitbit_web.calls]
        self.account.emulator.calls.clear()
        self.account.emulator.fitbit_web.calls.clear()
        return calls
