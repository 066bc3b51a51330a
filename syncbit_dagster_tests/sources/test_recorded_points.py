"""Recorded answers of real accounts become the right samples."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from syncbit_dagster.catalog import METRICS, asset_named, metrics_of
from syncbit_dagster.core.civil import DayRange, to_milliseconds
from syncbit_dagster.core.samples import decode_labels, to_series
from syncbit_dagster.emulator.person import MINUTE_MS, NO_ZONE, ZONE_MODERATE, empty_day
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_source
from syncbit_dagster.sources.google_health.parse import parse
from syncbit_dagster.sources.google_health.plan import (
    DailyPointsRequest,
    DailyRollUpRequest,
    PointsRequest,
    Request,
    SessionsRequest,
)
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.sources.google_points import (
    DAYS,
    NEW_YORK,
    read,
    readings,
    series_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from syncbit_dagster.emulator.person import PersonDay

CHARGE_5 = "contracts/google_health_api/real_django-google-health_charge5_2026-08"
PIXEL_WATCH_4 = "contracts/google_health_api/real_google-health-cli_pixelwatch4_2026-06"


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("file", "request_", "asset", "metric", "expected", "instant"),
    [
        (
            "daily_resting_heart_rate.json",
            DailyPointsRequest("daily-resting-heart-rate", DAYS),
            "heart_rate",
            "fitbit_resting_heart_rate_bpm",
            53.0,
            datetime(2026, 8, 6, 4, tzinfo=UTC),
        ),
        (
            "daily_oxygen_saturation.json",
            DailyPointsRequest("daily-oxygen-saturation", DAYS),
            "oxygen_saturation",
            "fitbit_spo2_avg_percent",
            99.3,
            datetime(2026, 8, 6, 4, tzinfo=UTC),
        ),
        (
            "sleep_stages.json",
            SessionsRequest("sleep", DAYS),
            "sleep",
            "fitbit_sleep_minutes_total",
            569.0,
            datetime(2026, 8, 6, 4, tzinfo=UTC),
        ),
        (
            "sleep_stages.json",
            SessionsRequest("sleep", DAYS),
            "sleep",
            "fitbit_sleep_end_timestamp",
            1786014420.0,  # 2026-08-06T11:07:00Z
            datetime(2026, 8, 6, 4, tzinfo=UTC),
        ),
        (
            "sleep_stages.json",
            SessionsRequest("sleep", DAYS),
            "sleep",
            "fitbit_sleep_efficiency_percent",
            569 / 577 * 100,
            datetime(2026, 8, 6, 4, tzinfo=UTC),
        ),
        (
            "sleep_stages.json",
            SessionsRequest("sleep", DAYS),
            "sleep",
            "fitbit_sleep_awakenings",
            2.0,
            datetime(2026, 8, 6, 4, tzinfo=UTC),
        ),
        (
            "weight_manual.json",
            PointsRequest("weight", DAYS),
            "body",
            "fitbit_weight_kg",
            87.09,
            datetime(2026, 8, 7, 4, tzinfo=UTC),
        ),
        (
            "heart_rate_sample.json",
            readings("heart-rate"),
            "intraday_heart_rate",
            "fitbit_heart_rate_intraday",
            72.0,
            datetime(2026, 8, 6, 12, 1, 29, tzinfo=UTC),
        ),
        (
            "steps.json",
            readings("steps"),
            "intraday_steps",
            "fitbit_steps_intraday",
            1.0,
            datetime(2026, 8, 6, 12, 1, tzinfo=UTC),
        ),
        (
            "distance.json",
            readings("distance"),
            "intraday_distance",
            "fitbit_distance_intraday",
            0.0007,
            datetime(2026, 8, 6, 12, 1, tzinfo=UTC),
        ),
    ],
)
def test_real_data_points(
    recordings: Path,
    file: str,
    request_: Request,
    asset: str,
    metric: str,
    expected: float,
    instant: datetime,
) -> None:
    folder = recordings / CHARGE_5
    point = json.loads((folder / file).read_text())
    series = series_of(request_, metrics_of(asset), point)
    (found,) = [one for one in series if one.metric == metric]
    assert found.values.tolist() == [pytest.approx(expected)]
    assert found.timestamps.tolist() == [int(instant.timestamp() * 1000)]


@pytest.mark.recordings
def test_a_real_roll_up(recordings: Path) -> None:
    folder = recordings / PIXEL_WATCH_4
    points = json.loads((folder / "steps_rollup.json").read_text())["rollupDataPoints"]
    found = read(DailyRollUpRequest("steps", DAYS), "activity_summary", *points)
    assert found == {"fitbit_steps_total": [10000.0, 8000.0]}


class RecordedPerson(SyntheticPerson):
    """Somebody whose only minutes are those of recorded points."""

    def __init__(self, points: Iterable[dict[str, Any]]) -> None:
        super().__init__(NEW_YORK, date(2026, 8, 1))
        self._points = list(points)
        self.day = lru_cache(self._recorded_day)

    def _recorded_day(self, civil_day: date) -> PersonDay:
        nothing = empty_day(civil_day, self.zone)
        count = len(nothing.worn)
        active, zones = np.zeros(count), np.full(count, NO_ZONE)
        worn = np.zeros(count, dtype=np.bool_)
        for point in self._points:
            (value,) = [one for name, one in point.items() if name != "dataSource"]
            start = datetime.fromisoformat(value["interval"]["startTime"])
            minute = (to_milliseconds(start) - nothing.start_ms) // MINUTE_MS
            if 0 <= minute < count:
                worn[minute] = True
                active[minute] += value.get("kcal", 0)
                if value.get("heartRateZone") == "FAT_BURN":
                    zones[minute] = ZONE_MODERATE
        return replace(nothing, worn=worn, active_kcal=active, heart_zone=zones)


@pytest.mark.recordings
def test_real_minutes_of_energy_and_zones_arrive_in_their_days(
    recordings: Path, tmp_path: Path
) -> None:
    """Only asked for as totals of days: the emulator adds the recorded minutes up."""
    names = ("active_energy_burned.json", "active_zone_minutes.json")
    energy, zone = (json.loads((recordings / CHARGE_5 / name).read_text()) for name in names)
    person = RecordedPerson([energy, zone])
    found = {}
    now = datetime(2026, 8, 20, tzinfo=UTC)
    with emulated_account(person, tmp_path, now=lambda: now) as account:
        source = open_source(account.settings())
        for asset in ("activity_summary", "active_zone_minutes"):
            days = DayRange(date(2026, 8, 5), date(2026, 8, 7))
            for batch in source.fetch(asset_named(asset), days):
                for one in to_series(batch.samples):
                    label = decode_labels(one.labels).get("zone", "")
                    samples = zip(one.timestamps.tolist(), one.values.tolist(), strict=True)
                    found[one.metric + label] = {at: value for at, value in samples if value}
        source.close()
    midnights = {
        day: int(datetime(2026, 8, day, tzinfo=NEW_YORK).timestamp() * 1000) for day in (5, 7)
    }
    assert found["fitbit_active_calories"] == {midnights[7]: pytest.approx(0.793398)}
    assert found["fitbit_active_zone_minutesfat_burn"] == {midnights[5]: 1.0}
    assert not found.get("fitbit_active_zone_minutescardio")


@pytest.mark.recordings
def test_real_exercises_add_to_no_metric(recordings: Path) -> None:
    """Their steps and calories are in the day's totals already."""
    walk = json.loads((recordings / CHARGE_5 / "exercise_walking.json").read_text())
    others = json.loads((recordings / PIXEL_WATCH_4 / "exercise_all.json").read_text())
    points = [walk, *others["dataPoints"]]
    assert all(point["exercise"]["metricsSummary"] for point in points)
    assert parse(SessionsRequest("exercise", DAYS), points, METRICS, NEW_YORK).rows == []
