"""Totals of days: they are the sums of the person's minutes, under the names of the API."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from syncbit_dagster.core.civil import ONE_DAY, day_end
from syncbit_dagster.emulator.fitbit_web import activity
from syncbit_dagster.emulator.person import (
    LIGHT,
    MODERATE,
    SEDENTARY,
    VIGOROUS,
    ZONE_LIGHT,
    ZONE_MODERATE,
    ZONE_PEAK,
    ZONE_VIGOROUS,
    PersonDay,
)
from syncbit_dagster_tests.emulator.conftest import BERLIN
from syncbit_dagster_tests.emulator.fitbit_web.api import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncbit_dagster.emulator.synthetic import SyntheticPerson
    from syncbit_dagster_tests.emulator.api import Clock
    from syncbit_dagster_tests.emulator.fitbit_web.api import Json, WebApi

FIRST, LAST = date(2026, 10, 12), date(2026, 11, 10)
"""With a day of 25 hours, and one without the watch at the end."""
UNWORN = LAST
ZONES = (ZONE_LIGHT, ZONE_MODERATE, ZONE_VIGOROUS, ZONE_PEAK)


def days() -> list[date]:
    return [FIRST + n * ONE_DAY for n in range((LAST - FIRST).days + 1)]


def at_level(level: int) -> Callable[[PersonDay], float]:
    return lambda day: float(np.sum(day.worn & (day.level == level)))


def kcal(day: PersonDay) -> Any:
    assert day.calories_kcal is not None
    return np.nan_to_num(day.calories_kcal)


def total(name: str) -> Callable[[PersonDay], float]:
    return lambda day: float(np.sum(getattr(day, name)))


SUMS: dict[str, tuple[Callable[[PersonDay], float], float]] = {
    "steps": (total("steps"), 0),
    "distance": (lambda day: total("distance_mm")(day) / 1e6, 0.00001),
    "floors": (total("floors"), 0),
    "elevation": (lambda day: total("altitude_gain_mm")(day) / 1000, 0.001),
    "calories": (lambda day: float(kcal(day).sum()), 0.5),
    "caloriesBMR": (
        lambda day: float((kcal(day) - day.active_kcal)[day.worn].sum()),
        0.5,
    ),
    "activityCalories": (
        lambda day: float(kcal(day)[day.worn & (day.level >= LIGHT)].sum()),  # type: ignore[operator]
        0.5,
    ),
    "minutesSedentary": (at_level(SEDENTARY), 0),
    "minutesLightlyActive": (at_level(LIGHT), 0),
    "minutesFairlyActive": (at_level(MODERATE), 0),
    "minutesVeryActive": (at_level(VIGOROUS), 0),
}


@pytest.mark.parametrize("resource", SUMS)
def test_series_are_sums_of_minutes(
    shared_web: WebApi, person: SyntheticPerson, resource: str
) -> None:
    found = shared_web.json(f"activities/{resource}/date/{FIRST}/{LAST}")
    (entries,) = found.values()
    assert list(found) == [f"activities-{resource}"]
    assert [entry["dateTime"] for entry in entries] == [day.isoformat() for day in days()]
    reckon, tolerance = SUMS[resource]
    for day, entry in zip(days(), entries, strict=True):
        assert isinstance(entry["value"], str)
        assert abs(float(entry["value"]) - reckon(person.day(day))) <= tolerance
        if tolerance in (0, 0.5):
            assert entry["value"].isdigit()
    assert len({entry["value"] for entry in entries}) > 5


@pytest.mark.parametrize("resource", SUMS)
def test_days_without_data_read_zero(
    shared_web: WebApi, person: SyntheticPerson, resource: str
) -> None:
    """Not worn, before the account existed, not yet there: never absent."""
    assert not person.day(UNWORN).worn.any()
    for day in (UNWORN, person.first_day - ONE_DAY, date(2026, 12, 24)):
        (entries,) = shared_web.json(f"activities/{resource}/date/{day}/1d").values()
        assert entries == [{"dateTime": day.isoformat(), "value": "0"}]


def test_heart_rate_of_days(shared_web: WebApi, person: SyntheticPerson) -> None:
    (entries,) = shared_web.json(f"activities/heart/date/{FIRST}/{LAST}").values()
    resting = {entry["dateTime"]: entry["value"].get("restingHeartRate") for entry in entries}
    assert resting == {day.isoformat(): person.daily(day).resting_heart_rate for day in days()}
    assert None in resting.values()
    for day, entry in zip(days(), entries, strict=True):
        assert entry["value"]["customHeartRateZones"] == []
        _check_zones(entry["value"]["heartRateZones"], person.day(day))


def _check_zones(zones: list[Json], day: PersonDay) -> None:
    assert [zone["name"] for zone in zones] == ["Out of Range", "Fat Burn", "Cardio", "Peak"]
    assert [zone["min"] for zone in zones[1:]] == [zone["max"] for zone in zones[:-1]]
    if not day.worn.any():
        assert all(set(zone) == {"name", "min", "max"} for zone in zones)
        return
    for code, zone in zip(ZONES, zones, strict=True):
        inside = day.worn & (day.heart_zone == code)
        assert zone["minutes"] == inside.sum()
        assert zone["caloriesOut"] == pytest.approx(kcal(day)[inside].sum(), abs=1e-5)


def test_active_zone_minutes(shared_web: WebApi, person: SyntheticPerson) -> None:
    """Cardio and peak count double; what earned nothing is left out unless nothing did."""
    path = f"activities/active-zone-minutes/date/{FIRST}/{LAST}"
    (entries,) = shared_web.json(path).values()
    names = ("fatBurn", "cardio", "peak")
    kinds = set()
    for day, entry in zip(days(), entries, strict=True):
        made = person.day(day)
        earned = {
            f"{name}ActiveZoneMinutes": int(weight * np.sum(made.worn & (made.heart_zone == code)))
            for name, code, weight in zip(names, ZONES[1:], (1, 2, 2), strict=True)
        }
        value = entry["value"]
        assert value.pop("activeZoneMinutes") == sum(earned.values())
        kinds.add(len(value))
        if any(earned.values()):
            assert value == {name: minutes for name, minutes in earned.items() if minutes}
        else:
            assert value == earned
    assert len(kinds) > 1


def test_the_summary_of_a_day(shared_web: WebApi, person: SyntheticPerson) -> None:
    """Numbers are numbers, and the same as in the series."""
    day = next(each for each in days() if person.day(each).worn.any())
    found = shared_web.json(f"activities/date/{day}")
    assert set(found) == {"activities", "goals", "summary"}
    summary = found["summary"]
    for field, resource in {
        "steps": "steps",
        "caloriesOut": "calories",
        "caloriesBMR": "caloriesBMR",
        "activityCalories": "activityCalories",
        "floors": "floors",
        "sedentaryMinutes": "minutesSedentary",
        "lightlyActiveMinutes": "minutesLightlyActive",
        "fairlyActiveMinutes": "minutesFairlyActive",
        "veryActiveMinutes": "minutesVeryActive",
    }.items():
        (entries,) = shared_web.json(f"activities/{resource}/date/{day}/1d").values()
        assert isinstance(summary[field], int)
        assert str(summary[field]) == entries[0]["value"]
    made = person.day(day)
    assert summary["marginalCalories"] == round(total("active_kcal")(made))
    assert summary["elevation"] == pytest.approx(SUMS["elevation"][0](made), abs=0.01)
    assert summary["restingHeartRate"] == person.daily(day).resting_heart_rate
    _check_zones(summary["heartRateZones"], made)
    distances = {each["activity"]: each["distance"] for each in summary["distances"]}
    assert distances["total"] == distances["tracker"]
    assert distances["total"] == pytest.approx(SUMS["distance"][0](made), abs=0.005)
    parts = ("veryActive", "moderatelyActive", "lightlyActive", "sedentaryActive")
    assert sum(distances[part] for part in parts) == pytest.approx(distances["total"], abs=0.02)
    assert distances["loggedActivities"] == 0


def test_the_summary_of_a_day_without_data(shared_web: WebApi, person: SyntheticPerson) -> None:
    before = shared_web.json(f"activities/date/{person.first_day - ONE_DAY}")["summary"]
    assert before["steps"] == before["caloriesOut"] == before["sedentaryMinutes"] == 0
    left_out = {"restingHeartRate", "heartRateZones", "floors", "elevation"}
    assert not left_out & set(before)


def test_a_day_grows_until_it_is_settled(person: SyntheticPerson, clock: Clock) -> None:
    """What one answer found is no other answer's business until the day is over and synced."""
    day = date(2026, 11, 17)

    def steps() -> int:
        path = {"resource": "steps", "first": day.isoformat(), "second": "1d"}
        (entries,) = ask(activity.series, person, clock.instant, **path).values()
        return int(entries[0]["value"])

    clock.instant = datetime(2026, 11, 17, 3, tzinfo=UTC)
    seen = []
    while clock.instant < day_end(day, BERLIN) + timedelta(hours=3):
        seen.append(steps())
        clock.forward(hours=3)
    assert seen == sorted(seen)
    assert len(set(seen)) > 4
    made = person.day(day).steps
    assert made is not None
    assert seen[-1] == made.sum()


def test_a_running_emulator_follows_its_clock(web: WebApi, clock: Clock) -> None:
    """Totals are remembered for settled days only."""

    def steps() -> int:
        (entries,) = web.json("activities/steps/date/2026-11-20/1d").values()
        return int(entries[0]["value"])

    noon = steps()
    clock.forward(hours=7)
    evening = steps()
    assert evening > noon > 0
    clock.forward(hours=-7)
    assert steps() == noon
