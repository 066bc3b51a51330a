"""The IO manager over a real VictoriaMetrics: exact again and again, and read back downstream."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from syncbit_dagster.catalog import asset_named, metrics_of
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import to_series
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.defs.running import failure_of, materialize, metadata_of
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from syncbit_dagster.config import Settings

pytestmark = pytest.mark.victoriametrics

LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
PERSON = SyntheticPerson(LORD_HOWE, date(2025, 1, 1), seed=4)
DAYS = DayRange(date(2025, 4, 3), date(2025, 4, 8))  # 6 April has 24 and a half hours
ASSETS = ("activity_summary", "sleep", "intraday_steps")
NOON = datetime(2025, 4, 8, 2, tzinfo=UTC)  # of the last day
LATER = datetime(2025, 5, 1, tzinfo=UTC)


def read(settings: Settings, asset: str) -> pd.DataFrame:
    store = open_store(settings)
    names = tuple({metric.name for metric in metrics_of(asset)})
    where = Slice(names, settings.account.labels, DAYS.start(LORD_HOWE), DAYS.end(LORD_HOWE))
    frame = store.read(where)
    store.close()
    return frame


def contents(frame: pd.DataFrame) -> dict[tuple[str, str], list[tuple[int, float]]]:
    return {
        (one.metric, one.labels): list(
            zip(one.timestamps.tolist(), one.values.tolist(), strict=True)
        )
        for one in to_series(frame)
    }


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")  # of the asset in the test
def test_a_day_is_completed_corrected_and_read_back(tmp_path: Path) -> None:
    clock = [NOON]
    received: list[pd.DataFrame] = []

    @dg.asset(
        name="downstream",
        partitions_def=dg.DailyPartitionsDefinition(
            "2025-01-01", timezone=LORD_HOWE.key, end_offset=1
        ),
        backfill_policy=dg.BackfillPolicy.single_run(),
        ins={"intraday_steps": dg.AssetIn(input_manager_key="sample_store")},
    )
    def downstream(intraday_steps) -> None:  # type: ignore[no-untyped-def]
        received.append(intraday_steps)

    with (
        running(victoria_metrics(tmp_path / "victoria")) as server,
        emulated_account(PERSON, tmp_path, now=lambda: clock[0]) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        settings = account.settings(VICTORIA_ENDPOINT=server.url)
        assert materialize(settings, ASSETS, DAYS, instance).success
        early = contents(read(settings, "activity_summary"))
        clock[0] = LATER
        account.emulator.expire_access_tokens()
        result = materialize(settings, [*ASSETS, "downstream"], DAYS, instance, extra=[downstream])
        assert result.success
        late = contents(read(settings, "activity_summary"))
        # The totals of the unfinished day were replaced, not joined by a second sample.
        assert late.keys() >= early.keys()
        assert late != early
        for series in late.values():
            assert len({time for time, _ in series}) == len(series) <= len(DAYS)
        newest = metadata_of(instance, "activity_summary")[DAYS.last.isoformat()]
        assert newest["write_mode"] == "rewrite"
        assert newest["run_samples_changed"] > 0
        assert contents(received[0]) == contents(read(settings, "intraday_steps"))

        assert materialize(settings, ASSETS, DAYS, instance).success
        for asset in ASSETS:
            assert metadata_of(instance, asset)[DAYS.last.isoformat()]["write_mode"] == "noop"
        assert contents(read(settings, "activity_summary")) == late


def test_a_server_that_forgets_the_past_is_refused(tmp_path: Path) -> None:
    with (
        running(victoria_metrics(tmp_path / "victoria", flags=())) as server,
        emulated_account(PERSON, tmp_path, now=lambda: LATER) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        settings = account.settings(VICTORIA_ENDPOINT=server.url)
        result = materialize(settings, ["activity_summary"], DAYS, instance)
        assert not result.success
        assert "-retentionPeriod" in failure_of(result)
        assert not instance.get_materialized_partitions(dg.AssetKey("activity_summary"))


def test_one_writer_at_a_time() -> None:
    for asset in build_definitions(load_settings({})).assets or []:
        assert isinstance(asset, dg.AssetsDefinition)
        assert asset.op.pool == "sample_store", asset_named(asset.key.path[-1])
