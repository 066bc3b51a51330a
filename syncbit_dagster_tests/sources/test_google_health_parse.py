"""Parsing: recorded answers, the wire's own rules, and a thousand ways to be broken."""

from __future__ import annotations

import copy
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncbit_dagster.account import Account, OAuthApp, OAuthDialect, Quota, TokenFile
from syncbit_dagster.catalog import METRICS, Metric, metrics_of
from syncbit_dagster.civil import DayRange
from syncbit_dagster.samples import Series, decode_labels
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.google_health.devices import device_series
from syncbit_dagster.sources.google_health.parse import parse
from syncbit_dagster.sources.google_health.plan import (
    DailyPointsRequest,
    DailyRollUpRequest,
    PointsRequest,
    ReadingsRequest,
    Request,
    RollUpRequest,
    SessionsRequest,
)
from syncbit_dagster.sources.google_health.series import to_series

NEW_YORK = ZoneInfo("America/New_York")
ACCOUNT = Account(
    labels={"user": "u", "device": "d"},
    provider="google_health",
    api_url="http://127.0.0.1",
    zone=NEW_YORK,
    zone_is_assumed=False,
    first_day=date(2026, 1, 1),
    oauth=OAuthApp(None, None, "", "", "", OAuthDialect("ID", "SECRET")),
    tokens=TokenFile(Path("unused")),
    quota=Quota(150, 60),
)
DAYS = DayRange(date(2026, 6, 1), date(2026, 6, 30))
MINUTE = timedelta(minutes=1)


def windows(data_type: str) -> RollUpRequest:
    start = datetime(2026, 6, 1, tzinfo=UTC)
    return RollUpRequest(data_type, start, start + timedelta(days=1), MINUTE, 10_000)


def daily_point(day: int, **value: object) -> dict[str, object]:
    civil = {"date": {"year": 2026, "month": 6, "day": day}, "time": {}}
    return {"civilStartTime": civil, **value}


def window_point(minute: int, **value: object) -> dict[str, object]:
    return {"startTime": f"2026-06-01T00:{minute:02}:00Z", **value}


def values(series: list[Series]) -> dict[str, list[float]]:
    """Values by metric and its own labels, of the metrics that have any."""
    result = {}
    for one in series:
        if not len(one.values):
            continue
        own = [v for k, v in decode_labels(one.labels).items() if k not in ACCOUNT.labels]
        result["/".join([one.metric, *own])] = one.values.tolist()
    return result


def series_of(request: Request, metrics: tuple[Metric, ...], *points: object) -> list[Series]:
    found = parse(request, list(points), metrics, ACCOUNT.zone)
    return to_series(metrics, found, ACCOUNT.labels)


def read(request: Request, asset: str, *points: object) -> dict[str, list[float]]:
    return values(series_of(request, metrics_of(asset), *points))


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
    rows = [one for page in pages for one in parse(request, page, metrics, NEW_YORK)]
    found = values(to_series(metrics, rows, ACCOUNT.labels))
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
    rows = parse(PointsRequest("weight", DAYS), weights, metrics, NEW_YORK)
    rows += parse(PointsRequest("height", None), heights, metrics, NEW_YORK)
    found = values(to_series(metrics, rows, ACCOUNT.labels))
    assert found["fitbit_weight_kg"] == [79.0, 81.0]
    assert found["fitbit_bmi"] == pytest.approx([79 / 4, 81 / 1.8**2])
    rows = parse(PointsRequest("weight", DAYS), weights, metrics, NEW_YORK)
    assert "fitbit_bmi" not in values(to_series(metrics, rows, ACCOUNT.labels))


def test_devices_are_labelled_and_their_last_sync_sits_at_itself() -> None:
    now = datetime(2026, 6, 3, 12, tzinfo=UTC)
    tracker = {
        "name": "users/me/pairedDevices/123",
        "deviceType": "TRACKER",
        "batteryLevel": 82,
        "lastSyncTime": "2026-06-03T11:58:30Z",
    }
    scale = {"name": "users/me/pairedDevices/7", "deviceType": "SCALE"}
    battery, sync = device_series([tracker, scale], metrics_of("devices"), ACCOUNT.labels, now)
    own = {"device_id": "123", "device_type": "TRACKER"}
    assert decode_labels(battery.labels) == {**ACCOUNT.labels, **own}
    assert (battery.timestamps.item(), battery.values.item()) == (now.timestamp() * 1000, 82.0)
    seconds = datetime(2026, 6, 3, 11, 58, 30, tzinfo=UTC).timestamp()
    assert (sync.timestamps.item(), sync.values.item()) == (seconds * 1000, seconds)
    for broken in ({**tracker, "name": None}, {**tracker, "batteryLevel": "full"}, None):
        with pytest.raises(UnexpectedResponseError, match="paired device"):
            device_series([broken], metrics_of("devices"), ACCOUNT.labels, now)


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
            ReadingsRequest("heart-rate", "beatsPerMinute", DAYS.start(UTC), DAYS.end(UTC)),  # type: ignore[arg-type]
            "intraday_heart_rate",
            "fitbit_heart_rate_intraday",
            72.0,
            datetime(2026, 8, 6, 12, 1, 29, tzinfo=UTC),
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
    folder = recordings / "contracts/google_health_api/real_django-google-health_charge5_2026-08"
    point = json.loads((folder / file).read_text())
    series = series_of(request_, metrics_of(asset), point)
    (found,) = [one for one in series if one.metric == metric]
    assert found.values.tolist() == [pytest.approx(expected)]
    assert found.timestamps.tolist() == [int(instant.timestamp() * 1000)]


