"""A day without the device is filled with zeros, which are no measurements."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.core.civil import DayRange, day_start
from syncbit_dagster.sources.fitbit_web.plan import Request, SeriesRequest, SummaryRequest
from syncbit_dagster_tests.sources.fitbit_web.answers import read

NEW_YORK = ZoneInfo("America/New_York")
DAY = date(2026, 6, 1)
# What the API says of a day on which the device lay on the table.
UNWORN = {
    "steps": "0",
    "distance": "0.0",
    "calories": "1693",
    "caloriesBMR": "1693",
    "floors": "0",
    "elevation": "0",
    "minutesSedentary": "1440",
    "minutesLightlyActive": "0",
    "minutesFairlyActive": "0",
    "minutesVeryActive": "0",
}


def names(values: dict[str, str], day: date = DAY) -> set[str]:
    """The metrics of a day with these series."""
    days = DayRange(day, day)
    answers: list[tuple[Request, Any]] = [
        (
            SeriesRequest(resource, days),
            {f"activities-{resource}": [{"dateTime": str(day), "value": value}]},
        )
        for resource, value in (UNWORN | values).items()
    ]
    found = read("activity_summary", *answers, zone=NEW_YORK)
    assert {time for one in found.values() for time in one} <= {
        int(day_start(day, NEW_YORK).timestamp())
    }
    return set(found)


ALL = 10


def test_a_day_without_the_device_has_only_its_basal_calories() -> None:
    assert names({}) == {"calories_total"}


def test_before_the_device_there_is_nothing() -> None:
    assert names({"calories": "0", "caloriesBMR": "0", "minutesSedentary": "0"}) == set()


@pytest.mark.parametrize(
    ("resource", "value"),
    [
        ("steps", "1"),
        ("distance", "0.02"),
        ("floors", "1"),
        ("elevation", "3.05"),
        ("minutesLightlyActive", "1"),
        ("minutesFairlyActive", "1"),
        ("minutesVeryActive", "33"),
        # Somebody slept with it, and rested the whole day: the zeros are measured.
        ("minutesSedentary", "960"),
    ],
)
def test_any_sign_of_the_device_makes_zeros_measurements(resource: str, value: str) -> None:
    assert len(names({resource: value})) == ALL


def test_more_calories_than_the_basal_rate_are_no_sign() -> None:
    # An activity that was entered by hand burns calories without the device.
    assert names({"calories": "1800"}) == {"calories_total", "active_calories"}


@pytest.mark.parametrize(
    ("day", "minutes", "is_worn"),
    [
        (date(2026, 3, 8), "1380", False),  # 23 hours
        (date(2026, 3, 8), "1440", False),
        (date(2026, 3, 8), "1379", True),
        (date(2026, 11, 1), "1440", False),  # 25 hours
        (date(2026, 11, 1), "1500", False),
        (DAY, "1439", True),
    ],
)
def test_a_whole_day_at_rest_is_no_sign(day: date, minutes: str, is_worn: bool) -> None:
    assert (len(names({"minutesSedentary": minutes}, day)) == ALL) == is_worn


def test_it_is_the_same_from_the_summary_of_a_day() -> None:
    answer = {
        "summary": {
            "steps": 0,
            "caloriesOut": 1693,
            "caloriesBMR": 1693,
            "sedentaryMinutes": 1440,
            "lightlyActiveMinutes": 0,
            "fairlyActiveMinutes": 0,
            "veryActiveMinutes": 0,
            "distances": [{"activity": "total", "distance": 0}],
        }
    }
    request = SummaryRequest(DayRange(DAY, DAY))
    assert set(read("activity_summary", (request, answer))) == {"calories_total"}


def test_zones_without_a_minute_are_no_measurement() -> None:
    zones = [
        {"name": name, "minutes": 0, "caloriesOut": 0}
        for name in ("Out of Range", "Fat Burn", "Cardio", "Peak")
    ]
    entries = [
        {"dateTime": "2026-06-01", "value": {"heartRateZones": zones, "restingHeartRate": 60}}
    ]
    request = SeriesRequest("heart", DayRange(DAY, DAY))
    found = read("heart_rate", (request, {"activities-heart": entries}), zone=NEW_YORK)
    midnight = int(datetime(2026, 6, 1, 4, tzinfo=UTC).timestamp())
    assert found == {"resting_heart_rate_bpm": {midnight: 60}}
