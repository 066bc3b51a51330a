"""Recorded exports: every sample of every day is what the files say, and every file is known."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.sources.takeout.kinds import KINDS
from syncbit_dagster.sources.takeout.names import parse_name
from syncbit_dagster_tests.sources.takeout.exports import fetched, source, write_zip
from syncbit_dagster_tests.takeout_truth import expected_series, midnight, milliseconds, rows

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster_tests.sources.takeout.exports import Values

pytestmark = pytest.mark.recordings

CHICAGO = ZoneInfo("America/Chicago")
DAYS = DayRange(date(2021, 6, 11), date(2021, 7, 10))
ASSETS_OF_MINUTES = (
    "activity_summary",
    "heart_rate",
    "intraday_steps",
    "intraday_distance",
    "intraday_calories",
    "intraday_heart_rate",
)
# The independent computation takes a worn minute without a row as 0; the source leaves it out.
SPARSE = {"fitbit_steps_intraday": "steps", "fitbit_distance_intraday": "distance"}


@pytest.fixture
def folder(recordings: Path) -> Path:
    return recordings / "data" / "takeout_us_central_2021-06"


def test_every_sample_is_the_files(folder: Path) -> None:
    found = source(folder, CHICAGO)
    assert found.covered == DAYS
    samples: dict[str, Values] = {}
    for asset in ASSETS_OF_MINUTES:
        samples |= fetched(found, asset, DAYS)
    assert found.problems == []
    expected = expected_series(folder, CHICAGO, DAYS.first, DAYS.last)
    for metric, kind in SPARSE.items():
        written = {milliseconds(time.replace(tzinfo=UTC)) for time, _ in rows(folder, kind)}
        assert {value for instant, value in expected[metric].items() if instant not in written} == {
            0
        }
        expected[metric] = {t: value for t, value in expected[metric].items() if t in written}
    assert samples.keys() == expected.keys()
    for name, values in expected.items():
        assert samples[name] == pytest.approx(values, rel=1e-9, abs=1e-9), name


def test_every_reading_of_the_heart_is_there(folder: Path) -> None:
    expected = {
        milliseconds(time.replace(tzinfo=UTC)): value["bpm"]
        for time, value in rows(folder, "heart_rate")
    }
    found = fetched(source(folder, CHICAGO, heart_rate_interval=1), "intraday_heart_rate", DAYS)
    assert found == {"fitbit_heart_rate_intraday": expected}


def sleep_truth(folder: Path) -> dict[str, Values]:
    """The sleep metrics as the logs' own summaries have them, log by log."""
    logs = {}
    for path in sorted(folder.glob("sleep-*.json.gz")):
        for log in json.loads(gzip.decompress(path.read_bytes())):
            logs[log["logId"]] = log
    series: dict[str, Values] = defaultdict(lambda: defaultdict(float))
    for log in logs.values():
        start, end = (
            datetime.fromisoformat(log[name]).replace(tzinfo=CHICAGO)
            for name in ("startTime", "endTime")
        )
        if not DAYS.first <= end.date() <= DAYS.last:
            continue
        assert log["dateOfSleep"] == end.date().isoformat()
        day = midnight(end, CHICAGO)
        series["fitbit_sleep_minutes_total"][day] += log["minutesAsleep"]
        summary = log["levels"]["summary"]
        for stage in ("deep", "light", "rem", "wake"):
            if stage in summary:
                series[f"fitbit_sleep_stage_minutes/{stage}"][day] += summary[stage]["minutes"]
        if log["mainSleep"]:
            series["fitbit_sleep_time_in_bed_minutes"][day] = log["timeInBed"]
            series["fitbit_sleep_efficiency_percent"][day] = log["efficiency"]
            series["fitbit_sleep_start_timestamp"][day] = start.timestamp()
            series["fitbit_sleep_end_timestamp"][day] = end.timestamp()
            if "wake" in summary:
                series["fitbit_sleep_awakenings"][day] = summary["wake"]["count"]
    return {name: dict(values) for name, values in series.items()}


def test_every_sleep_is_the_files(folder: Path) -> None:
    assert fetched(source(folder, CHICAGO), "sleep", DAYS) == sleep_truth(folder)


def test_a_zip_holds_the_same_as_the_folder(folder: Path, tmp_path: Path) -> None:
    """Made in the test's own folder, gone with it."""
    files = {
        path.name.removesuffix(".gz"): gzip.decompress(path.read_bytes())
        for path in sorted(folder.glob("*.json.gz"))
    }
    zipped = source(write_zip(tmp_path / "takeout.zip", files), CHICAGO)
    plain = source(folder, CHICAGO)
    for asset in ("sleep", "activity_summary", "intraday_calories"):
        assert fetched(zipped, asset, DAYS) == fetched(plain, asset, DAYS)
    zipped.close()


UNREAD = {"fitbit-to-sqlite": {"exercise.json", "heart_rate_zones.json", "sleep_score.csv"}}


@pytest.mark.parametrize("name", ["fitbit-to-sqlite", "fitout"])
def test_every_kind_of_the_small_files_is_read_or_named(recordings: Path, name: str) -> None:
    folder = recordings / "data" / "takeout_small_fixtures" / name
    found = source(folder)
    assert set(found.unknown) == UNREAD.get(name, set())
    kinds = {parse_name(path.name).kind for path in folder.iterdir()} - set(found.unknown)
    assert kinds <= set(KINDS)
    assert found.covered is not None
    samples: dict[str, Values] = {}
    for asset in ASSETS:
        if found.has(asset):
            samples |= fetched(found, asset.name, found.covered)
    assert found.problems == []
    # Each kind that was read has left samples.
    assert {len(values) for values in samples.values()} <= set(range(1, 6))
    metrics = {name.partition("/")[0] for name in samples}
    expected = {
        "fitbit-to-sqlite": {
            "fitbit_active_minutes",
            "fitbit_distance_km",
            "fitbit_distance_intraday",
            "fitbit_resting_heart_rate_bpm",
        },
        "fitout": {"fitbit_resting_heart_rate_bpm"},
    }
    assert {metric for metric in metrics if "sleep" not in metric} == expected[name]
