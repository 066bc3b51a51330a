"""From the emulator through Dagster into the store and back: what a run brings, tells and refuses.

That every sample is the person's is asked of a whole month (``month``) and of recorded days.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pandas as pd
import pytest

from syncbit_dagster.account.state import database
from syncbit_dagster.catalog import ASSETS, METRICS, metrics_of
from syncbit_dagster.core.civil import DayRange, day_end, day_start, to_milliseconds
from syncbit_dagster.core.samples import COLUMNS, decode_labels, to_series
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.sparkline import INLINE_CHARACTERS
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.defs.running import failure_of, materialize, metadata_of
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from syncbit_dagster.config import Settings

BERLIN = ZoneInfo("Europe/Berlin")
# Eight days around the end of summer time, on which 26 October has 25 hours.
DAYS = DayRange(date(2025, 10, 22), date(2025, 10, 29))
LONG_AFTER = datetime(2025, 12, 1, tzinfo=UTC)
FOUR = ("activity_summary", "heart_rate", "intraday_steps", "intraday_heart_rate")
PERSON = SyntheticPerson(zone=BERLIN, first_day=date(2025, 1, 1), seed=7)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[EmulatedAccount]:
    with emulated_account(PERSON, tmp_path, now=lambda: LONG_AFTER) as account:
        yield account


def stored(settings: Settings, asset: str, days: DayRange = DAYS) -> dict[str, dict[int, float]]:
    """What the store holds: values by instant, by metric and its own label."""
    store, account = open_store(settings), settings.account
    names = tuple({metric.name for metric in metrics_of(asset)})
    target = Slice(names, account.labels, days.start(account.zone), days.end(account.zone))
    found = store.read(target)
    store.close()
    result = {}
    for series in found:
        own = [v for k, v in decode_labels(series.labels).items() if k not in account.labels]
        pairs = zip(series.timestamps.tolist(), series.values.tolist(), strict=True)
        result["/".join([series.metric, *own])] = dict(pairs)
    return result


def test_a_range_is_one_run_and_each_partition_tells_what_it_got(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    settings = account.settings()
    assert materialize(settings, FOUR, DAYS, instance).success
    assert len(instance.get_runs()) == 1
    told = {asset: metadata_of(instance, asset) for asset in FOUR}
    # Each asset's requests stand at the newest day; 8 days and an hour are 11,580 minutes.
    asked = {asset: told[asset][str(DAYS.last)]["requests"] for asset in FOUR}
    assert asked == dict(zip(FOUR, (8, 3, 1, 2), strict=True))
    assert sum(asked.values()) == len(account.emulator.calls)
    of_the_run = {"requests", "fetch_seconds", "write_mode", "store_verdict"}
    for asset, per_day in told.items():
        assert set(per_day) == {day.isoformat() for day in DAYS}
        found = [t for values in stored(settings, asset).values() for t in values]
        for day in DAYS:
            metadata = per_day[day.isoformat()]
            start, end = (to_milliseconds(f(day, BERLIN)) for f in (day_start, day_end))
            count = sum(start <= t < end for t in found)
            assert metadata["samples"] == count
            assert of_the_run & set(metadata) == (of_the_run if day == DAYS.last else set())
            for name in ("first_sample", "last_sample") if count else ():
                assert metadata[name].startswith(day.isoformat())
            has_plot = count and (asset.startswith("intraday") or day == DAYS.last)
            assert ("plot" in metadata) == bool(has_plot)
            if has_plot:
                assert metadata["plot"].startswith("![fitbit_")
                assert len(metadata["plot"]) < INLINE_CHARACTERS


def test_materializing_again_changes_nothing(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    settings = account.settings()
    assert materialize(settings, FOUR, DAYS, instance).success
    before = {asset: stored(settings, asset) for asset in FOUR}
    for days in (DAYS, DayRange(DAYS.last, DAYS.last)):
        assert materialize(settings, FOUR, days, instance).success
        newest = [metadata_of(instance, asset)[str(DAYS.last)] for asset in FOUR]
        assert {one["write_mode"] for one in newest} == {"noop"}
    assert {asset: stored(settings, asset) for asset in FOUR} == before


def test_every_offered_asset_materializes(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    settings = account.settings()
    names = [asset.name for asset in ASSETS]
    keys = build_definitions(settings).resolve_all_asset_keys()
    assert {key.path[-1] for key in keys} == {*names, "weekly_report"}
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
    trackers = {k: v for k, v in stored(settings, "devices", ever).items() if "TRACKER" in k}
    assert len(trackers) == 2
    for name, times in trackers.items():
        if name.startswith("fitbit_device_battery_percent"):
            assert len(times) == 2
            assert all(0 < value <= 100 for value in times.values())
        else:
            ((instant, seconds),) = times.items()
            assert instant == seconds * 1000


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")  # of the asset in the test
def test_a_downstream_asset_gets_a_table_of_what_is_stored(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    received: list[pd.DataFrame] = []
    settings = account.settings()

    @dg.asset(
        name="downstream",
        partitions_def=dg.DailyPartitionsDefinition(
            "2025-01-01", timezone=BERLIN.key, end_offset=1
        ),
        backfill_policy=dg.BackfillPolicy.single_run(),
        ins={"intraday_steps": dg.AssetIn(input_manager_key="sample_store")},
    )
    def downstream(intraday_steps) -> None:  # type: ignore[no-untyped-def]
        received.append(intraday_steps)

    names = ["intraday_steps", "downstream"]
    assert materialize(settings, names, DAYS, instance, extra=[downstream]).success
    (frame,) = received
    assert isinstance(frame, pd.DataFrame)
    assert tuple(frame.columns) == COLUMNS
    (series,) = to_series(frame)
    pairs = zip(series.timestamps.tolist(), series.values.tolist(), strict=True)
    assert dict(pairs) == stored(settings, "intraday_steps")["fitbit_steps_intraday"]


def test_a_run_says_how_the_account_stands(
    account: EmulatedAccount,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    # The budget's clock stands, however long a run takes on a busy machine.
    monkeypatch.setattr(database, "time", SimpleNamespace(time=LONG_AFTER.timestamp))
    for _ in range(2):
        assert materialize(account.settings(), ["heart_rate"], DAYS, instance).success
    said = capfd.readouterr().err
    assert re.search(r"quota: 3 of \d+ requests in 60 s used", said)
    assert "scopes: everything was granted" in said
    assert "token: good until" in said


@pytest.mark.parametrize(
    ("act", "variables", "sentence"),
    [
        (lambda _: None, {"VICTORIA_ENDPOINT": "http://127.0.0.1:9"}, "127.0.0.1:9"),
        (lambda account: account.emulator.revoke(), {}, "run `syncbit authorize` again"),
    ],
    ids=["a store that is down", "a revoked token"],
)
def test_what_is_refused_is_one_sentence_and_materializes_nothing(
    account: EmulatedAccount,
    instance: dg.DagsterInstance,
    act: Callable[[EmulatedAccount], object],
    variables: dict[str, str],
    sentence: str,
) -> None:
    act(account)
    assert_refused(account.settings(**variables), instance, sentence)


@pytest.mark.victoriametrics
def test_a_server_that_forgets_the_past_is_refused(
    account: EmulatedAccount, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    with running(victoria_metrics(tmp_path / "victoria", flags=())) as server:
        settings = account.settings(VICTORIA_ENDPOINT=server.url)
        assert_refused(settings, instance, "-retentionPeriod")


def assert_refused(settings: Settings, instance: dg.DagsterInstance, sentence: str) -> None:
    result = materialize(settings, FOUR[:1], DAYS, instance)
    assert not result.success
    description = failure_of(result)
    assert sentence in description
    assert "\n" not in description
    assert not instance.get_materialized_partitions(dg.AssetKey(FOUR[0]))


def test_a_scope_that_was_not_granted_skips_its_assets_only(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    scope = "https://www.googleapis.com/auth/googlehealth.activity_and_fitness.readonly"
    account.emulator.untick(scope)
    result = materialize(account.settings(), ["activity_summary", "breathing_rate"], DAYS, instance)
    assert result.success
    checks = {
        one.asset_key.path[-1]: one
        for one in result.get_asset_check_evaluations()
        if one.check_name == "permission"
    }
    assert not checks["activity_summary"].passed
    assert "tick every box" in str(checks["activity_summary"].description)
    assert checks["breathing_rate"].passed
    assert not instance.get_materialized_partitions(dg.AssetKey("activity_summary"))
    assert len(instance.get_materialized_partitions(dg.AssetKey("breathing_rate"))) == len(DAYS)
