"""Real answers that clients of the API kept: for each file, all that it holds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.sources.fitbit_web.plan import (
    BodyRequest,
    NightlyRequest,
    Request,
    SeriesRequest,
    SleepRequest,
)

if TYPE_CHECKING:
    from syncbit_dagster_tests.sources.fitbit_web.answers import Samples

FITBIT_NET, SHIMMER, ZOKIOKI, FITBITR = (
    "fitbit_net_SampleData",
    "openmhealth_shimmer",
    "zokioki_fitbit_api",
    "jhudsl_fitbitr_2017",
)


def days(first: str, last: str = "") -> DayRange:
    return DayRange(date.fromisoformat(first), date.fromisoformat(last or first))


def at(day: str, time: str = "00:00") -> int:
    """Seconds since the epoch of a time in UTC, the zone of these tests."""
    return int(datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC).timestamp())


def day_by_day(first: str, *values: float | None) -> dict[int, float]:
    return {at(first) + 86_400 * n: value for n, value in enumerate(values) if value is not None}


NIGHT: Samples = {
    "sleep_minutes_total": {at("2017-04-02"): 500},
    "sleep_stage_minutes deep": {at("2017-04-02"): 99},
    "sleep_stage_minutes light": {at("2017-04-02"): 296},
    "sleep_stage_minutes rem": {at("2017-04-02"): 105},
    "sleep_stage_minutes wake": {at("2017-04-02"): 86},
    "sleep_time_in_bed_minutes": {at("2017-04-02"): 586},
    "sleep_efficiency_percent": {at("2017-04-02"): 85},
    "sleep_awakenings": {at("2017-04-02"): 39},
    "sleep_start_timestamp": {at("2017-04-02"): float(at("2017-04-01"))},
    "sleep_end_timestamp": {at("2017-04-02"): float(at("2017-04-01", "08:00"))},
}
# Files of daily values: what was asked, and all samples that the file holds.
MAIN_OF_TWO: Samples = {
    "sleep_minutes_total": {at("2016-12-13"): 63 + 112},
    "sleep_time_in_bed_minutes": {at("2016-12-13"): 118},
    "sleep_efficiency_percent": {at("2016-12-13"): 95},
    "sleep_awakenings": {at("2016-12-13"): 0},
    "sleep_start_timestamp": {at("2016-12-13"): at("2016-12-13", "01:16")},
    "sleep_end_timestamp": {at("2016-12-13"): at("2016-12-13", "03:14")},
}
DAILY: list[tuple[str, str, Request, Samples]] = [
    (
        f"{FITBIT_NET}/TimeSeries-ActivitiesSteps.json",
        "activity_summary",
        SeriesRequest("steps", days("2014-09-04", "2014-09-10")),
        # The zero of 8 September: nothing else is known of that day.
        {"steps_total": day_by_day("2014-09-04", 7428, 9846, 4274, 7595, None, 9499, 7026)},
    ),
    (
        f"{FITBIT_NET}/TimeSeries-ActivitiesSteps-Empty.json",
        "activity_summary",
        SeriesRequest("steps", days("2014-09-04", "2014-09-10")),
        {},
    ),
    (
        f"{FITBIT_NET}/TimeSeries-ActivitiesDistance.json",
        "activity_summary",
        SeriesRequest("distance", days("2014-08-12", "2014-08-19")),
        {"distance_km": day_by_day("2014-08-12", *(2.0**n for n in range(8)))},
    ),
    (
        f"{SHIMMER}/fitbit-activities-steps-timeseries.json",
        "activity_summary",
        SeriesRequest("steps", days("2015-08-23", "2015-08-25")),
        {"steps_total": day_by_day("2015-08-23", 175, 2937)},
    ),
    (
        f"{FITBIT_NET}/ActiveZoneMinutes.json",
        "active_zone_minutes",
        SeriesRequest("active-zone-minutes", days("2025-03-26", "2025-03-29")),
        {
            "active_zone_minutes fat_burn": day_by_day("2025-03-26", 8, 8, 15, 14),
            "active_zone_minutes cardio": day_by_day("2025-03-26", 2, 0, 0, 0),
            "active_zone_minutes peak": day_by_day("2025-03-26", 0, 0, 0, 0),
        },
    ),
    (
        f"{FITBIT_NET}/ActiveZoneMinutes2.json",
        "active_zone_minutes",
        SeriesRequest("active-zone-minutes", days("2022-04-01", "2022-04-03")),
        {
            "active_zone_minutes fat_burn": day_by_day("2022-04-01", 4, 19, 1),
            "active_zone_minutes cardio": day_by_day("2022-04-01", 0, 0, 0),
            "active_zone_minutes peak": day_by_day("2022-04-01", 0, 0, 0),
        },
    ),
    (
        f"{FITBIT_NET}/GetSpO2SummaryByInterval.json",
        "oxygen_saturation",
        NightlyRequest("spo2", None, days("2021-10-01", "2021-10-04")),
        {
            "spo2_avg_percent": day_by_day("2021-10-01", 94.7, 97.7, 99.2, 96.7),
            "spo2_min_percent": day_by_day("2021-10-01", 94, 94, 94, 94),
            "spo2_max_percent": day_by_day("2021-10-01", 100, 100, 100, 100),
        },
    ),
    (
        f"{FITBIT_NET}/GetSpO2SummaryByDate.json",
        "oxygen_saturation",
        NightlyRequest("spo2", None, days("2021-10-04")),
        {
            "spo2_avg_percent": {at("2021-10-04"): 97.5},
            "spo2_min_percent": {at("2021-10-04"): 94},
            "spo2_max_percent": {at("2021-10-04"): 100},
        },
    ),
    *(
        (
            f"{FITBIT_NET}/{file}.json",
            "breathing_rate",
            NightlyRequest("br", "br", days("2021-10-25", "2021-10-26")),
            {"breathing_rate_bpm": day_by_day("2021-10-25", *values)},
        )
        for file, values in (
            ("GetBreathingRateSummaryByDate", (17.8,)),
            ("GetBreathingRateSummaryByInterval", (17.8, 17.9)),
        )
    ),
    *(
        (
            f"{FITBIT_NET}/{file}.json",
            "heart_rate_variability",
            NightlyRequest("hrv", "hrv", days("2021-10-25", "2021-10-27")),
            {
                "hrv_rmssd_ms": day_by_day("2021-10-25", *daily),
                "hrv_deep_rmssd_ms": day_by_day("2021-10-25", *deep),
            },
        )
        for file, daily, deep in (
            ("GetHRVSummaryByDate", (34.938,), (31.567,)),
            ("GetHRVSummaryByInterval", (62.887, 61.887, 60.887), (64.887, 64.887, 64.887)),
        )
    ),
    *(
        (
            f"{FITBIT_NET}/{file}.json",
            "cardio_fitness",
            NightlyRequest("cardioscore", "cardioScore", days("2023-10-15", "2023-10-16")),
            {"vo2_max": day_by_day("2023-10-15", *values)},
        )
        for file, values in (
            ("GetCardioScoreSummaryByDate", (44,)),
            ("GetCardioScoreSummaryByInterval", (44, 43)),
        )
    ),
    (
        f"{FITBIT_NET}/GetWeight.json",
        "body",
        BodyRequest(days("2012-03-05")),
        {"weight_kg": {at("2012-03-05"): 73}, "bmi": {at("2012-03-05"): 23.57}},
    ),
    (
        f"{SHIMMER}/fitbit-body-log-weight.json",
        "body",
        BodyRequest(days("2015-05-13", "2015-05-24")),
        {
            "weight_kg": {
                at(f"2015-05-{day}"): value
                for day, value in ((13, 56.7), (14, 55.9), (22, 58.1), (24, 57.2))
            },
            "bmi": {
                at(f"2015-05-{day}"): value
                for day, value in ((13, 21.48), (14, 21.17), (22, 21.99), (24, 21.65))
            },
        },
    ),
    *(
        (f"{FITBIT_NET}/{file}.json", "sleep", SleepRequest(days("2017-04-02")), NIGHT)
        for file in ("GetSleep", "GetSleepRange")
    ),
    *(
        (
            f"{SHIMMER}/{file}.json",
            "sleep",
            SleepRequest(days("2016-12-13")),
            MAIN_OF_TWO,
        )
        # The second does not say which one is the main sleep: the longer one is.
        for file in ("fitbit-sleep-date", "fitbit-sleep-date-range")
    ),
    *(
        (f"{SHIMMER}/{file}.json", "sleep", SleepRequest(days("2016-12-13")), {})
        for file in (
            "fitbit-sleep-date-empty-sleep-list",
            "fitbit-sleep-date-range-empty-sleep-list",
        )
    ),
]

# Summaries: steps, km, calories, active calories, the four kinds of minutes, floors, metres.
SUMMARIES: dict[str, tuple[float | None, ...]] = {
    f"{FITBIT_NET}/GetActivities.json": (
        15_720, 12.32, 2828, 1205, 1155, 59, 63, 91, 26, 79.25,
    ),
    f"{SHIMMER}/fitbit-activities-date-empty-activities-list.json": (
        12_517, 8.56, 1892, 652, 1260, 112, 26, 42, None, None,
    ),
    f"{SHIMMER}/fitbit-activities-date-single-in-activities-list.json": (
        10_007, 7.32, 1848, 627, 1271, 132, 34, 3, None, None,
    ),
    f"{SHIMMER}/fitbit-activities-date-multiple-in-activities-list.json": (
        15_242, 12.87, 1218, 149, 787, 72, 0, 24, None, None,
    ),
    f"{ZOKIOKI}/activities_daily.json": (
        1698, 1.26, 2628, 655, 802, 110, 0, 0, 0, 0,
    ),
}  # fmt: skip
SUMMARY_METRICS = (
    "steps_total",
    "distance_km",
    "calories_total",
    "active_calories",
    "active_minutes sedentary",
    "active_minutes lightly_active",
    "active_minutes fairly_active",
    "active_minutes very_active",
    "floors_total",
    "elevation_meters",
)

# Files of one day in intervals: metric, day, minutes, samples, their sum.
INTERVALS: list[tuple[str, str, str, int, int, float]] = [
    (f"{FITBIT_NET}/IntradayActivitiesSteps.json", "steps", "2016-03-08", 1, 1084, 2940),
    (f"{FITBIT_NET}/IntradayActivitiesCalories.json", "calories", "2015-03-20", 1, 1440, 2601.07),
    (
        f"{FITBIT_NET}/IntradayActivitiesCaloriesMissingDateTime.json",
        "calories", "2015-03-20", 1, 0, 0,
    ),
    (f"{FITBIT_NET}/GetHeartRateIntradayTimeSeries.json", "heart", "2017-06-29", 1, 1157, 79_226),
    (f"{FITBIT_NET}/GetHeartRateIntradayTimeSeries1.1.json", "heart", "2017-08-21", 15, 96, 5322),
    (f"{SHIMMER}/fitbit-activities-heart-1d-1m-intraday.json", "heart", "2015-08-21", 1, 5, 321),
    (f"{SHIMMER}/fitbit-activities-steps-1d-1m-intraday.json", "steps", "2015-08-21", 1, 3, 59),
    (f"{FITBITR}/hrQuery.response.json", "heart", "2017-07-31", 1, 1397, 102_701),
    (f"{FITBITR}/stepsQuery.response.json", "steps", "2017-07-31", 1, 1440, 8889),
]  # fmt: skip

DEVICES = {
    f"{FITBIT_NET}/GetDevices-Single.json": [("5656888", "TRACKER", 65, "2014-07-17T17:38:13")],
    f"{FITBIT_NET}/GetDevices-Double.json": [
        ("5656888", "TRACKER", 65, "2014-07-17T17:38:13"),
        ("5656777", "SCALE", 70, "2014-07-17T17:38:13"),
    ],
    f"{ZOKIOKI}/devices_list.json": [("816713257", "TRACKER", 60, "2019-11-07T17:00:58")],
}
PROFILES = {
    f"{FITBIT_NET}/UserProfile.json": ("Europe/London", date(2014, 1, 6)),
    f"{FITBITR}/userQuery.response.json": ("America/Chicago", date(2015, 6, 29)),
}
