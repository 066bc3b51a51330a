"""Values within the day: which labels there are, what they sum up to, which windows are legal."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from syncbit_dagster.core.civil import ONE_DAY, day_start
from syncbit_dagster_tests.emulator.conftest import BERLIN
from syncbit_dagster_tests.emulator.fitbit_web.api import refusal

if TYPE_CHECKING:
    from syncbit_dagster.emulator.synthetic import SyntheticPerson
    from syncbit_dagster_tests.emulator.fitbit_web.api import Json, WebApi

DAY = date(2026, 11, 12)
UNWORN = date(2026, 11, 10)
RESOURCES = ("steps", "distance", "calories", "floors", "elevation")
STEPS = {"1min": 1, "5min": 5, "15min": 15}


def intraday(web: WebApi, path: str) -> tuple[list[Json], list[Json]]:
    """Daily entries and points."""
    found = web.json(f"activities/{path}")
    name = path.split("/")[0]
    assert set(found) == {f"activities-{name}", f"activities-{name}-intraday"}
    dataset = found[f"activities-{name}-intraday"]
    assert set(dataset) == {"dataset", "datasetInterval", "datasetType"}
    return found[f"activities-{name}"], dataset["dataset"]


def minute(point: Json) -> int:
    hours, minutes, seconds = (int(part) for part in point["time"].split(":"))
    assert seconds == 0
    return hours * 60 + minutes


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("level", STEPS)
def test_every_label_of_the_day(shared_web: WebApi, resource: str, level: str) -> None:
    """Worn or not, past or to come; and the points sum up to the day."""
    for day in (DAY, UNWORN, date(2026, 11, 20)):
        entries, points = intraday(shared_web, f"{resource}/date/{day}/1d/{level}")
        step = STEPS[level]
        assert [minute(point) for point in points] == list(range(0, 1440, step))
        (series,) = shared_web.json(f"activities/{resource}/date/{day}/1d").values()
        assert entries == series
        total = sum(point["value"] for point in points)
        assert total == pytest.approx(float(series[0]["value"]), abs=0.51 * (day != UNWORN))
        assert (total > 0) == (day != UNWORN)
    for point in points:
        assert set(point) == {"time", "value"} | (
            {"level", "mets"} if resource == "calories" else set()
        )


def test_steps_are_those_of_the_minutes(shared_web: WebApi, person: SyntheticPerson) -> None:
    _, points = intraday(shared_web, f"steps/date/{DAY}/1d/1min")
    made = person.day(DAY).steps
    assert made is not None
    assert [point["value"] for point in points] == made.tolist()
    assert all(isinstance(point["value"], int) for point in points)


def test_levels_and_mets_of_calories(shared_web: WebApi, person: SyntheticPerson) -> None:
    _, points = intraday(shared_web, f"calories/date/{DAY}/1d/1min")
    made = person.day(DAY)
    assert made.level is not None
    assert [point["level"] for point in points] == np.where(made.worn, made.level, 0).tolist()
    at_rest = {point["mets"] for point in points if point["level"] == 0 and point["value"]}
    assert at_rest == {10}
    assert {point["mets"] for point in points if not point["value"]} <= {0}
    assert max(point["mets"] for point in points) > 30
    _, quarters = intraday(shared_web, f"calories/date/{DAY}/1d/15min")
    assert sum(point["mets"] for point in quarters) == sum(point["mets"] for point in points)
    assert [point["level"] for point in quarters] == [
        max(point["level"] for point in points[at : at + 15]) for at in range(0, 1440, 15)
    ]


def test_heart_rate_in_seconds(shared_web: WebApi, person: SyntheticPerson) -> None:
    """One point per reading, every five seconds or so."""
    found = shared_web.json(f"activities/heart/date/{DAY}/1d/1sec")
    dataset = found["activities-heart-intraday"]
    assert (dataset["datasetInterval"], dataset["datasetType"]) == (1, "second")
    made = person.day(DAY)
    assert [point["value"] for point in dataset["dataset"]] == made.heart_bpm.tolist()
    seconds = (made.heart_ms - made.start_ms) // 1000
    labels = [f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}" for at in seconds.tolist()]
    assert [point["time"] for point in dataset["dataset"]] == labels
    (series,) = shared_web.json(f"activities/heart/date/{DAY}/1d").values()
    assert found["activities-heart"] == series


@pytest.mark.parametrize("level", STEPS)
def test_heart_rate_in_minutes(shared_web: WebApi, person: SyntheticPerson, level: str) -> None:
    """Whole averages, and only where something was measured."""
    found = shared_web.json(f"activities/heart/date/{DAY}/1d/{level}")["activities-heart-intraday"]
    step = STEPS[level]
    assert (found["datasetInterval"], found["datasetType"]) == (step, "minute")
    made = person.day(DAY)
    slot = (made.heart_ms - made.start_ms) // 60_000 // step * step
    expected = {
        int(each): int(np.rint(made.heart_bpm[slot == each].mean())) for each in np.unique(slot)
    }
    assert {minute(point): point["value"] for point in found["dataset"]} == expected
    assert len(expected) < 1440 // step or step == 15


def test_heart_rate_of_a_day_without_the_watch(shared_web: WebApi) -> None:
    for level in ("1sec", *STEPS):
        entries, points = intraday(shared_web, f"heart/date/{UNWORN}/1d/{level}")
        assert points == []
        assert [entry["dateTime"] for entry in entries] == [UNWORN.isoformat()]


@pytest.mark.parametrize("level", STEPS)
def test_a_window_of_the_day(shared_web: WebApi, level: str) -> None:
    """Both its minutes count, and the daily entry is of the window."""
    for resource in ("steps", "calories"):
        _, whole = intraday(shared_web, f"{resource}/date/{DAY}/1d/{level}")
        path = f"{resource}/date/{DAY}/1d/{level}/time/07:30/09:14"
        entries, points = intraday(shared_web, path)
        inside = [point for point in whole if 450 <= minute(point) < 555]
        assert points == inside
        total = sum(point["value"] for point in points)
        assert float(entries[0]["value"]) == pytest.approx(total, abs=0.5)
    _, one = intraday(shared_web, f"steps/date/{DAY}/1d/{level}/time/07:30/07:30")
    assert len(one) == 1


def test_a_window_of_heart_rate(shared_web: WebApi) -> None:
    """Recorded answers with times: zones without resting heart rate, an average as text."""
    path = f"heart/date/{DAY}/1d/1sec/time/12:00/12:04"
    (entry,), points = intraday(shared_web, path)
    assert all("12:00:00" <= point["time"] <= "12:04:59" for point in points)
    assert set(entry) == {"dateTime", "customHeartRateZones", "heartRateZones", "value"}
    average = sum(point["value"] for point in points) / len(points)
    assert entry["value"] == f"{average:.2f}"
    (nothing,), points = intraday(shared_web, f"heart/date/{UNWORN}/1d/1min/time/12:00/12:04")
    assert (nothing["value"], points) == ("0", [])


@pytest.mark.parametrize("resource", ["steps", "heart"])
def test_a_window_across_midnight(shared_web: WebApi, resource: str) -> None:
    """Labels say no date: the later day's follow the earlier one's."""
    second = DAY + ONE_DAY
    path = f"{resource}/date/{DAY}/{second}/1min/time/22:00/01:59"
    entries, points = intraday(shared_web, path)
    late = intraday(shared_web, f"{resource}/date/{DAY}/1d/1min/time/22:00/23:59")
    early = intraday(shared_web, f"{resource}/date/{second}/1d/1min/time/00:00/01:59")
    assert points == late[1] + early[1]
    assert entries == late[0] + early[0]


def test_one_day_as_a_range(shared_web: WebApi) -> None:
    assert intraday(shared_web, f"steps/date/{DAY}/{DAY}/1min") == intraday(
        shared_web, f"steps/date/{DAY}/1d/1min"
    )


LEGAL = [
    f"date/{DAY}/{DAY + ONE_DAY}/15min/time/10:00/10:00",
    f"date/{DAY}/1d/15min/time/00:00/23:59",
    "date/today/1d/15min",
]
TOO_LONG = [
    f"date/{DAY}/{DAY + ONE_DAY}/15min",
    f"date/{DAY}/{DAY + ONE_DAY}/15min/time/10:00/10:01",
    f"date/{DAY}/{DAY + 2 * ONE_DAY}/15min/time/23:59/00:00",
    f"date/{DAY}/7d/15min",
    f"date/{DAY}/1y/15min",
]
WRONG = [
    f"date/{DAY}/1d/2min",
    f"date/{DAY}/1d/15min/time/10:00/09:59",
    f"date/{DAY}/1d/15min/time/24:00/24:00",
    f"date/{DAY}/1d/15min/time/10.00/11.00",
    f"date/{DAY}/{DAY - ONE_DAY}/15min",
    f"date/{DAY}/max/15min",
    "date/2026-02-30/1d/15min",
]


@pytest.mark.parametrize("resource", ["steps", "heart"])
@pytest.mark.parametrize("asked", LEGAL)
def test_legal_windows(shared_web: WebApi, resource: str, asked: str) -> None:
    assert shared_web.get(f"activities/{resource}/{asked}").status_code == 200


@pytest.mark.parametrize("resource", ["steps", "heart"])
@pytest.mark.parametrize("asked", TOO_LONG)
def test_windows_of_more_than_a_day(shared_web: WebApi, resource: str, asked: str) -> None:
    answer = shared_web.get(f"activities/{resource}/{asked}")
    assert refusal(answer) == (400, "request")
    (error,) = answer.json()["errors"]
    assert error["message"] == "Time range should not be bigger than 24 hours."


@pytest.mark.parametrize("resource", ["steps", "heart"])
@pytest.mark.parametrize("asked", WRONG)
def test_windows_that_are_none(shared_web: WebApi, resource: str, asked: str) -> None:
    assert refusal(shared_web.get(f"activities/{resource}/{asked}")) == (400, "validation")


def test_only_some_resources_have_values_within_the_day(shared_web: WebApi) -> None:
    for resource in ("minutesSedentary", "caloriesBMR", "activityCalories", "superjump"):
        answer = shared_web.get(f"activities/{resource}/date/{DAY}/1d/1min")
        assert refusal(answer) == (400, "validation")
    assert refusal(shared_web.get(f"activities/steps/date/{DAY}/1d/1sec")) == (400, "validation")


def test_today_has_nothing_after_the_last_sync(shared_web: WebApi, person: SyntheticPerson) -> None:
    """Zeros where every label is listed, no readings of the heart rate."""
    synced: Any = next(
        device["lastSyncTime"]
        for device in shared_web.json("devices")
        if device["type"] == "TRACKER"
    )
    assert synced.startswith("2026-11-20T")
    end = int(synced[11:13]) * 60 + int(synced[14:16])
    made = person.day(date(2026, 11, 20))
    assert day_start(made.day, BERLIN).timestamp() * 1000 == made.start_ms
    assert made.steps is not None
    assert made.steps[end:].sum() > 0
    for resource in RESOURCES:
        _, points = intraday(shared_web, f"{resource}/date/today/1d/1min")
        assert not any(point["value"] for point in points if minute(point) >= end)
    _, points = intraday(shared_web, "heart/date/today/1d/1sec")
    assert points
    assert max(point["time"] for point in points) < synced[11:19]
