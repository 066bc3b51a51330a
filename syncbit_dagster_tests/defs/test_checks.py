"""The asset checks in real runs: a good history passes, each planted fault fails its own check."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import dagster as dg
import numpy as np
import pytest

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.defs.io_manager import SampleStoreIOManager
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.telemetry import RunFigures
from syncbit_dagster_tests.defs.checking import (
    DAYS,
    NAMES,
    NOW,
    QUALITY,
    RANGE,
    History,
    evaluations,
    failed,
    run_assets,
    run_checks,
)
from syncbit_dagster_tests.defs.running import failure_of
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.quality.builders import grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.samples import Series

BERLIN = ZoneInfo("Europe/Berlin")
LONG_DAY = date(2025, 10, 26)
LATER = datetime(2025, 11, 6, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    person = SyntheticPerson(zone=BERLIN, first_day=date(2025, 1, 1), seed=7)
    folder = tmp_path_factory.mktemp("history")
    with (
        emulated_account(person, folder, now=lambda: datetime(2025, 12, 1, tzinfo=UTC)) as account,
        dg.DagsterInstance.local_temp(
            str(folder), overrides={"telemetry": {"enabled": False}}
        ) as instance,
    ):
        settings = account.settings(BACKFILL_START_DATE=DAYS.first.isoformat())
        result = run_assets(settings, instance, NAMES, tags=RANGE)
        yield History(account, settings, instance, result)


@pytest.fixture
def settings(history: History, tmp_path: Path) -> Settings:
    """The settings of a copy of the store, in which faults may be planted."""
    copy = replace(history.settings, data_directory=tmp_path, store_directory=tmp_path)
    shutil.copy(history.settings.embedded_store, copy.embedded_store)
    return copy


def test_a_range_is_checked_in_the_run_that_brings_it(history: History) -> None:
    assert history.first_run.success
    found = evaluations(history.first_run)
    assert set(found) == QUALITY
    assert not failed(found)
    steps = found["intraday_steps", "minutes_in_day"]
    assert steps.metadata["days"].value == str(DAYS)
    assert steps.metadata["samples_checked"].value > 3_000  # type: ignore[operator]
    assert found["sleep", "read_back"].description == f"{DAYS}: 14 days checked, nothing is wrong."
    assert found["intraday_steps", "read_back"].severity is dg.AssetCheckSeverity.ERROR
    assert found["intraday_steps", "gaps"].severity is dg.AssetCheckSeverity.WARN
    # A sum of one asset belongs to the total of another one: all data comes before all checks.
    events = history.first_run.all_events
    order = [e.step_key for e in events if e.event_type is dg.DagsterEventType.STEP_START]
    assert set(order[: len(NAMES)]) == set(NAMES)
    assert set(order[len(NAMES) :]) == {f"{name}_quality" for name in NAMES}


def test_a_single_partition_is_checked_alone(history: History) -> None:
    names = ("sleep", "intraday_steps")
    day = LONG_DAY.isoformat()
    result = run_assets(history.settings, history.instance, names, partition_key=day)
    found = evaluations(result)
    assert {asset for asset, _ in found} == {"sleep", "intraday_steps"}
    assert not failed(found)
    for (_, check), one in found.items():
        asked = f"{DAYS.first}..{NOW.date()}" if check == "gaps" else LONG_DAY.isoformat()
        assert one.metadata["days"].value == asked


def test_checks_alone_look_at_the_last_days_or_a_range_and_ask_no_provider(
    history: History,
) -> None:
    calls = len(history.account.emulator.calls)
    found = evaluations(run_checks(history.settings, history.instance))
    assert set(found) == QUALITY
    assert not failed(found)
    assert found["sleep", "read_back"].metadata["days"].value == f"{DAYS.first}..{NOW.date()}"
    assert found["sleep", "read_back"].metadata["days_checked"].value == len(DAYS)
    few = dict(zip(RANGE, ("2025-10-25", "2025-10-27"), strict=True))
    result = run_checks(history.settings, history.instance, [("sleep", "read_back")], tags=few)
    (one,) = result.get_asset_check_evaluations()
    assert (one.check_name, one.metadata["days_checked"].value) == ("read_back", 3)
    assert len(history.account.emulator.calls) == calls


def off_the_grid(one: Series) -> Series:
    return one._replace(timestamps=one.timestamps + np.eye(len(one.values), dtype=int)[9] * 30_000)


def larger(by: float) -> Callable[[Series], Series]:
    return lambda one: one._replace(values=one.values + np.eye(len(one.values))[0] * by)


def without_the_first(one: Series) -> Series:
    return one._replace(timestamps=one.timestamps[1:], values=one.values[1:])


def with_one_more(one: Series) -> Series:
    free = np.setdiff1d(grid(DayRange(LONG_DAY, LONG_DAY), BERLIN, 60), one.timestamps)[:1]
    order = np.argsort(times := np.append(one.timestamps, free))
    return one._replace(timestamps=times[order], values=np.append(one.values, 60.0)[order])


FAULTS: dict[str, tuple[str, str, Callable[[Series], Series]]] = {
    "a sample between two intervals": ("intraday_steps", "minutes_in_day", off_the_grid),
    "steps that the day does not have": ("intraday_steps", "sum_matches_total", larger(1_500)),
    "the heart of a bird": ("intraday_heart_rate", "physiological_ranges", larger(400)),
    "more dreams than sleep": ("sleep", "stages_match_sleep", larger(300)),
    "a sample that vanished": ("intraday_heart_rate", "read_back", without_the_first),
    "a sample of somebody else": ("intraday_heart_rate", "read_back", with_one_more),
}


def plant(settings: Settings, asset: str, change: Callable[[Series], Series]) -> None:
    """Change the long day in the store behind Dagster's back: of sleep the REM, else all of it."""
    zone, day = settings.account.zone, DayRange(LONG_DAY, LONG_DAY)
    names = tuple({metric.name for metric in metrics_of(asset)})
    target = Slice(names, settings.account.labels, day.start(zone), day.end(zone))
    store = open_store(settings)
    series = store.read(target)
    chosen = [asset != "sleep" or '"stage":"rem"' in one.labels for one in series]
    assert chosen.count(True) == 1
    after = [change(one) if is_it else one for one, is_it in zip(series, chosen, strict=True)]
    store.replace(target, after)
    store.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_its_check_and_no_other(
    history: History, settings: Settings, fault: str
) -> None:
    asset, check, change = FAULTS[fault]
    plant(settings, asset, change)
    own = {key for key in QUALITY if key[0] == asset}
    result = run_checks(settings, history.instance, own)
    assert result.success  # the data is there; what is wrong is told, and nothing is blocked
    found = evaluations(result)
    assert set(found) == own
    assert failed(found) == {(asset, check)}
    one = found[asset, check]
    assert one.metadata["days_with_findings"].value == 1
    assert f"1 day not right. The worst: {LONG_DAY}" in str(one.description)
    assert str(one.metadata["worst"].value).count(f"| {LONG_DAY} |") == 1


