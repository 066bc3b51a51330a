"""From the emulator through Dagster into the embedded store, compared with the person itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import numpy as np
import pytest

from syncbit_dagster.catalog import ASSETS, METRICS, metrics_of
from syncbit_dagster.core.civil import DayRange, day_start, to_milliseconds
from syncbit_dagster.core.samples import decode_labels, to_series
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.sparkline import INLINE_CHARACTERS
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.defs.running import failure_of, materialize, metadata_of
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from syncbit_dagster.config import Settings

BERLIN = ZoneInfo("Europe/Berlin")
# Eight days around the end of summer time, on which 26 October has 25 hours.
DAYS = DayRange(date(2025, 10, 22), date(2025, 10, 29))
LONG_AFTER = datetime(2025, 12, 1, tzinfo=UTC)
FOUR = ("activity_summary", "heart_rate", "intraday_steps", "intraday_heart_rate")
PERSON = SyntheticPerson(zone=BERLIN, first_day=date(2025, 1, 1), seed=7)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def account(tmp_path: Path) -> Iterator[EmulatedAccount]:
    with emulated_account(PERSON, tmp_path, now=lambda: LONG_AFTER) as account:
        yield account


def stored(settings: Settings, asset: str, days: DayRange = DAYS) -> dict[str, dict[int, float]]:
    """What the store holds: values by instant, by metric and its own label."""
    store = open_store(settings)
    account = settings.account
    names = tuple({metric.name for metric in metrics_of(asset)})
    frame = store.read(
        Slice(names, account.labels, days.start(account.zone), days.end(account.zone))
    )
    store.close()
    result = {}
    for series in to_series(frame):
        own = [v for k, v in decode_labels(series.labels).items() if k not in account.labels]
        pairs = zip(series.timestamps.tolist(), series.values.tolist(), strict=True)
        result["/".join([series.metric, *own])] = dict(pairs)
    return result


def total(column: np.ndarray | None, worn: np.ndarray) -> float:
    """A column's sum over the minutes in which the watch was on the wrist."""
    assert column is not None
    return float(column[worn].sum())


