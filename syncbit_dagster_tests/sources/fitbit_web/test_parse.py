"""From answers to samples: what each field means, what is absent and what is zero."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.fitbit_web.parse import parse
from syncbit_dagster.sources.fitbit_web.plan import (
    BodyRequest,
    NightlyRequest,
    Request,
    SeriesRequest,
    SleepRequest,
    SummaryRequest,
)
from syncbit_dagster.sources.set_aside import BAD_TIME, BAD_VALUE, NO_OBJECT
from syncbit_dagster_tests.sources.fitbit_web.answers import (
    DAYS,
    FIRST,
    ONE_DAY,
    SECOND,
    THIRD,
    UTC_ZONE,
    nightly,
    read,
    read_here,
    series,
    weighed,
)

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


def test_the_last_entry_of_the_day_counts() -> None:
    weights = [weighed("21:10:59", 72.5, bmi=22.57), weighed("07:00:00", 73, bmi=23.0, fat=14)]
    assert read_here("body", (BodyRequest(DAYS), {"weight": weights})) == {
        "weight_kg": {FIRST: 72.5},
        "bmi": {FIRST: 22.57},
        "body_fat_percent": {FIRST: 14},
    }


def test_a_weight_without_an_index_leaves_the_last_index_known() -> None:
    weights = [weighed("07:00:00", 73, bmi=23.0), weighed("21:10:59", 72.5)]
    found = read_here("body", (BodyRequest(DAYS), {"weight": weights}))
    assert found == {"weight_kg": {FIRST: 72.5}, "bmi": {FIRST: 23.0}}


# What no answer of the API looks like


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (SeriesRequest("steps", DAYS), []),
        (SeriesRequest("steps", DAYS), {}),
        (SeriesRequest("steps", DAYS), {"activities-steps": None}),
        (SeriesRequest("steps", DAYS), {"activities-steps": [{"dateTime": "2026-06-01", "n": 1}]}),
        (SummaryRequest(ONE_DAY), {"summary": None}),
        (SummaryRequest(ONE_DAY), {"activities": []}),
        (SummaryRequest(ONE_DAY), "<html>"),
        (SleepRequest(DAYS), {}),
        (SleepRequest(DAYS), {"meta": {"state": "done"}}),
        (NightlyRequest("spo2", None, DAYS), {"errors": []}),
        (NightlyRequest("spo2", None, DAYS), [{"dateTime": "2026-06-01", "values": {}}]),
    ],
)
def test_other_answers_are_refused(request_: Request, answer: Any) -> None:
    with pytest.raises(UnexpectedResponseError, match=r"is not as documented"):
        parse(request_, answer, METRICS, UTC_ZONE)


@pytest.mark.parametrize(
    ("request_", "answer", "reason"),
    [
        *(
            (*series("steps", value), BAD_VALUE)
            for value in ("many", "NaN", "Infinity", "1_000", 1e999, True, [1])
        ),
        *(
            (SeriesRequest("steps", DAYS), {"activities-steps": [entry]}, BAD_TIME)
            for entry in (
                {"value": "1"},
                {"dateTime": "20260601", "value": "1"},
                {"dateTime": "2026-W23-1", "value": "1"},
            )
        ),
        (SeriesRequest("steps", DAYS), {"activities-steps": [3]}, NO_OBJECT),
        (BodyRequest(DAYS), {"weight": [weighed("7 o'clock", 73)]}, BAD_TIME),
        (*nightly("cardioscore", "cardioScore", {"vo2Max": "44-"}), BAD_VALUE),
    ],
)
def test_an_entry_that_cannot_be_read_is_set_aside(
    request_: Request, answer: Any, reason: str
) -> None:
    found = parse(request_, answer, METRICS, UTC_ZONE)
    assert all(np.isnan(one.values).all() for one in found.rows)
    assert {one.reason for one in found.set_aside} == {reason}


def test_two_values_of_one_day_are_one_sample() -> None:
    entries = [{"dateTime": "2026-06-01", "value": str(n)} for n in (3, 1)]
    answer = SeriesRequest("steps", DAYS), {"activities-steps": entries}
    assert read_here("activity_summary", answer) == {"steps_total": {FIRST: 3}}


def test_unknown_fields_are_ignored() -> None:
    request, answer = series("steps", "5")
    answer["activities-steps"][0]["new"] = {"value": "NaN"}
    assert read_here("activity_summary", (request, answer | {"other": 1})) == {
        "steps_total": {FIRST: 5}
    }
