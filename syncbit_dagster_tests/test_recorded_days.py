"""The main job on real input: recorded days, a real Dagster backfill, a real VictoriaMetrics."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.emulator.takeout import TakeoutPerson
from syncbit_dagster.factories import open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.dagster_process import copy_of_the_root, dagster_dev, stop_sensors
from syncbit_dagster_tests.defs.running import materialize
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.takeout_truth import expected_series, expected_sleep
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.config import Settings

pytestmark = pytest.mark.recordings

CHICAGO = ZoneInfo("America/Chicago")
DAYS = DayRange(date(2021, 6, 11), date(2021, 6, 25))
# Through the daemon, a few of them do: the embedded store is given all, and CI's time is short.
SOME = DAYS if os.environ.get("SYNCBIT_SOAK") == "1" else DayRange(date(2021, 6, 21), DAYS.last)
INTRADAY = [f"intraday_{name}" for name in ("steps", "heart_rate", "distance", "calories")]
ASSETS = ("activity_summary", "heart_rate", *INTRADAY)
LONG_AFTER = datetime(2026, 11, 1, tzinfo=UTC)
MINUTES = {"INTRADAY_DETAIL_LEVEL": "1min", "INTRADAY_HEART_RATE_DETAIL": "1min"}


def everything_in(settings: Settings) -> dict[str, dict[int, float]]:
    """All samples of all metrics of the catalogue, of any day, by metric and its own label."""
    store = open_store(settings)
    everything = Slice(
        tuple({metric.name for metric in METRICS}),
        settings.account.labels,
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(2030, 1, 1, tzinfo=UTC),
    )
    series = store.read(everything)
    store.close()
    result = {}
    for one in series:
        own = [v for k, v in decode_labels(one.labels).items() if k not in settings.account.labels]
        pairs = zip(one.timestamps.tolist(), one.values.tolist(), strict=True)
        result["/".join([one.metric, *own])] = dict(pairs)
    return result


def assert_every_sample_is_the_file_s(settings: Settings, folder: Path, days: DayRange) -> None:
    found = everything_in(settings)
    expected = expected_series(folder, CHICAGO, days.first, days.last)
    assert {name: len(values) for name, values in found.items()} == {
        name: len(values) for name, values in expected.items()
    }
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, rel=1e-9, abs=1e-9), name


@pytest.mark.victoriametrics
def test_a_backfill_by_the_daemon_into_victoriametrics(recordings: Path, tmp_path: Path) -> None:
    folder = recordings / "data" / "takeout_us_central_2021-06"
    person = TakeoutPerson(folder, CHICAGO)
    root = copy_of_the_root(tmp_path)
    with (
        running(victoria_metrics(tmp_path / "victoria")) as server,
        emulated_account(person, tmp_path, now=lambda: LONG_AFTER) as account,
    ):
        variables = {**account.environment, **MINUTES, "VICTORIA_ENDPOINT": server.url}
        stop_sensors(root, variables, "history", "device_sync")
        with dagster_dev(root, variables) as dagster:
            keys = [day.isoformat() for day in SOME]
            assert dagster.backfill(ASSETS, keys) == "COMPLETED_SUCCESS"
            assert dagster.run_statuses() == ["SUCCESS"]  # one run for all days of all assets
            log = dagster.log.read_text()
        assert_every_sample_is_the_file_s(account.settings(**variables), folder, SOME)
        for word in ("ERROR", "Traceback", "syncbit_dagster/"):
            assert word not in log
        # The history outlives the process, though nobody set DAGSTER_HOME.
        with dagster_dev(root, variables) as again:
            counts = {asset: again.partition_counts(asset) for asset in ASSETS}
        assert counts == dict.fromkeys(ASSETS, (len(SOME), 0))


def test_the_embedded_store_holds_the_same_and_the_nights(recordings: Path, tmp_path: Path) -> None:
    folder = recordings / "data" / "takeout_us_central_2021-06"
    person = TakeoutPerson(folder, CHICAGO)
    with (
        emulated_account(person, tmp_path, now=lambda: LONG_AFTER) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        settings = account.settings(**MINUTES)
        assert materialize(settings, ASSETS, DAYS, instance).success
        assert_every_sample_is_the_file_s(settings, folder, DAYS)
        assert materialize(settings, ["sleep"], DAYS, instance).success
        found = everything_in(settings)
    nights = expected_sleep(folder, CHICAGO, DAYS.first, DAYS.last)
    assert {name for name in found if name.startswith("fitbit_sleep")} == set(nights)
    for name, values in nights.items():
        assert found[name] == pytest.approx(values), name
