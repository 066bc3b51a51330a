"""Parsing: the wire's own rules in windows and days, and a thousand ways to be broken."""

from __future__ import annotations

from datetime import datetime

import pytest

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.google_health.parse import parse
from syncbit_dagster.sources.google_health.plan import (
    DailyPointsRequest,
    DailyRollUpRequest,
    Request,
)
from syncbit_dagster.sources.set_aside import BAD_TIME, BAD_VALUE
from syncbit_dagster_tests.sources.google_points import (
    DAYS,
    NEW_YORK,
    daily_point,
    read,
    reasons,
    series_of,
    window_point,
    windows,
)


def test_whole_numbers_are_texts_and_units_are_converted() -> None:
    request = DailyRollUpRequest("distance", DAYS)
    point = daily_point(20, distance={"millimetersSum": "6120450"})
    assert read(request, "activity_summary", point) == {"fitbit_distance_km": [6.12045]}


def test_a_daily_value_is_stamped_with_its_local_midnight() -> None:
    request = DailyRollUpRequest("steps", DAYS)
    point = daily_point(20, steps={"countSum": "1"})
    series = series_of(request, metrics_of("activity_summary"), point)[0]
    midnight = datetime(2026, 6, 20, tzinfo=NEW_YORK)
    assert series.timestamps.tolist() == [int(midnight.timestamp() * 1000)]
    assert decode_labels(series.labels) == {"user": "u", "device": "d"}


def test_a_zero_that_the_wire_leaves_out_is_measured_and_a_missing_point_is_not() -> None:
    request = windows("steps")
    idle, off_wrist = window_point(0, steps={}), window_point(1)
    assert read(request, "intraday_steps", idle, off_wrist) == {"fitbit_steps_intraday": [0.0]}


def test_a_heart_rate_of_zero_is_no_heart_rate() -> None:
    request = windows("heart-rate")
    points = [
        window_point(0, heartRate={"beatsPerMinuteAvg": 71.4}),
        window_point(1, heartRate={"beatsPerMinuteAvg": 0}),
        window_point(2, heartRate={}),
        window_point(3, heartRate={"beatsPerMinuteAvg": "NaN"}),
        window_point(4, heartRate={"beatsPerMinuteAvg": None}),
    ]
    assert read(request, "intraday_heart_rate", *points) == {"fitbit_heart_rate_intraday": [71.4]}


def test_zones_become_labels_and_durations_minutes() -> None:
    request = DailyRollUpRequest("time-in-heart-rate-zone", DAYS)
    zones = [
        {"heartRateZone": "LIGHT", "duration": "60480s"},
        {"heartRateZone": "PEAK", "duration": "90.5s"},
        {"heartRateZone": "NEW_ZONE", "duration": "60s"},
    ]
    found = read(
        request, "heart_rate", daily_point(1, timeInHeartRateZone={"timeInHeartRateZones": zones})
    )
    assert found == {
        "fitbit_heart_rate_zone_minutes/out_of_range": [1008.0],
        "fitbit_heart_rate_zone_minutes/peak": [pytest.approx(90.5 / 60)],
    }


def test_temperature_is_relative_to_the_baseline_or_absent() -> None:
    request = DailyPointsRequest("daily-sleep-temperature-derivations", DAYS)

    def night(day: int, **value: object) -> dict[str, object]:
        civil = {"year": 2026, "month": 6, "day": day}
        return {"dailySleepTemperatureDerivations": {"date": civil, **value}}

    points = [
        night(1, nightlyTemperatureCelsius=34.1, baselineTemperatureCelsius=33.8),
        night(2, nightlyTemperatureCelsius=34.1),
        night(3, nightlyTemperatureCelsius=34.1, baselineTemperatureCelsius="NaN"),
        night(4, nightlyTemperatureCelsius=33.8, baselineTemperatureCelsius=33.8),
        night(5, baselineTemperatureCelsius=33.8),
        night(6),
    ]
    found = read(request, "skin_temperature", *points)
    assert found["fitbit_temp_skin_relative_celsius"] == pytest.approx([0.3, 0.0])


@pytest.mark.parametrize(
    "value",
    [True, [], {}, "12abc", "1e5", "", "Infinity", "٣", 1e400, "9" * 400, {"a": 1}],
)
def test_a_value_that_is_no_number_is_set_aside(value: object) -> None:
    metrics = metrics_of("intraday_steps")
    points = [window_point(0, steps={"countSum": value}), window_point(1, steps={"countSum": "3"})]
    (found,) = series_of(windows("steps"), metrics, *points)
    assert found.values.tolist() == [3.0]
    assert reasons(windows("steps"), metrics, *points) == [BAD_VALUE]


@pytest.mark.parametrize(
    "time", [None, 5, "", "2026-06-01T00:00:00", "2026-06-01T00:00:00+02:00Z", "yesterdayZ", "NaTZ"]
)
def test_a_time_that_is_no_instant_is_set_aside(time: object) -> None:
    metrics = metrics_of("intraday_steps")
    points = [{"startTime": time, "steps": {"countSum": "1"}}, window_point(1, steps={})]
    (found,) = series_of(windows("steps"), metrics, *points)
    assert found.values.tolist() == [0.0]
    assert reasons(windows("steps"), metrics, *points) == [BAD_TIME]


@pytest.mark.parametrize(
    ("asset", "request_", "points"),
    [
        ("intraday_steps", windows("steps"), [window_point(n, steps={"sum": "5"}) for n in (0, 1)]),
        ("intraday_steps", windows("steps"), [window_point(n, step={}) for n in (0, 1)]),
        (
            "heart_rate",
            DailyRollUpRequest("time-in-heart-rate-zone", DAYS),
            [
                daily_point(n, timeInHeartRateZone={"timeInHeartRateZones": [zone]})
                for n, zone in enumerate([{"heartRateZone": "PEAK", "time": "60s"}] * 2, start=1)
            ],
        ),
        (
            "activity_summary",
            DailyRollUpRequest("active-minutes", DAYS),
            [daily_point(n, activeMinutes={"levels": []}) for n in (1, 2)],
        ),
    ],
)
def test_a_field_that_is_renamed_everywhere_is_no_history_of_zeros(
    asset: str, request_: Request, points: list[object]
) -> None:
    with pytest.raises(UnexpectedResponseError, match="lack a documented field"):
        parse(request_, points, metrics_of(asset), NEW_YORK)