def test_daily_values_are_the_person_s(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    settings = account.settings()
    assert materialize(settings, FOUR[:2], DAYS, instance).success
    activity, heart = stored(settings, "activity_summary"), stored(settings, "heart_rate")
    expected: dict[str, dict[int, float]] = {}
    for day in DAYS:
        truth = PERSON.day(day)
        if not truth.worn.any():
            continue
        totals = {
            "fitbit_steps_total": total(truth.steps, truth.worn),
            "fitbit_distance_km": total(truth.distance_mm, truth.worn) / 1e6,
            "fitbit_calories_total": total(truth.calories_kcal, truth.worn),
            "fitbit_floors_total": total(truth.floors, truth.worn),
            "fitbit_elevation_meters": total(truth.altitude_gain_mm, truth.worn) / 1e3,
        }
        assert truth.level is not None
        if vigorous := total(truth.level == 3, truth.worn):  # a level without minutes is left out
            totals["fitbit_active_minutes/very_active"] = vigorous
        for name, value in totals.items():
            expected.setdefault(name, {})[to_milliseconds(day_start(day, BERLIN))] = value
    for name, truth_of_metric in expected.items():
        assert activity[name] == pytest.approx(truth_of_metric, rel=1e-9), name
    resting: dict[int, float] = {
        to_milliseconds(day_start(day, BERLIN)): float(bpm)
        for day in DAYS
        if (bpm := PERSON.daily(day).resting_heart_rate) is not None
    }
    assert heart["fitbit_resting_heart_rate_bpm"] == resting
    assert resting


@pytest.mark.parametrize(("detail", "minutes"), [("1min", 1), ("5min", 5), ("15min", 15)])
def test_intervals_are_the_person_s_on_the_day_with_25_hours(
    account: EmulatedAccount, instance: dg.DagsterInstance, detail: str, minutes: int
) -> None:
    settings = account.settings(INTRADAY_DETAIL_LEVEL=detail, INTRADAY_HEART_RATE_DETAIL=detail)
    assert materialize(settings, FOUR[2:], DAYS, instance).success
    steps: dict[int, float] = {}
    beats: dict[int, list[int]] = {}
    for day in DAYS:
        truth, start = PERSON.day(day), to_milliseconds(day_start(day, BERLIN))
        assert truth.steps is not None
        for minute in np.flatnonzero(truth.worn):
            interval = start + int(minute) // minutes * minutes * 60_000
            steps[interval] = steps.get(interval, 0) + int(truth.steps[minute])
        for instant, bpm in zip(truth.heart_ms, truth.heart_bpm, strict=True):
            interval = int(start + (instant - start) // (minutes * 60_000) * (minutes * 60_000))
            beats.setdefault(interval, []).append(int(bpm))
    assert stored(settings, "intraday_steps") == {"fitbit_steps_intraday": steps}
    (heart,) = stored(settings, "intraday_heart_rate").values()
    means = {t: float(np.mean(values)) for t, values in beats.items()}
    assert heart == pytest.approx(means, rel=1e-9)


def test_every_reading_of_the_heart(account: EmulatedAccount, instance: dg.DagsterInstance) -> None:
    settings = account.settings(INTRADAY_HEART_RATE_DETAIL="1sec")
    days = DayRange(DAYS.first, DAYS.first + timedelta(days=1))
    assert materialize(settings, FOUR[3:], days, instance).success
    (heart,) = stored(settings, "intraday_heart_rate", days).values()
    truth = [PERSON.day(day) for day in days]
    assert heart == {
        int(t): float(bpm)
        for day in truth
        for t, bpm in zip(day.heart_ms, day.heart_bpm, strict=True)
    }


def test_a_range_is_one_run_with_as_few_requests_as_planned(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    assert materialize(account.settings(), FOUR, DAYS, instance).success
    assert len(instance.get_runs()) == 1
    requests = {
        asset: [m["requests"] for m in metadata_of(instance, asset).values() if "requests" in m]
        for asset in FOUR
    }
    assert requests["activity_summary"] == [8]
    assert requests["intraday_steps"] == [1]
    assert requests["intraday_heart_rate"] == [2]  # 8 days and an hour are 11,580 minutes
    assert sum(map(sum, requests.values())) == len(account.emulator.calls)


def test_each_partition_tells_what_it_got(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    settings = account.settings()
    assert materialize(settings, FOUR, DAYS, instance).success
    for asset in FOUR:
        per_day = metadata_of(instance, asset)
        assert set(per_day) == {day.isoformat() for day in DAYS}
        found = [t for values in stored(settings, asset).values() for t in values]
        for day in DAYS:
            metadata = per_day[day.isoformat()]
            start = to_milliseconds(day_start(day, BERLIN))
            end = to_milliseconds(day_start(day + timedelta(days=1), BERLIN))
            count = sum(start <= t < end for t in found)
            assert metadata["samples"] == count
            of_the_run = {"requests", "fetch_seconds", "write_mode", "store_verdict"}
            assert of_the_run & set(metadata) == (of_the_run if day == DAYS.last else set())
            if count:
                assert metadata["first_sample"].startswith(day.isoformat())
                assert metadata["last_sample"].startswith(day.isoformat())
            if count and (asset.startswith("intraday") or day == DAYS.last):
                plot = metadata["plot"]
                assert plot.startswith("![fitbit_")
                assert len(plot) < INLINE_CHARACTERS
            else:
                assert "plot" not in metadata


def test_materializing_again_changes_nothing(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    settings = account.settings()
    for _ in range(2):
        assert materialize(settings, FOUR, DAYS, instance).success
    before = {asset: stored(settings, asset) for asset in FOUR}
    newest = {asset: metadata_of(instance, asset)[DAYS.last.isoformat()] for asset in FOUR}
    assert {asset: metadata["write_mode"] for asset, metadata in newest.items()} == dict.fromkeys(
        FOUR, "noop"
    )
    assert materialize(settings, FOUR, DayRange(DAYS.last, DAYS.last), instance).success
    assert {asset: stored(settings, asset) for asset in FOUR} == before


def test_late_data_completes_a_day(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    clock = [datetime(2025, 10, 22, 12, tzinfo=UTC)]
    day = DayRange(DAYS.first, DAYS.first)
    with emulated_account(PERSON, tmp_path, now=lambda: clock[0]) as account:
        settings = account.settings()
        assert materialize(settings, FOUR, day, instance).success
        early = stored(settings, "intraday_steps", day)["fitbit_steps_intraday"]
        assert stored(settings, "heart_rate", day).get("fitbit_resting_heart_rate_bpm") is None
        clock[0] = LONG_AFTER
        account.emulator.expire_access_tokens()
        assert materialize(settings, FOUR, day, instance).success
        late = stored(settings, "intraday_steps", day)["fitbit_steps_intraday"]
        assert len(early) < len(late)
        assert len(stored(settings, "heart_rate", day)["fitbit_resting_heart_rate_bpm"]) == 1


def test_every_offered_asset_materializes(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    settings = account.settings()
    definitions = build_definitions(settings)
    names = [asset.name for asset in ASSETS]
    assert {*names, "weekly_report"} == {k.path[-1] for k in definitions.resolve_all_asset_keys()}
    assert materialize(settings, names, DAYS, instance).success
    daily = [name for name in names if name != "devices"]
    arrived = {name.split("/")[0] for asset in daily for name in stored(settings, asset)}
    assert arrived == {metric.name for metric in METRICS if metric.asset in daily}


def test_devices_gather_what_was_read_and_keep_a_sync_once(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    settings = account.settings()
    for _ in range(2):
        assert materialize(settings, ["devices"], None, instance).success
    ever = DayRange(date(2025, 1, 1), datetime.now(UTC).date() + timedelta(days=1))
    found = stored(settings, "devices", ever)
    trackers = {name for name in found if "TRACKER" in name}
    assert len(trackers) == 2
    for name in trackers:
        times = found[name]
        if name.startswith("fitbit_device_battery_percent"):
            assert len(times) == 2
            assert all(0 < value <= 100 for value in times.values())
        else:
            ((instant, seconds),) = times.items()
            assert instant == seconds * 1000


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")  # of the asset in the test
def test_a_downstream_asset_gets_the_same_table_back(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    received: list[pd.DataFrame] = []
    settings = account.settings()
    (partitions,) = {
        spec.partitions_def
        for spec in build_definitions(settings).resolve_all_asset_specs()
        if isinstance(spec.partitions_def, dg.DailyPartitionsDefinition)
    }

    @dg.asset(
        name="downstream",
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        ins={"intraday_steps": dg.AssetIn(input_manager_key="sample_store")},
    )
    def downstream(intraday_steps) -> None:  # type: ignore[no-untyped-def]
        received.append(intraday_steps)

    names = ["intraday_steps", "downstream"]
    assert materialize(settings, names, DAYS, instance, extra=[downstream]).success
    (frame,) = received
    (series,) = to_series(frame)
    pairs = zip(series.timestamps.tolist(), series.values.tolist(), strict=True)
    assert dict(pairs) == stored(settings, "intraday_steps")["fitbit_steps_intraday"]


def assert_refused(
    settings: Settings, instance: dg.DagsterInstance, sentence: str, asset: str = FOUR[0]
) -> None:
    """The run fails with one sentence, and no partition counts as materialized."""
    result = materialize(settings, [asset], DAYS, instance)
    assert not result.success
    description = failure_of(result)
    assert sentence in description
    assert "\n" not in description
    assert not instance.get_materialized_partitions(dg.AssetKey(asset))


def test_a_store_that_is_down(account: EmulatedAccount, instance: dg.DagsterInstance) -> None:
    settings = account.settings(VICTORIA_ENDPOINT="http://127.0.0.1:9")
    assert_refused(settings, instance, "127.0.0.1:9")


def test_a_revoked_token(account: EmulatedAccount, instance: dg.DagsterInstance) -> None:
    account.emulator.revoke()
    assert_refused(account.settings(), instance, "run `syncbit authorize` again")


def test_no_token(account: EmulatedAccount, instance: dg.DagsterInstance) -> None:
    settings = account.settings()
    Path(str(settings.account.tokens.place)).unlink()
    assert_refused(settings, instance, "run `syncbit authorize` first")


def test_an_account_without_fitbit_data(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    reason = {"reason": "ACCOUNT_NOT_LINKED"}
    body = {"error": {"code": 400, "status": "FAILED_PRECONDITION", "details": [reason]}}
    account.emulator.fail_next(400, body=body)
    assert_refused(account.settings(), instance, "the account that the Fitbit app uses")


def test_a_scope_that_was_not_granted_skips_its_assets_only(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    scope = "https://www.googleapis.com/auth/googlehealth.activity_and_fitness.readonly"
    account.emulator.untick(scope)
    result = materialize(account.settings(), ["activity_summary", "breathing_rate"], DAYS, instance)
    assert result.success
    passed = {
        one.asset_key.path[-1]: (one.passed, one.description)
        for one in result.get_asset_check_evaluations()
        if one.check_name == "permission"
    }
    refused, sentence = passed["activity_summary"]
    assert not refused
    assert "tick every box" in str(sentence)
    assert passed["breathing_rate"][0]
    assert not instance.get_materialized_partitions(dg.AssetKey("activity_summary"))
    assert len(instance.get_materialized_partitions(dg.AssetKey("breathing_rate"))) == len(DAYS)
