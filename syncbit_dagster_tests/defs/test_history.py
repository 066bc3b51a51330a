"""The history by itself: its runs on real records, from the first tick to the last."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.defs.sensors import history
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.scheduling import backfill_plan as gaps
from syncbit_dagster.sources import http
from syncbit_dagster_tests.defs.unattended import (
    Daemon,
    assets_of,
    range_of,
    records_of,
    sqlite_instance,
)
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
PERSON = SyntheticPerson(BERLIN, date(2025, 10, 20), seed=3)
NIGHT = datetime(2025, 10, 30, 1, tzinfo=UTC)
DAYS = DayRange(date(2025, 10, 20), date(2025, 10, 29))  # with the one of 25 hours
# Three assets are left: Dagster takes 50 ms to record a day of one.
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect}
THREE = {"activity_summary", "heart_rate", "active_zone_minutes"}


@pytest.fixture
def clock() -> list[datetime]:
    return [NIGHT]


@pytest.fixture
def account(tmp_path: Path, clock: list[datetime]) -> Iterator[EmulatedAccount]:
    with emulated_account(PERSON, tmp_path, now=lambda: clock[0]) as account:
        yield account


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with sqlite_instance(tmp_path / "dagster") as instance:
        yield instance


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten days are a history, and a provider that fails is not waited for."""
    monkeypatch.setattr(gaps, "FIRST_DAYS", 3)
    monkeypatch.setattr(gaps, "MOST_DAYS", 5)
    monkeypatch.setattr(http, "FIRST_WAIT_SECONDS", 0.0)


def daemon(
    account: EmulatedAccount,
    instance: dg.DagsterInstance,
    clock: list[datetime],
    **variables: str,
) -> Daemon:
    settings = account.settings(**(FEW | variables))
    return Daemon("history", settings, instance, lambda: clock[0])


def test_every_day_is_there_in_the_end_the_newest_first(
    account: EmulatedAccount, on_disk: dg.DagsterInstance, clock: list[datetime]
) -> None:
    runs = daemon(account, on_disk, clock)
    asked = []
    for request, result in runs.until_it_rests():
        assert result.success
        assert assets_of(request) == THREE
        asked.append(range_of(request))
    assert asked == [
        ("2025-10-27", "2025-10-29"),
        ("2025-10-22", "2025-10-26"),
        ("2025-10-20", "2025-10-21"),
    ]
    assert runs.rests == "Every day until 2025-10-29 is there."
    for asset in THREE:
        records = records_of(on_disk, asset)
        assert Counter(records) == Counter(str(day) for day in DAYS)  # each of them once
    assert runs.tick() == runs.rests

    clock[0] += ONE_DAY
    (request,) = runs.asks()
    assert range_of(request) == ("2025-10-30", "2025-10-30")


def test_a_run_that_died_gives_its_place_back_and_is_not_repeated_as_a_whole(
    account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    for request in daemon(account, instance, clock).asks():
        assert request.tags[dg.MAX_RUNTIME_SECONDS_TAG] == "3600"
        assert request.tags["dagster/max_retries"] == "0"
        assert request.tags["syncbit/priority"] == "history"
        assert int(request.tags["dagster/priority"]) < 0


def test_what_is_under_way_is_not_asked_for_again(
    account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    runs = daemon(account, instance, clock)
    newest, *others = runs.asks()
    runs.begin(newest)
    assert runs.tick() == others
    for request in others:
        runs.begin(request)
    assert str(runs.tick()).startswith("What is missing is under way")


def test_other_runs_at_work_on_the_same_days_count(
    account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    runs = daemon(account, instance, clock)
    by_hand = dg.RunRequest(
        run_key="by hand",
        asset_selection=[dg.AssetKey("heart_rate")],
        tags={"dagster/partition": "2025-10-29"},
    )
    everything = dg.RunRequest(
        run_key="the schedule",
        tags={
            "dagster/asset_partition_range_start": "2025-10-20",
            "dagster/asset_partition_range_end": "2025-10-28",
        },
    )
    runs.begin(by_hand, "__ASSET_JOB")
    runs.begin(everything, "daily_sync")
    (request,) = runs.asks()
    assert range_of(request) == ("2025-10-29", "2025-10-29")
    assert assets_of(request) == THREE - {"heart_rate"}


def test_no_more_runs_are_queued_than_start_soon(
    account: EmulatedAccount,
    instance: dg.DagsterInstance,
    clock: list[datetime],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "RUNS_AHEAD", 2)
    runs = daemon(account, instance, clock)
    requests = runs.asks()
    assert len(requests) == 2
    for request in requests:
        runs.begin(request)
    assert runs.tick() == "2 runs are under way."


def test_a_range_that_fails_is_asked_for_again_some_hours_later(
    account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    runs = daemon(account, instance, clock)
    account.emulator.fail_next(500, http.TRIES)
    successes = [result.success for _, result in runs.until_it_rests()]
    assert successes == [False, True, True]
    assert "tried again at 2025-10-30 06:00 UTC" in runs.rests
    missing = {
        asset: {str(day) for day in DAYS} - instance.get_materialized_partitions(dg.AssetKey(asset))
        for asset in THREE
    }
    (failed,) = (asset for asset, days in missing.items() if days)
    assert missing[failed] == {"2025-10-27", "2025-10-28", "2025-10-29"}

    for _ in range(2):  # it fails again, and is not hammered
        clock[0] += timedelta(hours=history.RETRY_HOURS)
        account.emulator.expire_access_tokens()
        account.emulator.fail_next(500, http.TRIES)
        ((request, result),) = runs.until_it_rests()
        assert not result.success
        assert assets_of(request) == {failed}
        assert range_of(request) == ("2025-10-27", "2025-10-29")
    clock[0] += timedelta(hours=history.RETRY_HOURS)
    account.emulator.expire_access_tokens()
    ((_, result),) = runs.until_it_rests()
    assert result.success
    assert runs.rests == "Every day until 2025-10-29 is there."
    for asset in THREE:
        assert max(Counter(records_of(instance, asset)).values()) == 1


def test_data_that_may_not_be_read_stops_nothing_and_is_not_hammered(
    account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    account.emulator.untick("https://www.googleapis.com/auth/googlehealth.sleep.readonly")
    runs = daemon(account, instance, clock, COLLECT_SLEEP="true")
    results = list(runs.until_it_rests())
    assert all(result.success for _, result in results)
    for asset in THREE:
        there = instance.get_materialized_partitions(dg.AssetKey(asset))
        assert there == {str(day) for day in DAYS}
    assert not instance.get_materialized_partitions(dg.AssetKey("sleep"))
    refused = [path for _, path, status in account.emulator.calls if status == 403]
    # The first tick asked for three ranges at once; from then on the refusal is known.
    assert len(refused) == 3
    assert "tried again at 2025-10-30 06:00 UTC" in runs.rests

    clock[0] += timedelta(hours=history.RETRY_HOURS)
    asked = [assets_of(request) for request, _ in runs.until_it_rests()]
    assert asked == [{"sleep"}] * 3


def test_without_an_account_it_says_what_to_do(
    account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    runs = daemon(account, instance, clock)
    runs.settings.account.tokens.path.unlink()  # type: ignore[attr-defined] # it is a file here
    assert "syncbit authorize" in str(runs.tick())
    assert not account.emulator.calls


def test_on_the_first_day_there_is_no_history_yet(
    account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    clock[0] = datetime(2025, 10, 20, 12, tzinfo=UTC)
    runs = daemon(account, instance, clock)
    assert runs.tick() == "The first day, 2025-10-20, has not ended yet."
