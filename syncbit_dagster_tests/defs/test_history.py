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
from syncbit_dagster.scheduling import backfill_plan
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
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Deploy = Callable[..., Daemon]

PERSON = SyntheticPerson(ZoneInfo("Europe/Berlin"), date(2025, 10, 20), seed=3)
NIGHT = datetime(2025, 10, 30, 1, tzinfo=UTC)
DAYS = DayRange(date(2025, 10, 20), date(2025, 10, 29))  # with the one of 25 hours
# Three assets are left: Dagster takes a moment to record a day of one.
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect}
THREE = {"activity_summary", "heart_rate", "active_zone_minutes"}
ALL_THERE = "All days until 2025-10-29 are stored."


@pytest.fixture
def clock() -> list[datetime]:
    return [NIGHT]


@pytest.fixture
def account(tmp_path: Path, clock: list[datetime]) -> Iterator[EmulatedAccount]:
    with emulated_account(PERSON, tmp_path, now=lambda: clock[0]) as account:
        yield account


@pytest.fixture
def deploy(
    account: EmulatedAccount,
    instance: dg.DagsterInstance,
    clock: list[datetime],
    monkeypatch: pytest.MonkeyPatch,
) -> Deploy:
    """Makes the daemon; ten days are a history to it."""
    monkeypatch.setattr(backfill_plan, "FIRST_DAYS", 3)
    monkeypatch.setattr(backfill_plan, "MOST_DAYS", 5)

    def daemon(records: dg.DagsterInstance = instance, **variables: str) -> Daemon:
        settings = account.settings(**(FEW | variables))
        return Daemon("history", settings, records, lambda: clock[0])

    return daemon


def test_every_day_is_there_in_the_end_the_newest_first(
    deploy: Deploy, tmp_path: Path, clock: list[datetime]
) -> None:
    with sqlite_instance(tmp_path / "dagster") as records:
        runs = deploy(records)
        asked = []
        for request, result in runs.until_it_rests():
            assert result.success
            assert assets_of(request) == THREE
            asked.append(range_of(request))
            # One that dies gives its place back, and is not repeated as a whole.
            assert request.tags[dg.MAX_RUNTIME_SECONDS_TAG] == "3600"
            assert request.tags["dagster/max_retries"] == "0"
            assert request.tags["syncbit/priority"] == "history"
            assert int(request.tags["dagster/priority"]) < 0
        assert asked == [
            ("2025-10-27", "2025-10-29"),
            ("2025-10-22", "2025-10-26"),
            ("2025-10-20", "2025-10-21"),
        ]
        assert runs.rests == runs.tick() == ALL_THERE
        for asset in THREE:
            assert Counter(records_of(records, asset)) == Counter(map(str, DAYS))  # each once
        clock[0] += ONE_DAY
        (request,) = runs.asks()
        assert range_of(request) == ("2025-10-30", "2025-10-30")


