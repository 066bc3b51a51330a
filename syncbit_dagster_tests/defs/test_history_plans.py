"""What the history asks for, in requests: a year, intraday days, one budget after another."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.account.state import database
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import ASSETS, asset_named
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import history_fits, history_limit, offered_assets, open_source
from syncbit_dagster.scheduling.backfill_plan import FIRST_DAYS
from syncbit_dagster_tests.defs.unattended import QuickDaemon, assets_of, range_of
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import dagster as dg

    from syncbit_dagster.config import Settings

    Quick = Callable[[Settings], QuickDaemon]

YESTERDAY = date(2025, 10, 29)
NOON = datetime(2025, 10, 30, 12, tzinfo=UTC)
YEAR = DayRange(YESTERDAY - timedelta(days=364), YESTERDAY)
PERSON = SyntheticPerson(ZoneInfo("Europe/Berlin"), YEAR.first, seed=3)
DAILY = {asset.name for asset in ASSETS if asset.group == "daily"}
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect}
ALL_THERE = f"All days until {YESTERDAY} are stored."
HISTORY_OF = {"ENABLE_INTRADAY_BACKFILL": "true", "INTRADAY_RESOURCES": "steps"}


@pytest.fixture
def clock() -> list[datetime]:
    return [NOON]


@pytest.fixture
def account(tmp_path: Path, clock: list[datetime]) -> Iterator[EmulatedAccount]:
    with emulated_account(PERSON, tmp_path, now=lambda: clock[0]) as account:
        yield account


@pytest.fixture
def quick(instance: dg.DagsterInstance, clock: list[datetime]) -> Quick:
    return lambda settings: QuickDaemon("history", settings, instance, lambda: clock[0])


def authorize_at_fitbit(settings: Settings) -> None:
    token = Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
    settings.account.tokens.save(token)


def test_a_year_takes_few_runs_and_hardly_more_requests_than_in_one(
    account: EmulatedAccount, quick: Quick
) -> None:
    daemon = quick(account.settings())
    requests = daemon.fetch_all()
    assert daemon.rests == ALL_THERE
    assert 2 <= len(requests) <= 5
    assert all(assets_of(request) == DAILY for request in requests)
    assert range_of(requests[0]) == (str(YESTERDAY - timedelta(days=FIRST_DAYS - 1)), "2025-10-29")
    assert {name: len(days) for name, days in daemon.there.items()} == dict.fromkeys(DAILY, 365)
    with_data = [call for call in account.emulator.calls if call[2] == 200]
    with closing(open_source(account.settings())) as source:
        at_once = sum(source.plan(asset_named(name), YEAR).least for name in DAILY)
    # A run more costs each kind of data a request more; sleep has pages.
    assert at_once <= len(with_data) <= 1.35 * at_once


def test_what_was_learnt_after_the_start_is_asked_for(
    account: EmulatedAccount, quick: Quick, clock: list[datetime]
) -> None:
    """Dagster ran before anybody had authorized: it knows neither the zone nor the first day."""
    for name in ("SYNCBIT_TIMEZONE", "BACKFILL_START_DATE"):
        account.environment.pop(name)
    daemon = quick(account.settings())
    begins = daemon.settings.account.first_day
    clock[0] = datetime.combine(begins + timedelta(days=40), time(12), UTC)
    daemon.fetch_all()
    all_there = f"All days until {begins + timedelta(days=39)} are stored."
    assert daemon.rests == all_there
    daemon.settings.profile.save(Profile(zone=PERSON.zone, first_day=PERSON.first_day))
    assert daemon.tick() == (
        f"{all_there} They begin with {begins}, in the zone UTC; `syncbit authorize` has stored "
        "others since. Reload the code location, or restart."
    )
    assert not isinstance(quick(account.settings()).tick(), str)


def test_a_run_is_as_long_as_its_lists_usually_are(account: EmulatedAccount, quick: Quick) -> None:
    """A day of single readings is one request at least, and six pages as a rule."""
    settings = account.settings(
        ENABLE_INTRADAY_BACKFILL="true",
        INTRADAY_RESOURCES="heart_rate",
        INTRADAY_HEART_RATE_DETAIL="1sec",
        SYNCBIT_REQUESTS_PER_MINUTE="15",
    )
    daemon = quick(settings)
    for name in DAILY:
        daemon.there[name] = set(map(str, YEAR))
    (request,) = daemon.asks()
    # 150 requests: six a day, and seven for the one of 25 hours.
    assert range_of(request) == (str(YESTERDAY - timedelta(days=23)), str(YESTERDAY))


@pytest.mark.parametrize(
    ("variables", "quota", "too_dear"),
    [
        ({"SYNCBIT_REQUESTS_PER_MINUTE": "1"}, {}, ""),
        ({"SYNCBIT_PROVIDER": "fitbit_web", "SYNCBIT_REQUESTS_PER_HOUR": "2"}, {}, ""),
        # No variable says so little; a provider's own limit may.
        ({}, {"requests": 40, "seconds": 3600}, "gets 6 requests, and one day of activity_summary"),
    ],
)
def test_the_smallest_budget_fills_the_history_asset_by_asset_or_says_that_it_cannot(
    account: EmulatedAccount,
    quick: Quick,
    variables: dict[str, str],
    quota: dict[str, Any],
    too_dear: str,
) -> None:
    first = {"BACKFILL_START_DATE": str(YESTERDAY - timedelta(days=2))}
    settings = account.settings(**(first | variables))
    own = settings.account
    settings = replace(settings, account=replace(own, quota=replace(own.quota, **quota)))
    authorize_at_fitbit(settings)
    daemon = quick(settings)
    with closing(open_source(settings)) as source:
        while not isinstance(found := daemon.tick(), str):
            for request in found:
                days = DayRange(*map(date.fromisoformat, range_of(request)))
                assets = map(asset_named, assets_of(request))
                assert source.plan_together(assets, days).expected <= history_limit(settings)
                for name in assets_of(request):
                    daemon.there[name].update(map(str, days))
    assert found == (history_fits(settings) or ALL_THERE)
    assert too_dear in found
    complete = {name for name, days in daemon.there.items() if len(days) == 3}
    offered = {asset.name for asset in offered_assets(settings) if asset.group == "daily"}
    assert complete == {name for name in offered if name not in too_dear}


@pytest.mark.parametrize(
    ("variables", "days"),
    [
        ({"ENABLE_INTRADAY_COLLECTION": "true"}, 0),
        (HISTORY_OF, 30),
        (HISTORY_OF | {"INTRADAY_BACKFILL_DAYS": "3"}, 3),
        (HISTORY_OF | {"INTRADAY_BACKFILL_DAYS": "999"}, 40),
    ],
)
def test_the_intraday_history_fills_only_if_it_shall(
    account: EmulatedAccount, quick: Quick, variables: dict[str, str], days: int
) -> None:
    forty_days = {"BACKFILL_START_DATE": str(YESTERDAY - timedelta(days=39))}
    daemon = quick(account.settings(**(FEW | forty_days | variables)))
    daemon.fetch_all()
    last = {str(YESTERDAY - timedelta(days=n)) for n in range(days)}
    found = {name: there for name, there in daemon.there.items() if name not in DAILY and there}
    assert found == ({"intraday_steps": last} if days else {})


def test_the_web_api_s_hour_is_not_used_up(
    account: EmulatedAccount, quick: Quick, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "time", SimpleNamespace(time=lambda: clock[0].timestamp()))
    settings = account.settings(
        SYNCBIT_PROVIDER="fitbit_web",
        SYNCBIT_REQUESTS_PER_HOUR="50",
        BACKFILL_START_DATE=str(YESTERDAY - timedelta(days=99)),
        INTRADAY_BACKFILL_DAYS="100",
        **FEW,
        **HISTORY_OF,
    )
    authorize_at_fitbit(settings)
    clock[0] = NOON + timedelta(minutes=20)
    daemon, hours = quick(settings), []
    daemon.fetch_all()
    while daemon.rests != ALL_THERE:
        assert daemon.rests == "The missing days wait for the request budget."
        hours.append(sum(call[2] == 200 for call in account.emulator.fitbit_web.calls))
        account.emulator.fitbit_web.calls.clear()
        clock[0] += timedelta(hours=1)
        daemon.fetch_all()
    assert hours == [40] * 3  # the rest of 50 is kept for fresh data
