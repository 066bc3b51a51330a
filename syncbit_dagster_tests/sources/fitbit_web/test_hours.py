"""How many hours of the API's limit long ranges take, by a clock that only waiting moves."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.catalog import ASSETS, asset_named
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.quota import Budget
from syncbit_dagster.sources.fitbit_web import FitbitWebSource
from syncbit_dagster.sources.fitbit_web.client import FitbitWebClient
from syncbit_dagster.sources.fitbit_web.refusals import refusal
from syncbit_dagster.sources.http import ApiClient
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster_tests.sources.fitbit_web.emulated import EmulatedPerson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from syncbit_dagster.quota.quota import Priority

BERLIN = ZoneInfo("Europe/Berlin")
YEAR = DayRange(date(2025, 1, 1), date(2025, 12, 31))
PERSON = SyntheticPerson(BERLIN, date(2024, 12, 1), seed=4)
START = datetime(2026, 6, 1, 10, 20, tzinfo=UTC)
DAILY = tuple(asset.name for asset in ASSETS if asset.group == "daily")
INTRADAY = tuple(
    f"intraday_{name}" for name in ("steps", "calories", "distance", "floors", "heart_rate")
)
LIMIT = 150
IS_SOAK = os.environ.get("SYNCBIT_SOAK") == "1"


class Clock:
    """A clock that stands still unless somebody waits."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def serving(person: SyntheticPerson, clock: Clock, directory: Path) -> Iterator[EmulatedPerson]:
    with running_emulator(person, now=clock, quota_per_hour=LIMIT) as emulator:
        yield EmulatedPerson(emulator, person, directory, clock)


@pytest.fixture
def emulated(clock: Clock, tmp_path: Path) -> Iterator[EmulatedPerson]:
    with serving(PERSON, clock, tmp_path) as person:
        yield person


def fetch_all(
    emulated: EmulatedPerson,
    clock: Clock,
    priority: Priority,
    assets: Sequence[str],
    days: DayRange = YEAR,
) -> int:
    """Fetch the days with the documented limit; the number of requests."""
    account = emulated.settings("fitbit_web").account
    quota = replace(account.quota, requests=LIMIT, priority=priority, longest_wait_seconds=2 * 3600)
    budget = Budget(quota, clock=clock.seconds, sleep=clock.sleep)
    api = ApiClient(
        account.api_url, AccessTokens(account, now=clock), budget, refusal, sleep=clock.sleep
    )
    source = FitbitWebSource(account, FitbitWebClient(api), lambda _: 900, now=clock)
    for name in assets:
        for batch in source.fetch(asset_named(name), days):
            assert batch.samples["value"].notna().all()
    source.close()
    statuses = [status for _, _, status in emulated.emulator.fitbit_web.calls]
    assert set(statuses) <= {200, 401, 404}  # not one 429
    # A token lives for eight hours of the emulator's clock, and oauthlib looks at the real one.
    assert statuses.count(401) <= 1 + (clock.now - START) // timedelta(hours=8)
    return len(statuses) - statuses.count(401)


@pytest.mark.parametrize("priority", ["fresh", "history"])
def test_a_year_of_all_daily_assets_ends_within_an_hour(
    emulated: EmulatedPerson, clock: Clock, priority: Priority
) -> None:
    assert fetch_all(emulated, clock, priority, DAILY) == 93
    assert clock.now - START < timedelta(hours=1)


@pytest.mark.skipif(not IS_SOAK, reason="takes minutes; `make soak` runs it")
def test_ten_years_of_all_daily_assets_end_within_six_hours(clock: Clock, tmp_path: Path) -> None:
    days = DayRange(date(2016, 1, 1), YEAR.last)
    with serving(SyntheticPerson(BERLIN, days.first, seed=4), clock, tmp_path) as person:
        requests = fetch_all(person, clock, "history", DAILY, days)
    assert requests <= 6 * LIMIT
    assert clock.now - START < timedelta(hours=6)


def test_intraday_data_takes_as_few_windows_as_its_requests_need(
    emulated: EmulatedPerson, clock: Clock
) -> None:
    days = YEAR if IS_SOAK else YEAR.chunks(91)[0]
    requests = fetch_all(emulated, clock, "history", INTRADAY, days)
    assert requests == len(days) * len(INTRADAY)
    first = START.replace(minute=0)
    windows = (clock.now - first) // timedelta(hours=1) + 1
    assert windows == -(-requests // LIMIT)  # 13 for a year
