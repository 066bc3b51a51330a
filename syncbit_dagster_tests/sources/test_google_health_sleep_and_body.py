"""Parsing: sleeps, readings of the body, devices."""

from __future__ import annotations

from datetime import datetime

import pytest

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.sources.google_health.parse import parse
from syncbit_dagster.sources.google_health.plan import (
    PointsRequest,
    SessionsRequest,
)
from syncbit_dagster.sources.google_health.series import to_series
from syncbit_dagster_tests.sources.google_points import (
    DAYS,
    LABELS,
    NEW_YORK,
    read,
    series_of,
    values,
)


def sleep(
    end: str, asleep: int, *, main: bool = False, offset: str = "-14400s", **more: object
) -> dict[str, object]:
    summary = {"minutesAsleep": str(asleep), "minutesInSleepPeriod": str(asleep + 60), **more}
    interval = {"startTime": "2026-06-01T00:00:00Z", "endTime": end, "endUtcOffset": offset}
    metadata = {"mainSleep": True} if main else {"nap": True}
    return {"sleep": {"interval": interval, "metadata": metadata, "summary": summary}}


def test_sleeps_of_a_day_are_summed_and_the_main_one_gives_the_rest() -> None:
    night = sleep("2026-06-02T10:00:00Z", 400, main=True)
    nap = sleep("2026-06-02T20:00:00Z", 30)
    found = read(SessionsRequest("sleep", DAYS), "sleep", nap, night)
    assert found["fitbit_sleep_minutes_total"] == [430.0]
    assert found["fitbit_sleep_time_in_bed_minutes"] == [460.0]
    assert found["fitbit_sleep_efficiency_percent"] == pytest.approx([400 / 460 * 100])
    assert "fitbit_sleep_stage_minutes/deep" not in found


def test_a_night_that_is_still_processed_is_not_a_night_without_sleep() -> None:
    night = sleep("2026-06-02T10:00:00Z", 400, main=True)
    del night["sleep"]["summary"]["minutesAsleep"]  # type: ignore[index]
    found = read(SessionsRequest("sleep", DAYS), "sleep", night)
    assert found["fitbit_sleep_time_in_bed_minutes"] == [460.0]
    assert "fitbit_sleep_minutes_total" not in found
    assert "fitbit_sleep_efficiency_percent" not in found


def test_a_sleep_belongs_to_the_day_on_which_it_ended_where_the_sleeper_was() -> None:
    # 23:30 UTC on the first is 01:30 on the second in Cairo, and 19:30 on the first at home.
    travelling = sleep("2026-06-01T23:30:00Z", 90, offset="7200s")
    (series,) = [
        one
        for one in series_of(SessionsRequest("sleep", DAYS), metrics_of("sleep"), travelling)
        if one.metric == "fitbit_sleep_minutes_total"
    ]
    midnight = datetime(2026, 6, 2, tzinfo=NEW_YORK)
    assert series.timestamps.tolist() == [int(midnight.timestamp() * 1000)]


def test_stages_of_several_sleeps_are_summed_over_pages() -> None:
    stages = [{"type": "DEEP", "minutes": "50", "count": "3"}, {"type": "AWAKE", "count": "2"}]
    request, metrics = SessionsRequest("sleep", DAYS), metrics_of("sleep")
    pages = [
        [sleep("2026-06-02T10:00:00Z", 400, main=True, stagesSummary=stages)],
        [sleep("2026-06-02T15:00:00Z", 90, stagesSummary=stages[:1])],
    ]
    rows = [one for page in pages for one in parse(request, page, metrics, NEW_YORK).rows]
    found = values(to_series(metrics, rows, LABELS, NEW_YORK).series)
    assert found["fitbit_sleep_stage_minutes/deep"] == [100.0]
    assert found["fitbit_sleep_stage_minutes/wake"] == [0.0]  # the wire leaves a zero out
    assert found["fitbit_sleep_awakenings"] == [2.0]
    assert "fitbit_sleep_stage_minutes/rem" not in found


def weighed(day: int, time: str, data_type: str, **value: object) -> dict[str, object]:
    sample = {
        "physicalTime": f"2026-06-{day:02}T{time}Z",
        "civilTime": {"date": {"year": 2026, "month": 6, "day": day}},
    }
    return {data_type: {"sampleTime": sample, **value}}


def test_the_last_weight_of_a_day_counts_and_its_height_is_the_one_known_then() -> None:
    metrics = metrics_of("body")
    weights = [
        weighed(3, "21:00:00", "weight", weightGrams=81_000),
        weighed(3, "08:00:00", "weight", weightGrams=80_000.0),
        weighed(2, "08:00:00", "weight", weightGrams=79_000),
    ]
    heights = [
        weighed(3, "12:00:00", "height", heightMillimeters="1800"),
        weighed(1, "12:00:00", "height", heightMillimeters="2000"),
    ]
    rows = parse(PointsRequest("weight", DAYS), weights, metrics, NEW_YORK).rows
    of_heights = parse(PointsRequest("height", None), heights, metrics, NEW_YORK).rows
    found = values(to_series(metrics, [*rows, *of_heights], LABELS, NEW_YORK).series)
    assert found["fitbit_weight_kg"] == [79.0, 81.0]
    assert found["fitbit_bmi"] == pytest.approx([79 / 4, 81 / 1.8**2])
    assert "fitbit_bmi" not in values(to_series(metrics, rows, LABELS, NEW_YORK).series)
