"""From answers to samples: what each field means, what is absent and what is zero."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.civil import DayRange
from syncbit_dagster.sources.errors import PermissionMissingError, UnexpectedResponseError
from syncbit_dagster.sources.fitbit_web.parse import parse
from syncbit_dagster.sources.fitbit_web.plan import (
    BodyRequest,
    IntradayRequest,
    NightlyRequest,
    Request,
    SeriesRequest,
    SleepRequest,
    SummaryRequest,
)
from syncbit_dagster_tests.sources.fitbit_web.answers import Samples, read

NEW_YORK = ZoneInfo("America/New_York")
DAY = date(2026, 6, 1)
DAYS = DayRange(DAY, date(2026, 6, 3))
ONE_DAY = DayRange(DAY, DAY)
FIRST, SECOND, THIRD = (
    int(datetime(2026, 6, day, 4, tzinfo=UTC).timestamp()) for day in (1, 2, 3)
)  # midnights in New York


def series(resource: str, *values: Any) -> tuple[Request, Any]:
    entries = [
        {"dateTime": f"2026-06-0{n}", "value": value} for n, value in enumerate(values, start=1)
    ]
    return SeriesRequest(resource, DAYS), {f"activities-{resource}": entries}


def nightly(endpoint: str, key: str, *values: Any) -> tuple[Request, Any]:
    entries = [
        {"dateTime": f"2026-06-0{n}", "value": value} for n, value in enumerate(values, start=1)
    ]
    return NightlyRequest(endpoint, key, DAYS), {key: entries}


def read_here(asset: str, *answers: tuple[Request, Any]) -> Samples:
    return read(asset, *answers, zone=NEW_YORK)


# Time series


def test_values_are_texts_and_stand_at_local_midnight() -> None:
    found = read_here(
        "activity_summary", series("steps", "2504", "1"), series("distance", "7.13884", "1.0E-4")
    )
    assert found == {
        "steps_total": {FIRST: 2504, SECOND: 1},
        "distance_km": {FIRST: 7.13884, SECOND: 0.0001},
    }


def test_active_calories_are_what_is_beyond_the_basal_rate() -> None:
    found = read_here(
        "activity_summary",
        series("steps", "9000", "9000", "9000"),
        series("calories", "2601", "1700", "900"),
        series("caloriesBMR", "1600", "1700"),
    )
    assert found["calories_total"] == {FIRST: 2601, SECOND: 1700, THIRD: 900}
    assert found["active_calories"] == {FIRST: 1001, SECOND: 0}


def test_a_basal_rate_of_more_of_the_day_than_the_calories_gives_no_difference() -> None:
    found = read_here("activity_summary", series("calories", "400"), series("caloriesBMR", "1600"))
    assert set(found) == {"calories_total"}


def test_days_that_were_not_asked_for_are_left_out() -> None:
    request, answer = series("steps", "1", "2", "3")
    narrow = SeriesRequest("steps", DayRange(date(2026, 6, 2), date(2026, 6, 2)))
    assert read_here("activity_summary", (narrow, answer)) == {"steps_total": {SECOND: 2}}
    assert len(read_here("activity_summary", (request, answer))["steps_total"]) == 3


def test_a_day_that_clocks_skipped_has_no_sample() -> None:
    days = DayRange(date(2011, 12, 29), date(2011, 12, 31))
    entries = [{"dateTime": f"2011-12-{n}", "value": str(n)} for n in (29, 30, 31)]
    found = read(
        "activity_summary",
        (SeriesRequest("steps", days), {"activities-steps": entries}),
        zone=ZoneInfo("Pacific/Apia"),
    )
    assert list(found["steps_total"].values()) == [29, 31]


def heart_value(*minutes: int | None, resting: int | None = None) -> dict[str, Any]:
    names = ("Out of Range", "Fat Burn", "Cardio", "Peak")
    zones = [
        {"name": name, "min": 30, "max": 220}
        | ({} if spent is None else {"minutes": spent, "caloriesOut": spent * 1.5})
        for name, spent in zip(names, minutes, strict=True)
    ]
    rest = {} if resting is None else {"restingHeartRate": resting}
    return {"customHeartRateZones": [], "heartRateZones": zones[::-1]} | rest


def test_zones_are_found_by_name_and_an_absent_resting_heart_rate_is_no_sample() -> None:
    found = read_here(
        "heart_rate",
        series("heart", heart_value(1100, 35, 0, 2, resting=59), heart_value(9, 0, 0, 0)),
    )
    assert found["resting_heart_rate_bpm"] == {FIRST: 59}
    assert found["heart_rate_zone_minutes out_of_range"] == {FIRST: 1100, SECOND: 9}
    assert found["heart_rate_zone_minutes cardio"] == {FIRST: 0, SECOND: 0}
    assert found["heart_rate_zone_calories peak"] == {FIRST: 3, SECOND: 0}


def test_zones_without_minutes_are_a_day_without_heart_rate() -> None:
    assert read_here("heart_rate", series("heart", heart_value(None, None, None, None))) == {}


def test_active_zone_minutes_leave_zones_out_that_earned_nothing() -> None:
    found = read_here(
        "active_zone_minutes",
        series(
            "active-zone-minutes",
            {"activeZoneMinutes": 8, "fatBurnActiveZoneMinutes": 8},
            None,
        ),
    )
    assert found == {
        "active_zone_minutes fat_burn": {FIRST: 8},
        "active_zone_minutes cardio": {FIRST: 0},
        "active_zone_minutes peak": {FIRST: 0},
    }


# The summary of a day


def summary(**fields: Any) -> tuple[Request, Any]:
    return SummaryRequest(ONE_DAY), {"activities": [], "goals": {}, "summary": fields}


def test_a_summary_holds_activity_and_heart_rate() -> None:
    answer = summary(
        steps=15_720,
        caloriesOut=2828,
        caloriesBMR=1623,
        activityCalories=1457,
        sedentaryMinutes=1155,
        lightlyActiveMinutes=59,
        fairlyActiveMinutes=63,
        veryActiveMinutes=91,
        distances=[
            {"activity": "tracker", "distance": 12},
            {"activity": "total", "distance": 12.32},
        ],
        restingHeartRate=73,
        heartRateZones=heart_value(1198, 192, 11, 0)["heartRateZones"],
    )
    assert {
        name: values[FIRST] for name, values in read_here("activity_summary", answer).items()
    } == {
        "steps_total": 15_720,
        "distance_km": 12.32,
        "calories_total": 2828,
        "active_calories": 1205,
        "active_minutes sedentary": 1155,
        "active_minutes lightly_active": 59,
        "active_minutes fairly_active": 63,
        "active_minutes very_active": 91,
    }  # no altimeter: no floors, no elevation
    heart = read_here("heart_rate", answer)
    assert len(heart) == 9
    assert heart["resting_heart_rate_bpm"] == {FIRST: 73}


# Sleep


def log(number: int, **fields: Any) -> dict[str, Any]:
    stages = {
        name: {"count": 3, "minutes": 10 * n}
        for n, name in enumerate(("deep", "light", "rem", "wake"), 1)
    }
    return {
        "logId": number,
        "dateOfSleep": "2026-06-01",
        "startTime": "2026-05-31T23:10:30.000",
        "endTime": "2026-06-01T07:02:00.000",
        "duration": 28_260_000,
        "efficiency": 93,
        "isMainSleep": True,
        "minutesAsleep": 420,
        "timeInBed": 471,
        "type": "stages",
        "levels": {"summary": stages},
    } | fields


CLASSIC = {
    "type": "classic",
    "levels": {
        "summary": {
            "asleep": {"count": 0, "minutes": 63},
            "awake": {"count": 2, "minutes": 5},
            "restless": {"count": 3, "minutes": 6},
        }
    },
}
NAP = log(
    2,
    isMainSleep=False,
    minutesAsleep=63,
    timeInBed=74,
    startTime="2026-06-01T13:00:00.000",
    **CLASSIC,
)


def nights(*logs: dict[str, Any]) -> Samples:
    return read_here("sleep", (SleepRequest(DAYS), {"sleep": list(logs)}))


def test_minutes_are_summed_and_the_rest_is_of_the_main_sleep() -> None:
    found = {name: values[FIRST] for name, values in nights(NAP, log(1)).items()}
    assert found == {
        "sleep_minutes_total": 483,
        "sleep_stage_minutes deep": 10,
        "sleep_stage_minutes light": 20,
        "sleep_stage_minutes rem": 30,
        "sleep_stage_minutes wake": 40,  # of a classic log, none: it has no stages
        "sleep_time_in_bed_minutes": 471,
        "sleep_efficiency_percent": 93,
        "sleep_awakenings": 3,
        "sleep_start_timestamp": datetime(2026, 6, 1, 3, 10, 30, tzinfo=UTC).timestamp(),
        "sleep_end_timestamp": datetime(2026, 6, 1, 11, 2, tzinfo=UTC).timestamp(),
    }


def test_the_same_log_twice_counts_once() -> None:
    assert nights(log(1), log(1), NAP) == nights(log(1), NAP)


def test_a_classic_main_sleep_has_awakenings_but_no_stages() -> None:
    found = nights(log(1, **CLASSIC))
    assert found["sleep_awakenings"] == {FIRST: 2}
    assert not any("stage" in name for name in found)


def test_without_a_main_sleep_there_are_only_minutes() -> None:
    assert set(nights(NAP)) == {"sleep_minutes_total"}
    unmarked = log(1)
    del unmarked["isMainSleep"]
    assert "sleep_start_timestamp" not in nights(unmarked)


def test_no_sleep_and_a_sleep_that_is_still_worked_on_are_no_samples() -> None:
    assert nights() == {}
    pending = {"meta": {"retryDuration": 3000, "state": "pending"}}
    assert read_here("sleep", (SleepRequest(DAYS), pending)) == {}


@pytest.mark.parametrize(
    ("start", "end", "minutes", "instants"),
    [
        # Clocks go back at 06:00Z: 01:30 is 05:30Z and again 06:30Z.
        ("2026-10-31T23:00:00.000", "2026-11-01T01:30:00.000", 150, (3.0, 5.5)),
        ("2026-10-31T23:00:00.000", "2026-11-01T01:30:00.000", 210, (3.0, 6.5)),
        ("2026-11-01T01:30:00.000", "2026-11-01T07:00:00.000", 390, (5.5, 12.0)),
        ("2026-11-01T01:30:00.000", "2026-11-01T07:00:00.000", 330, (6.5, 12.0)),
        ("2026-11-01T01:10:00.000", "2026-11-01T01:40:00.000", 90, (5 + 1 / 6, 6 + 2 / 3)),
    ],
)
def test_a_reading_of_the_repeated_hour_is_the_one_that_fits_the_length(
    start: str, end: str, minutes: int, instants: tuple[float, float]
) -> None:
    night = log(
        1, dateOfSleep="2026-11-01", startTime=start, endTime=end, duration=minutes * 60_000
    )
    days = DayRange(date(2026, 11, 1), date(2026, 11, 1))
    found = read_here("sleep", (SleepRequest(days), {"sleep": [night]}))
    midnight = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
    (first,) = found["sleep_start_timestamp"].values()
    (last,) = found["sleep_end_timestamp"].values()
    assert [(first - midnight) / 3600, (last - midnight) / 3600] == pytest.approx(instants)


# Nights


def test_nights() -> None:
    oxygen = [
        {"dateTime": "2026-06-01", "value": {"avg": 97.5, "min": 94.0, "max": 100.0}},
        {"dateTime": "2026-06-02"},
    ]
    assert read_here("oxygen_saturation", (NightlyRequest("spo2", None, DAYS), oxygen)) == {
        "spo2_avg_percent": {FIRST: 97.5},
        "spo2_min_percent": {FIRST: 94},
        "spo2_max_percent": {FIRST: 100},
    }
    one = NightlyRequest("spo2", None, ONE_DAY)
    assert read_here("oxygen_saturation", (one, oxygen[0]))["spo2_avg_percent"] == {FIRST: 97.5}
    assert read_here("oxygen_saturation", (one, {"dateTime": "2026-06-01"})) == {}
    assert read_here(
        "heart_rate_variability",
        nightly("hrv", "hrv", {"dailyRmssd": 62.887, "deepRmssd": 64.887}),
    ) == {"hrv_rmssd_ms": {FIRST: 62.887}, "hrv_deep_rmssd_ms": {FIRST: 64.887}}
    assert read_here(
        "skin_temperature",
        nightly("temp/skin", "tempSkin", {"nightlyRelative": -0.4}, {"nightlyRelative": 0}),
    ) == {"temp_skin_relative_celsius": {FIRST: -0.4, SECOND: 0}}
    assert read_here("breathing_rate", nightly("br", "br", {"breathingRate": 17.8})) == {
        "breathing_rate_bpm": {FIRST: 17.8}
    }


def test_a_range_of_cardio_fitness_is_its_middle() -> None:
    found = read_here(
        "cardio_fitness",
        nightly(
            "cardioscore", "cardioScore", {"vo2Max": "44-48"}, {"vo2Max": "45.5"}, {"vo2Max": 41}
        ),
    )
    assert found == {"vo2_max": {FIRST: 46, SECOND: 45.5, THIRD: 41}}


# The body


def weighed(time: str, weight: float, **fields: float) -> dict[str, Any]:
    return {"date": "2026-06-01", "time": time, "logId": 1, "weight": weight} | fields


def test_the_last_entry_of_the_day_counts() -> None:
    weights = [weighed("21:10:59", 72.5, bmi=22.57), weighed("07:00:00", 73, bmi=23.0)]
    fat = [{"date": "2026-06-01", "time": "06:00:00", "fat": 14}]
    assert read_here(
        "body",
        (BodyRequest("weight", DAYS), {"weight": weights}),
        (BodyRequest("fat", DAYS), {"fat": fat}),
    ) == {
        "weight_kg": {FIRST: 72.5},
        "bmi": {FIRST: 22.57},
        "body_fat_percent": {FIRST: 14},
    }


def test_a_weight_without_an_index_leaves_the_last_index_known() -> None:
    weights = [weighed("07:00:00", 73, bmi=23.0), weighed("21:10:59", 72.5)]
    found = read_here("body", (BodyRequest("weight", DAYS), {"weight": weights}))
    assert found == {"weight_kg": {FIRST: 72.5}, "bmi": {FIRST: 23.0}}


# Intervals


def intervals(
    resource: str, labels: dict[str, Any], other: dict[str, Any] | None = None
) -> tuple[Request, dict[str, Any]]:
    dataset = [{"time": f"{label}:00", "value": value} for label, value in labels.items()]
    content = {"dataset": dataset, "datasetInterval": 5, "datasetType": "minute"}
    name = f"activities-{resource}"
    answer = {name: [{"dateTime": "2026-06-01", "value": "1"}], f"{name}-intraday": content}
    return IntradayRequest(resource, ONE_DAY, 300), answer | (other or {})


def test_intervals_stand_at_their_start() -> None:
    found = read_here("intraday_steps", intervals("steps", {"00:00": 7, "00:05": 0, "23:55": 52}))
    assert found == {"steps_intraday": {FIRST: 7, FIRST + 300: 0, FIRST + 86_100: 52}}


def test_a_heart_rate_or_calories_of_zero_are_no_value() -> None:
    labels = {"00:00": 0, "00:05": 61}
    heart = read_here("intraday_heart_rate", intervals("heart", labels))
    calories = read_here("intraday_calories", intervals("calories", labels))
    assert heart == {"heart_rate_intraday": {FIRST + 300: 61}}
    assert calories == {"calories_intraday": {FIRST + 300: 61}}


def test_a_day_that_the_account_has_not_is_filled_with_zeros_and_has_no_samples() -> None:
    assert (
        read_here("intraday_steps", intervals("steps", {"00:00": 0}, {"activities-steps": []}))
        == {}
    )


def test_intervals_are_missing_for_apps_that_may_not_have_them() -> None:
    request, answer = intervals("heart", {"00:00": 60})
    del answer["activities-heart-intraday"]
    with pytest.raises(PermissionMissingError, match="type Personal"):
        read_here("intraday_heart_rate", (request, answer))


@pytest.mark.parametrize(
    "other",
    [
        {"activities-steps": [{"dateTime": "2026-06-02", "value": "1"}]},
        {
            "activities-steps-intraday": {
                "dataset": [],
                "datasetInterval": 1,
                "datasetType": "minute",
            }
        },
        {"activities-steps-intraday": {"dataset": [], "datasetInterval": 5, "datasetType": "hour"}},
    ],
)
def test_another_day_or_interval_than_asked_for_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedResponseError, match="/activities/steps/date/2026-06-01"):
        read_here("intraday_steps", intervals("steps", {"00:00": 7}, other))


def test_a_day_whose_clocks_go_back_is_noted_where_the_hour_is_named_once() -> None:
    day = date(2026, 11, 1)
    labels = [f"{n // 60:02}:{n % 60:02}:00" for n in range(0, 1440, 5)]
    request = IntradayRequest("steps", DayRange(day, day), 300)

    def notes(names: list[str]) -> dict[date, str]:
        dataset = [{"time": name, "value": 1} for name in names]
        answer = {
            "activities-steps": [{"dateTime": str(day), "value": "288"}],
            "activities-steps-intraday": {
                "dataset": dataset,
                "datasetInterval": 5,
                "datasetType": "minute",
            },
        }
        parsed = parse(request, answer, [], NEW_YORK)
        return parsed.notes

    (note,) = notes(labels).values()
    assert "12 values stand in its first pass" in note
    assert notes(labels[:24] + labels[12:]) == {}


# What no answer of the API looks like


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (SeriesRequest("steps", DAYS), []),
        (SeriesRequest("steps", DAYS), {}),
        (SeriesRequest("steps", DAYS), {"activities-steps": None}),
        (*series("steps", "many"),),
        (*series("steps", "NaN"),),
        (*series("steps", "Infinity"),),
        (*series("steps", "1_000"),),
        (*series("steps", 1e999),),
        (*series("steps", True),),
        (*series("steps", [1]),),
        (SeriesRequest("steps", DAYS), {"activities-steps": [{"value": "1"}]}),
        (
            SeriesRequest("steps", DAYS),
            {"activities-steps": [{"dateTime": "20260601", "value": "1"}]},
        ),
        (
            SeriesRequest("steps", DAYS),
            {"activities-steps": [{"dateTime": "2026-W23-1", "value": "1"}]},
        ),
        (
            SeriesRequest("steps", DAYS),
            {"activities-steps": [{"dateTime": "2026-06-01", "value": str(n)} for n in (1, 2)]},
        ),
        (SummaryRequest(ONE_DAY), {"summary": None}),
        (SummaryRequest(ONE_DAY), {"activities": []}),
        (SummaryRequest(ONE_DAY), "<html>"),
        (SleepRequest(DAYS), {}),
        (SleepRequest(DAYS), {"meta": {"state": "done"}}),
        (SleepRequest(DAYS), {"sleep": [{"dateOfSleep": "2026-06-01"}]}),
        (SleepRequest(DAYS), {"sleep": [log(1, startTime="23:10")]}),
        (BodyRequest("weight", DAYS), {"weight": [weighed("7 o'clock", 73)]}),
        (NightlyRequest("spo2", None, DAYS), {"errors": []}),
        (*nightly("cardioscore", "cardioScore", {"vo2Max": "-48"}, {"vo2Max": "44-"}),),
    ],
)
def test_other_answers_are_refused(request_: Request, answer: Any) -> None:
    assets = {
        SeriesRequest: "activity_summary",
        SummaryRequest: "activity_summary",
        SleepRequest: "sleep",
        BodyRequest: "body",
        NightlyRequest: "oxygen_saturation",
    }
    asset = assets[type(request_)]
    if request_ == NightlyRequest("cardioscore", "cardioScore", DAYS):
        asset = "cardio_fitness"
    with pytest.raises(UnexpectedResponseError, match=r"is not as documented"):
        read_here(asset, (request_, answer))


def test_unknown_fields_are_ignored() -> None:
    request, answer = series("steps", "5")
    answer["activities-steps"][0]["new"] = {"value": "NaN"}
    assert read_here("activity_summary", (request, answer | {"other": 1})) == {
        "steps_total": {FIRST: 5}
    }