def test_days_that_nobody_brought(history: History) -> None:
    found = evaluations(run_checks(history.settings, history.instance, now=LATER))
    daily = {"activity_summary", "active_zone_minutes", "sleep"}
    assert failed(found) == {(name, "gaps") for name in daily}  # intraday is by hand here
    zones = found["active_zone_minutes", "gaps"]
    assert zones.severity is dg.AssetCheckSeverity.WARN
    assert zones.metadata["not_materialized"].value == "2025-11-03..2025-11-06"
    assert "The worst: 2025-11-03..2025-11-04, partitions: not mat" in str(zones.description)
    empty = zones.metadata["materialized_without_samples"].value
    assert empty == "2025-10-28, 2025-11-02"  # the watch was off: no fault
    for name in NAMES[3:5]:
        assert found[name, "gaps"].metadata["days_not_materialized"].value == 4


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"ENABLE_INTRADAY_COLLECTION": "true", "INTRADAY_RESOURCES": "steps"}, "steps"),
        ({"ENABLE_INTRADAY_BACKFILL": "true", "INTRADAY_RESOURCES": "heart_rate"}, "heart_rate"),
    ],
)
def test_intraday_days_are_missed_where_they_come_by_themselves(
    history: History, variables: dict[str, str], wanted: str
) -> None:
    settings = history.account.settings(BACKFILL_START_DATE=DAYS.first.isoformat(), **variables)
    asked = [(f"intraday_{name}", "gaps") for name in ("steps", "heart_rate")]
    found = evaluations(run_checks(settings, history.instance, asked, now=LATER))
    assert failed(found) == {(f"intraday_{wanted}", "gaps")}


@pytest.mark.parametrize(
    ("checks", "days", "reads"),
    [
        ({check for name, check in QUALITY if name == "intraday_steps"}, None, 1),
        ({"gaps"}, None, 0),
        ({"read_back"}, ("2025-01-05", "2025-11-02"), 3),  # as much as should be in memory
    ],
)
def test_an_asset_is_read_once(
    history: History, checks: set[str], days: tuple[str, str] | None, reads: int
) -> None:
    asked: list[Slice] = []
    store = open_store(history.settings)

    def read(target: Slice) -> list[Series]:
        asked.append(target)
        return store.read(target)

    noting: Any = SimpleNamespace(read=read)
    manager = SampleStoreIOManager(noting, history.settings, RunFigures())
    run = run_checks(
        history.account.settings(),
        history.instance,
        {("intraday_steps", check) for check in checks},
        resources={"sample_store": dg.IOManagerDefinition.hardcoded_io_manager(manager)},
        tags=dict(zip(RANGE, days, strict=True)) if days else None,
    )
    assert not failed(evaluations(run)) - {("intraday_steps", "gaps")}
    assert len(asked) == reads
    assert {one.metrics for one in asked} <= {("fitbit_steps_intraday", "fitbit_steps_total")}
    assert all(earlier.end == later.start for earlier, later in pairwise(asked))


def test_a_store_that_is_down_fails_the_run_with_a_sentence(history: History) -> None:
    settings = history.account.settings(VICTORIA_ENDPOINT="http://127.0.0.1:9")
    result = run_checks(settings, history.instance, [("sleep", "read_back")], raise_on_error=False)
    assert not result.success
    assert "127.0.0.1:9" in failure_of(result)


def test_a_partition_reported_by_hand_tells_no_count(settings: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.report_runless_asset_event(
            dg.AssetMaterialization("sleep", partition=LONG_DAY.isoformat())
        )
        found = evaluations(
            run_checks(settings, instance, [("sleep", "read_back"), ("sleep", "gaps")])
        )
    read_back = found["sleep", "read_back"]
    assert read_back.passed
    assert read_back.metadata["days_checked"].value == 0
    assert "there are no days to check" in str(read_back.description)
    gaps = found["sleep", "gaps"].metadata
    assert gaps["not_materialized"].value == "2025-10-20..2025-10-25, 2025-10-27..2025-11-03"


def test_devices_are_judged_by_their_last_samples(history: History) -> None:
    asked = [("devices", "physiological_ranges")]
    (found,) = run_checks(history.settings, history.instance, asked).get_asset_check_evaluations()
    assert found.passed
    assert found.metadata["samples_checked"].value >= 2  # type: ignore[operator]
