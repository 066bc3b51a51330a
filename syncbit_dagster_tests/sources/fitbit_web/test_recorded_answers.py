"""Real answers, kept by clients of the API: every file of them is parsed, or its endpoint is one
that nobody asks here."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.samples import decode_labels, to_series
from syncbit_dagster.sources.errors import PermissionMissingError
from syncbit_dagster.sources.fitbit_web.plan import (
    IntradayRequest,
    Request,
    SeriesRequest,
    SleepRequest,
    SummaryRequest,
)
from syncbit_dagster_tests.sources.fitbit_web.answers import Samples, content_of, read
from syncbit_dagster_tests.sources.fitbit_web.fake_api import connected, fake_api, json_answer
from syncbit_dagster_tests.sources.fitbit_web.recorded import (
    DAILY,
    DEVICES,
    FITBIT_NET,
    FITBITR,
    INTERVALS,
    PROFILES,
    SUMMARIES,
    SUMMARY_METRICS,
    ZOKIOKI,
    at,
    days,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.recordings


OF_OTHER_TESTS = {
    "errors_real/fitbit_errors.json",
    f"{FITBIT_NET}/ApiError-Request-BadRequest.json",
    f"{FITBIT_NET}/ApiError-Request-Forbidden.json",
    f"{FITBIT_NET}/ApiError-Request-StaleToken.json",
    f"{FITBIT_NET}/ApiError-Request-Unauthorized.json",
    f"{FITBIT_NET}/ApiError.json",
    f"{FITBITR}/bad400Query.response.json",
    f"{FITBIT_NET}/GetHeartRateTimeSeries.json",
    f"{FITBIT_NET}/SleepLogList.json",
    f"{FITBITR}/demo_hr_steps_minutes_2017-06.csv.gz",
}
# Nobody here asks for these: the token endpoint is the OAuth library's, the API's own description
# is test_requests.py's, and the others are endpoints of other products.
NOT_ASKED = {
    "LICENSE.allenporter-fitbit-web-api",
    "fitbit-web-api-openapi-fixed.json",
    "fitbit-web-api-swagger.json",
    *(
        f"{FITBIT_NET}/{name}"
        for name in (
            "AccessToken.json",
            "ActivitiesStats.json",  # lifetime totals
            "ActivityGoals.json",
            "AddSubscriptionResponse.json",
            "ApiSubscriptionNotification.json",
            "GetActivityLogsList.json",  # workouts
            "GetActivityLogsList2.json",
            "GetBloodPressure.json",
            "GetBodyMeasurements.json",  # repeats old values
            "GetBreathingRateIntradayByDate.json",
            "GetBreathingRateIntradayByInterval.json",
            "GetFat.json",  # the weight log has what a scale measures
            "GetFoodLogs.json",
            "GetFriends-Multiple.json",
            "GetFriends-None.json",
            "GetFriends-Single-2.json",
            "GetFriends-Single.json",
            "GetGoals.json",
            "GetHRVIntradayByDate.json",
            "GetHRVIntradayByInterval.json",
            "GetHeartRate.json",  # entered by hand, before there were sensors
            "GetSleepGoal.json",
            "GetSleepOld.json",  # version 1 of sleep: no dateOfSleep
            "GetSpO2IntradayByDate.json",
            "GetSpO2IntradayByInterval.json",
            "GetSpO2IntradayByInterval2.json",
            "GetWater-WaterData.json",
            "GetWeightGoal.json",
            "ListApiSubscriptions.json",
            "ListApiSubscriptionsResponseMultiple.json",
            "ListApiSubscriptionsResponseSingle.json",
            "LogWater-WaterLog.json",
            "MultipleSingleSubscriptionNotification.xml",
            "SingleSubscriptionNotification.xml",
            "WeightGoals.json",
        )
    ),
    *(f"{ZOKIOKI}/activities_{name}.json" for name in ("all", "favorite", "frequent", "recent")),
}


@pytest.fixture
def folder(recordings: Path) -> Path:
    return recordings / "contracts/fitbit_web_api"


def answer_in(path: Path) -> Any:
    """A file's answer; some keep the headers around it."""
    content = json.loads(content_of(path))
    return content["body"] if isinstance(content, dict) and "body" in content else content


def test_every_file_is_in_one_of_the_lists(folder: Path) -> None:
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    parsed = {*(row[0] for row in DAILY), *SUMMARIES, *(row[0] for row in INTERVALS)}
    parsed |= {*DEVICES, *PROFILES, *OF_OTHER_TESTS}
    assert parsed | NOT_ASKED == files
    assert not parsed & NOT_ASKED


@pytest.mark.parametrize(
    ("file", "asset", "request_", "expected"),
    DAILY,
    ids=lambda part: part if isinstance(part, str) and "/" in part else "",
)
def test_daily_values(
    folder: Path, file: str, asset: str, request_: Request, expected: Samples
) -> None:
    assert read(asset, (request_, answer_in(folder / file))) == expected


@pytest.mark.parametrize("file", SUMMARIES)
def test_summaries(folder: Path, file: str) -> None:
    found = read("activity_summary", (SummaryRequest(days("2020-01-01")), answer_in(folder / file)))
    expected = {
        name: {at("2020-01-01"): value}
        for name, value in zip(SUMMARY_METRICS, SUMMARIES[file], strict=True)
        if value is not None
    }
    assert found == expected


