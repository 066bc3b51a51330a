"""What the history asks for, in requests: a year, intraday days, one provider after another."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.account.state import database
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import ASSETS, asset_named
from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import history_fits, history_limit, offered_assets, open_source
from syncbit_dagster.scheduling.backfill_plan import FIRST_DAYS
from syncbit_dagster_tests.defs.running import failure_of, materialize
from syncbit_dagster_tests.defs.unattended import Daemon, QuickDaemon, assets_of, range_of
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.sources.takeout.exports import day_rows, minutes, write_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.config import Settings

BERLIN = ZoneInfo("Europe/Berlin")
YESTERDAY = date(2025, 10, 29)
NOON = datetime(2025, 10, 30, 12, tzinfo=UTC)
YEAR = DayRange(YESTERDAY - timedelta(days=364), YESTERDAY)
PERSON = SyntheticPerson(BERLIN, YEAR.first, seed=3)
DAILY = {asset.name for asset in ASSETS if asset.group == "daily"}
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect}


@pytest.fixture
def clock() -> list[datetime]:
    return [NOON]


@pytest.fixture
def account(tmp_path: Path, clock: list[datetime]) -> Iterator[EmulatedAccount]:
    with emulated_account(PERSON, tmp_path, now=lambda: clock[0]) as account:
        yield account


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def quick(settings: Settings, instance: dg.DagsterInstance, clock: list[datetime]) -> QuickDaemon:
    return QuickDaemon("history", settings, instance, lambda: clock[0])


def ticked(daemon: QuickDaemon) -> list[dg.RunRequest]:
    """All that is asked for, tick by tick, until nothing is."""
    asked: list[dg.RunRequest] = []
    while not isinstance(found := daemon.tick(), str):
        for request in found:
            daemon.fetch(request)
        asked += found
    return asked


def test_a_year_takes_few_runs_and_hardly_more_requests_than_in_one(
    account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    daemon = quick(account.settings(), instance, clock)
    requests = ticked(daemon)
    assert daemon.tick() == f"Every day until {YESTERDAY} is there."
    assert 2 <= len(requests) <= 5
    assert all(assets_of(request) == DAILY for request in requests)
    assert range_of(requests[0]) == (str(YESTERDAY - timedelta(days=FIRST_DAYS - 1)), "2025-10-29")
    assert {name: len(days) for name, days in daemon.there.items()} == dict.fromkeys(DAILY, 365)
    with_data = [call for call in account.emulator.calls if call[2] == 200]
    source = open_source(account.settings())
    at_once = sum(source.plan(asset_named(name), YEAR).least for name in DAILY)
    source.close()
    # A run more costs each kind of data a request more; sleep has pages.
    assert at_once <= len(with_data) <= 1.35 * at_once


def test_what_was_learnt_after_the_start_is_asked_for(
    account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    """Dagster ran before anybody had authorized: it knows neither the zone nor the first day."""
    for name in ("SYNCBIT_TIMEZONE", "BACKFILL_START_DATE"):
        account.environment.pop(name)
    daemon = quick(account.settings(), instance, clock)
    begins = daemon.settings.account.first_day
    clock[0] = datetime.combine(begins + timedelta(days=40), time(12), UTC)
    ticked(daemon)
    all_there = f"Every day until {begins + timedelta(days=39)} is there."
    assert daemon.tick() == all_there
    daemon.settings.profile.save(Profile(zone=PERSON.zone, first_day=PERSON.first_day))
    assert daemon.tick() == (
        f"{all_there} These begin with {begins}, in the zone UTC; `syncbit authorize` has learnt "
        "better since. Reload the code location, or start again."
    )
    started_again = quick(account.settings(), instance, clock)
    assert not isinstance(started_again.tick(), str)


def test_a_run_is_as_long_as_its_lists_usually_are(
    account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    """A day of single readings is one request at least, and six pages as a rule."""
    settings = account.settings(
        ENABLE_INTRADAY_BACKFILL="true",
        INTRADAY_RESOURCES="heart_rate",
        INTRADAY_HEART_RATE_DETAIL="1sec",
        SYNCBIT_REQUESTS_PER_MINUTE="15",
    )
    daemon = quick(settings, instance, clock)
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
    instance: dg.DagsterInstance,
    clock: list[datetime],
    variables: dict[str, str],
    quota: dict[str, Any],
    too_dear: str,
) -> None:
    first = {"BACKFILL_START_DATE": str(YESTERDAY - timedelta(days=2))}
    settings = account.settings(**(first | variables))
    own = settings.account
    settings = replace(settings, account=replace(own, quota=replace(own.quota, **quota)))
    settings.account.tokens.save(
        Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
    )
    daemon = quick(settings, instance, clock)
    with closing(open_source(settings)) as source:
        while not isinstance(found := daemon.tick(), str):
            for request in found:
                days = DayRange(*map(date.fromisoformat, range_of(request)))
                assets = map(asset_named, assets_of(request))
                assert source.plan_together(assets, days).expected <= history_limit(settings)
                for name in assets_of(request):
                    daemon.there[name].update(map(str, days))
    if too_dear:
        assert found == history_fits(settings)
        assert too_dear in found
    else:
        assert found == f"Every day until {YESTERDAY} is there."
        assert history_fits(settings) is None
    complete = {name for name, days in daemon.there.items() if len(days) == 3}
    offered = {asset.name for asset in offered_assets(settings) if asset.group == "daily"}
    assert complete == {name for name in offered if name not in too_dear}


@pytest.mark.parametrize(
    ("variables", "intraday"),
    [
        ({}, {}),
        ({"ENABLE_INTRADAY_COLLECTION": "true"}, {}),
        (
            {"ENABLE_INTRADAY_BACKFILL": "true", "INTRADAY_RESOURCES": "steps,floors"},
            {"intraday_steps": 30, "intraday_floors": 30},
        ),
        (
            {
                "ENABLE_INTRADAY_BACKFILL": "true",
                "INTRADAY_RESOURCES": "steps",
                "INTRADAY_BACKFILL_DAYS": "3",
            },
            {"intraday_steps": 3},
        ),
        (
            {
                "ENABLE_INTRADAY_BACKFILL": "true",
                "INTRADAY_RESOURCES": "steps",
                "INTRADAY_BACKFILL_DAYS": "10000",
                "BACKFILL_START_DATE": "2025-10-01",
            },
            {"intraday_steps": 29},
        ),
    ],
)
def test_the_intraday_history_fills_only_if_it_shall(
    account: EmulatedAccount,
    instance: dg.DagsterInstance,
    clock: list[datetime],
    variables: dict[str, str],
    intraday: dict[str, int],
) -> None:
    forty_days = {"BACKFILL_START_DATE": "2025-09-20"}
    daemon = quick(account.settings(**(FEW | forty_days | variables)), instance, clock)
    ticked(daemon)
    counts = {name: len(days) for name, days in daemon.there.items() if name not in DAILY}
    assert {name: count for name, count in counts.items() if count} == intraday
    for name in intraday:
        assert max(daemon.there[name]) == str(YESTERDAY)


EXPORT = DayRange(date(2025, 10, 5), date(2025, 10, 20))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    first = datetime(EXPORT.first.year, EXPORT.first.month, EXPORT.first.day, 10, tzinfo=UTC)
    steps = [
        row for n in range(len(EXPORT)) for row in minutes(first + n * ONE_DAY, ["20", "0", "30"])
    ]
    inactive = day_rows(EXPORT.first, ["900"] * len(EXPORT))
    files = {"steps-2025-10-05.json": steps, "sedentary_minutes-2025-10-05.json": inactive}
    return write_folder(tmp_path / "export", files)


def test_after_an_export_the_api_goes_on_with_the_days_behind_it(
    account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime], export: Path
) -> None:
    variables = FEW | {"BACKFILL_START_DATE": "", "SYNCBIT_PROVIDER": "takeout"}
    offline = account.settings(**variables, TAKEOUT_PATH=str(export))
    daemon = quick(offline, instance, clock)
    ticked(daemon)
    assert daemon.tick() == f"Every day until {EXPORT.last} is there."
    own = {asset.name for asset in offered_assets(offline) if asset.group == "daily"}
    assert {name for name, days in daemon.there.items() if days} == own
    for name in own:
        assert daemon.there[name] == {str(day) for day in EXPORT}
    assert not account.emulator.calls

    online = account.settings(**FEW, BACKFILL_START_DATE=str(EXPORT.first))
    later = quick(online, instance, clock)
    later.there.update(daemon.there)
    asked = {range_of(request) for request in ticked(later) if own & assets_of(request)}
    assert asked == {("2025-10-21", "2025-10-29")}


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "does not exist; it is the folder or the zip of a Google Takeout export."),
        ({"steps-2025-10-05.json": []}, "the export holds no day of data."),
    ],
    ids=["moved", "empty"],
)
def test_an_export_that_cannot_be_read_fails_what_needs_it_and_the_rest_loads(
    account: EmulatedAccount,
    instance: dg.DagsterInstance,
    clock: list[datetime],
    tmp_path: Path,
    files: dict[str, Any],
    sentence: str,
) -> None:
    path = write_folder(tmp_path / "export", files)
    settings = account.settings(SYNCBIT_PROVIDER="takeout", TAKEOUT_PATH=str(path))
    daemon = Daemon("history", settings, instance, lambda: clock[0])
    assert daemon.definitions.get_repository_def().asset_graph.get_all_asset_keys()
    with pytest.raises(dg.Failure, match=sentence):
        daemon.tick()
    result = materialize(settings, ["sleep"], DayRange(YESTERDAY, YESTERDAY), instance)
    assert sentence in failure_of(result)
    assert not instance.get_materialized_partitions(dg.AssetKey("sleep"))


def test_the_web_api_s_hour_is_not_used_up(
    account: EmulatedAccount,
    instance: dg.DagsterInstance,
    clock: list[datetime],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "time", SimpleNamespace(time=lambda: clock[0].timestamp()))
    settings = account.settings(
        SYNCBIT_PROVIDER="fitbit_web",
        SYNCBIT_REQUESTS_PER_HOUR="50",
        ENABLE_INTRADAY_BACKFILL="true",
        INTRADAY_RESOURCES="steps",
        BACKFILL_START_DATE=str(YESTERDAY - timedelta(days=99)),
        INTRADAY_BACKFILL_DAYS="100",
        **FEW,
    )
    settings.account.tokens.save(
        Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
    )
    clock[0] = NOON + timedelta(minutes=20)
    daemon = quick(settings, instance, clock)
    hours = []
    while not str(reason := daemon.tick()).startswith("Every day"):
        if isinstance(reason, str):
            assert reason == "What is missing waits for the request budget."
            hours.append(sum(call[2] == 200 for call in account.emulator.fitbit_web.calls))
            account.emulator.fitbit_web.calls.clear()
            clock[0] += timedelta(hours=1)
            continue
        for request in reason:
            daemon.fetch(request)
    assert set(hours) == {40}  # the rest of 50 is kept for fresh data
    assert len(hours) == 3  # 100 days of steps, and the daily series in several pieces