def test_an_earlier_start_brings_the_earlier_days_and_a_later_one_nothing(
    deploy: Deploy, account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    late = deploy(BACKFILL_START_DATE="2025-10-28")
    assert all(result.success for _, result in late.until_it_rests())
    asked = [range_of(request) for request, _ in deploy().until_it_rests()]
    assert asked == [("2025-10-25", "2025-10-27"), ("2025-10-20", "2025-10-24")]
    for asset in THREE:
        assert Counter(records_of(instance, asset)) == Counter(map(str, DAYS))
    account.emulator.calls.clear()
    assert deploy(BACKFILL_START_DATE="2025-10-28").tick() == ALL_THERE
    assert not account.emulator.calls


def test_what_is_under_way_is_not_asked_for_again(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "RUNS_AHEAD", 3)
    runs = deploy()
    newest, *others = runs.asks()
    runs.begin(newest)
    assert runs.tick() == others
    monkeypatch.setattr(history, "RUNS_AHEAD", 1)
    assert runs.tick() == "1 runs are queued or running."
    for request in others:
        runs.begin(request)
    assert str(runs.tick()).startswith("All missing days are running")


def test_other_runs_at_work_on_the_same_days_count(deploy: Deploy) -> None:
    runs = deploy()
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


LOGIN_PAGE = "<html>Sign in to this network</html>"


def test_a_range_that_fails_is_asked_for_again_some_hours_later(
    deploy: Deploy, account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    runs = deploy()
    account.emulator.fail_next(200, http.TRIES + 2, body=LOGIN_PAGE)
    successes = [result.success for _, result in runs.until_it_rests()]
    assert successes == [False, True, True]
    assert "next retry 2025-10-30 06:00 UTC" in runs.rests
    (failed,) = (asset for asset in THREE if len(records_of(instance, asset)) < len(DAYS))
    for is_well in (False, False, True):  # it fails again, and is not hammered
        clock[0] += timedelta(hours=history.RETRY_HOURS)
        account.emulator.expire_access_tokens()
        account.emulator.fail_next(200, 0 if is_well else http.TRIES + 2, body=LOGIN_PAGE)
        ((request, result),) = runs.until_it_rests()
        assert result.success is is_well
        assert assets_of(request) == {failed}
        assert range_of(request) == ("2025-10-27", "2025-10-29")
    assert runs.rests == ALL_THERE
    for asset in THREE:
        assert max(Counter(records_of(instance, asset)).values()) == 1


def test_a_run_that_was_interrupted_is_no_attempt(
    account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    """As when somebody stops Dagster with Ctrl-C: what is missing is asked for at once."""

    def stop(_seconds: float) -> None:
        raise dg.DagsterExecutionInterruptedError

    settings = account.settings(**FEW)
    runs = Daemon("history", settings, instance, lambda: clock[0], sleep=stop)
    first, *_ = runs.asks()
    account.emulator.fail_next(503)
    assert not runs.execute(first).success
    again, *_ = runs.asks()
    assert (range_of(again), assets_of(again)) == (range_of(first), assets_of(first))
    assert again.run_key != first.run_key
    assert all(result.success for _, result in runs.until_it_rests())
    assert runs.rests == ALL_THERE


@pytest.mark.parametrize(
    "changed", [{"FITBIT_USER_ID": "other"}, {"VICTORIA_ENDPOINT": "http://127.0.0.1:9"}]
)
def test_records_of_another_store_or_label_are_no_days_here(
    deploy: Deploy, changed: dict[str, str]
) -> None:
    runs = deploy()
    assert all(result.success for _, result in runs.until_it_rests())
    assert runs.rests == ALL_THERE
    said = deploy(**changed).tick()
    assert "are of another place" in said
    assert "wipe the assets' materializations" in said


def test_data_that_may_not_be_read_stops_nothing_and_is_not_hammered(
    deploy: Deploy, account: EmulatedAccount, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    account.emulator.untick("https://www.googleapis.com/auth/googlehealth.sleep.readonly")
    runs = deploy(COLLECT_SLEEP="true")
    assert all(result.success for _, result in runs.until_it_rests())
    for asset in THREE:
        assert len(instance.get_materialized_partitions(dg.AssetKey(asset))) == len(DAYS)
    assert not instance.get_materialized_partitions(dg.AssetKey("sleep"))
    refused = [path for _, path, status in account.emulator.calls if status == 403]
    # The first tick asked for three ranges at once; from then on the refusal is known.
    assert len(refused) == 3
    assert "next retry 2025-10-30 06:00 UTC" in runs.rests
    clock[0] += timedelta(hours=history.RETRY_HOURS)
    asked = [assets_of(request) for request, _ in runs.until_it_rests()]
    assert asked == [{"sleep"}] * 3


def test_where_there_is_nothing_to_ask_for_it_says_why(
    deploy: Deploy, account: EmulatedAccount, clock: list[datetime]
) -> None:
    clock[0] = datetime(2025, 10, 20, 12, tzinfo=UTC)
    runs = deploy()
    assert runs.tick() == "The first day, 2025-10-20, has not ended yet."
    runs.settings.account.tokens.path.unlink()  # type: ignore[attr-defined] # it is a file here
    assert "syncbit authorize" in str(runs.tick())
    assert not account.emulator.calls