@pytest.mark.recordings
def test_a_real_roll_up(recordings: Path) -> None:
    folder = recordings / "contracts/google_health_api/real_google-health-cli_pixelwatch4_2026-06"
    points = json.loads((folder / "steps_rollup.json").read_text())["rollupDataPoints"]
    found = read(DailyRollUpRequest("steps", DAYS), "activity_summary", *points)
    assert found == {"fitbit_steps_total": [8000.0, 10000.0]}


@pytest.mark.parametrize(
    "value",
    [True, [], {}, "12abc", "1e5", "", "Infinity", "٣", 1e400, "9" * 400, {"a": 1}],
)
def test_a_value_that_is_no_number_is_an_error(value: object) -> None:
    point = window_point(0, steps={"countSum": value})
    with pytest.raises(UnexpectedResponseError, match="steps is not as documented"):
        parse(windows("steps"), [point], metrics_of("intraday_steps"), NEW_YORK)


@pytest.mark.parametrize(
    "time", [None, 5, "", "2026-06-01T00:00:00", "2026-06-01T00:00:00+02:00Z", "yesterdayZ", "NaTZ"]
)
def test_a_time_that_is_no_instant_is_an_error(time: object) -> None:
    point = {"startTime": time, "steps": {"countSum": "1"}}
    with pytest.raises(UnexpectedResponseError):
        parse(windows("steps"), [point], metrics_of("intraday_steps"), NEW_YORK)


GOOD: list[tuple[Request, str, dict[str, object]]] = [
    (windows("steps"), "intraday_steps", window_point(0, steps={"countSum": "5"})),
    (
        DailyRollUpRequest("active-minutes", DAYS),
        "activity_summary",
        daily_point(
            3,
            activeMinutes={
                "activeMinutesRollupByActivityLevel": [
                    {"activityLevel": "LIGHT", "activeMinutesSum": "5"}
                ]
            },
        ),
    ),
    (
        ReadingsRequest("heart-rate", "beatsPerMinute", DAYS.start(NEW_YORK), DAYS.end(NEW_YORK)),
        "intraday_heart_rate",
        {
            "heartRate": {
                "beatsPerMinute": "5",
                "sampleTime": {"physicalTime": "2026-06-01T00:00:00Z"},
            }
        },
    ),
    (
        DailyPointsRequest("daily-vo2-max", DAYS),
        "cardio_fitness",
        {"dailyVo2Max": {"date": {"year": 2026, "month": 6, "day": 1}, "vo2Max": 5}},
    ),
    (
        SessionsRequest("sleep", DAYS),
        "sleep",
        {
            "sleep": {
                "interval": {
                    "startTime": "2026-06-01T00:00:00Z",
                    "endTime": "2026-06-01T07:00:00Z",
                    "endUtcOffset": "0s",
                },
                "metadata": {"mainSleep": True},
                "summary": {
                    "minutesAsleep": "400",
                    "minutesInSleepPeriod": "420",
                    "stagesSummary": [{"type": "DEEP", "minutes": "50", "count": "3"}],
                },
            }
        },
    ),
    (
        PointsRequest("weight", DAYS),
        "body",
        {
            "weight": {
                "sampleTime": {
                    "physicalTime": "2026-06-01T00:00:00Z",
                    "civilTime": {"date": {"year": 2026, "month": 6, "day": 1}},
                },
                "weightGrams": 80500.0,
            }
        },
    ),
]
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_a_damaged_point_gives_the_right_samples_or_one_error(
    good: tuple[Request, str, dict[str, object]], data: st.DataObject
) -> None:
    request, _asset, point = good
    damaged = copy.deepcopy(point)
    node: object = damaged
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))  # type: ignore[arg-type]
        key = data.draw(st.sampled_from(keys))
        child = node[key]  # type: ignore[index]
        if not isinstance(child, dict | list) or not child or data.draw(st.booleans()):
            break
        node = child
    if isinstance(node, dict) and data.draw(st.booleans()):
        del node[key]
    else:
        node[key] = data.draw(junk)  # type: ignore[index]
    try:
        found = series_of(request, METRICS, damaged)
    except UnexpectedResponseError:
        return
    for series in found:
        assert len(series.timestamps) == len(series.values) <= 1
        assert np.isfinite(series.values).all()