def test_heart_rate_in_a_summary(folder: Path) -> None:
    file = folder / FITBIT_NET / "GetActivities.json"
    found = read("heart_rate", (SummaryRequest(days("2014-09-25")), answer_in(file)))
    midnight = at("2014-09-25")
    assert found["resting_heart_rate_bpm"] == {midnight: 73}
    assert found["heart_rate_zone_minutes fat_burn"] == {midnight: 192}
    assert found["heart_rate_zone_calories out_of_range"] == {midnight: 1594.36823}
    assert len(found) == 9


def test_heart_rate_by_range(folder: Path) -> None:
    request = SeriesRequest("heart", days("2017-08-15", "2017-08-21"))
    file = folder / FITBIT_NET / "GetHeartRateTimeSeries.json"
    found = read("heart_rate", (request, answer_in(file)))
    assert {len(values) for values in found.values()} == {7}
    assert found["resting_heart_rate_bpm"][at("2017-08-17")] == 53
    assert found["heart_rate_zone_minutes peak"][at("2017-08-15")] == 21
    assert found["heart_rate_zone_calories cardio"][at("2017-08-16")] == 992.09506


def test_a_log_of_no_length(folder: Path) -> None:
    found = read(
        "sleep",
        (SleepRequest(days("2017-03-26")), answer_in(folder / FITBIT_NET / "SleepLogList.json")),
    )
    assert found["sleep_minutes_total"] == {at("2017-03-26"): 0}
    assert not any("start" in name or "efficiency" in name for name in found)


@pytest.mark.parametrize(("file", "resource", "day", "minutes", "count", "total"), INTERVALS)
def test_intervals(
    folder: Path, file: str, resource: str, day: str, minutes: int, count: int, total: float
) -> None:
    request = IntradayRequest(resource, days(day), minutes * 60)
    asset = "intraday_heart_rate" if resource == "heart" else f"intraday_{resource}"
    found = read(asset, (request, answer_in(folder / file)))
    values = [value for samples in found.values() for value in samples.values()]
    assert len(values) == count
    assert sum(values) == pytest.approx(total, rel=1e-4)
    times = [time - at(day) for samples in found.values() for time in samples]
    assert all(0 <= time < 86_400 and time % (minutes * 60) == 0 for time in times)


def test_a_month_of_minutes_keeps_every_value(folder: Path) -> None:
    """A client's table of minutes, as answers: what comes out is what went in."""
    path = folder / FITBITR / "demo_hr_steps_minutes_2017-06.csv.gz"
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode())))
    for day in sorted({row["date"] for row in rows})[:3]:
        points = [
            (int(float(row["time"])), float(row["value"]))
            for row in rows
            if row["date"] == day and row["type"] == "heart rate" and row["value"] != "NA"
        ]
        dataset = [
            {"time": f"{time // 3600:02}:{time // 60 % 60:02}:{time % 60:02}", "value": value}
            for time, value in points
        ]
        content = {"dataset": dataset, "datasetInterval": 1, "datasetType": "minute"}
        answer = {
            "activities-heart": [{"dateTime": day, "value": {}}],
            "activities-heart-intraday": content,
        }
        request = IntradayRequest("heart", days(day), 60)
        found = read("intraday_heart_rate", (request, answer))
        assert len(points) > 1000
        assert found == {"heart_rate_intraday": {at(day) + time: value for time, value in points}}


def test_answers_that_tell_an_app_or_a_day_apart(folder: Path) -> None:
    """Two shapes of 200: no intervals for apps of other types, zones without minutes."""
    recorded = json.loads((folder / "errors_real/fitbit_errors.json").read_text())
    missing, bare = [one["body"] for one in recorded if one["status"] == 200]
    with pytest.raises(PermissionMissingError, match="type Personal"):
        read("intraday_heart_rate", (IntradayRequest("heart", days("2024-01-30"), 60), missing))
    bare["activities-heart"][0]["dateTime"] = "2025-02-01"
    assert read("heart_rate", (SeriesRequest("heart", days("2025-02-01")), bare)) == {}


@pytest.mark.parametrize("file", DEVICES)
def test_devices(folder: Path, tmp_path: Path, file: str) -> None:
    content = answer_in(folder / file)
    with (
        fake_api(lambda _: json_answer(content)) as api,
        connected(api.url, tmp_path) as source,
    ):
        current = source.fetch_current(asset_named("devices"))
    found: dict[str, dict[str, Any]] = {}
    for one in to_series(current.samples):
        labels = decode_labels(one.labels)
        device = found.setdefault(labels["device_id"], {"type": labels["device_type"]})
        device[one.metric] = one.values.item()
        if one.metric == "fitbit_device_last_sync_timestamp":
            assert one.timestamps.item() == one.values.item() * 1000
    assert found == {
        number: {
            "type": kind,
            "fitbit_device_battery_percent": battery,
            "fitbit_device_last_sync_timestamp": datetime.fromisoformat(
                f"{synced}+00:00"
            ).timestamp(),
        }
        for number, kind, battery, synced in DEVICES[file]
    }


@pytest.mark.parametrize("file", PROFILES)
def test_profiles(folder: Path, tmp_path: Path, file: str) -> None:
    content = answer_in(folder / file)

    def answer(path: str) -> tuple[int, bytes]:
        return json_answer([] if "devices" in path else content)

    with fake_api(answer) as api, connected(api.url, tmp_path) as source:
        profile = source.profile()
    zone, first_day = PROFILES[file]
    assert (profile.zone, profile.first_day) == (ZoneInfo(zone), first_day)
