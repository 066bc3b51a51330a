"""Days on which the clocks change: what a careful reader makes of labels is what happened."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import day_end, to_milliseconds
from syncbit_dagster.emulator.fitbit_web import activity, intraday
from syncbit_dagster.emulator.person import real_minutes
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulator.fitbit_web.api import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANGES = [
    ("America/New_York", date(2026, 3, 8), 23),
    ("America/New_York", date(2026, 11, 1), 25),
    ("Australia/Sydney", date(2026, 4, 5), 25),
    ("Australia/Sydney", date(2026, 10, 4), 23),
    ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
    ("America/Sao_Paulo", date(2017, 10, 15), 23),
    ("America/Sao_Paulo", date(2018, 2, 17), 25),
    ("America/Havana", date(2026, 11, 1), 25),
    ("Pacific/Apia", date(2011, 12, 30), 0),
    ("Europe/Berlin", date(2026, 6, 1), 24),
]


def answer(zone: str, day: date, resource: str, level: str) -> tuple[Any, list[Any]]:
    """The day's total and points, long after the day."""
    person = SyntheticPerson(ZoneInfo(zone), day - timedelta(days=3), seed=5)
    now = day_end(day, person.zone) + timedelta(days=20)
    what = intraday.heart if resource == "heart" else intraday.activity
    path = {"resource": resource, "first": day.isoformat(), "second": "1d", "level": level}
    entries, dataset = ask(what, person, now, **path).values()
    return entries, dataset["dataset"]


def instants(zone: str, day: date, points: list[Any]) -> Iterator[tuple[int, Any]]:
    """A careful reader: a label that goes back begins the second pass; one not on clocks is none.

    Gives epoch milliseconds and points.
    """
    fold, before = 0, ""
    for point in points:
        reading = datetime.fromisoformat(f"{day}T{point['time']}")
        first = reading.replace(tzinfo=ZoneInfo(zone))
        if first.astimezone(UTC).astimezone(first.tzinfo).replace(tzinfo=None) != reading:
            assert point["value"] == 0
            continue
        fold = 1 if point["time"] < before else fold
        before = point["time"]
        # Only readings that the clocks showed twice have two instants.
        yield to_milliseconds(first.replace(fold=fold)), point


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_steps_minute_by_minute(zone: str, day: date, hours: float) -> None:
    person = SyntheticPerson(ZoneInfo(zone), day - timedelta(days=3), seed=5)
    made = person.day(day)
    entries, points = answer(zone, day, "steps", "1min")
    assert real_minutes(day, person.zone) == hours * 60
    shown = len({point["time"] for point in points})
    assert shown == 1440  # every label, skipped ones too
    assert len(points) == 1440 + max(0, hours - 24) * 60
    found = dict(instants(zone, day, points))
    assert len(found) == hours * 60  # no two points at one instant
    if made.steps is not None:
        expected = {made.start_ms + at * 60_000: n for at, n in enumerate(made.steps.tolist())}
        assert {at: point["value"] for at, point in found.items()} == expected
        assert entries[0]["value"] == str(made.steps.sum())
    else:
        assert entries[0]["value"] == "0"


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
@pytest.mark.parametrize("level", ["5min", "15min"])
def test_longer_steps(zone: str, day: date, hours: float, level: str) -> None:
    step = int(level.removesuffix("min"))
    _, minutes = answer(zone, day, "steps", "1min")
    _, points = answer(zone, day, "steps", level)
    assert len(points) == (1440 + max(0, hours - 24) * 60) / step
    assert sum(point["value"] for point in points) == sum(each["value"] for each in minutes)
    found = dict(instants(zone, day, points))
    assert len(found) == hours * 60 / step
    assert all(later - earlier == step * 60_000 for earlier, later in pairwise(sorted(found)))


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_heart_rate_in_seconds(zone: str, day: date, hours: float) -> None:
    """Skipped labels do not occur, and both passes of a repeated hour do."""
    made = SyntheticPerson(ZoneInfo(zone), day - timedelta(days=3), seed=5).day(day)
    _, points = answer(zone, day, "heart", "1sec")
    found = list(instants(zone, day, points))
    assert len(found) == len(points) == len(made.heart_ms)
    assert [at for at, _ in found] == made.heart_ms.tolist()
    assert [point["value"] for _, point in found] == made.heart_bpm.tolist()
    assert bool(points) == (hours > 0)


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_heart_rate_in_minutes(zone: str, day: date, hours: float) -> None:
    made = SyntheticPerson(ZoneInfo(zone), day - timedelta(days=3), seed=5).day(day)
    _, points = answer(zone, day, "heart", "1min")
    found = [at for at, _ in instants(zone, day, points)]
    assert found == sorted({at // 60_000 * 60_000 for at in made.heart_ms.tolist()})
    assert bool(points) == (hours > 0)


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_a_window_holds_both_passes(zone: str, day: date, hours: float) -> None:
    _, whole = answer(zone, day, "steps", "15min")
    person = SyntheticPerson(ZoneInfo(zone), day - timedelta(days=3), seed=5)
    path = {"resource": "steps", "first": day.isoformat(), "second": "1d", "level": "15min"}
    now = day_end(day, person.zone) + timedelta(days=20)
    found = ask(intraday.activity, person, now, **path, start="01:00", end="02:59")
    points = found["activities-steps-intraday"]["dataset"]
    assert points == [each for each in whole if "01:00:00" <= each["time"] <= "02:45:00"]
    twice = len(points) - len({point["time"] for point in points})
    assert twice == (max(0, hours - 24) * 4 if "Sao" not in zone and "Havana" not in zone else 0)


@given(
    zone=st.sampled_from(["Europe/London", "America/St_Johns", "Africa/Casablanca", "Asia/Gaza"]),
    day=st.dates(date(2015, 1, 1), date(2025, 12, 31)),
)
def test_points_sum_up_to_the_day_everywhere(zone: str, day: date) -> None:
    entries, points = answer(zone, day, "steps", "15min")
    assert entries[0]["value"] == str(sum(point["value"] for point in points))
    assert [each["time"] for each in points] == sorted(each["time"] for each in points) or (
        real_minutes(day, ZoneInfo(zone)) > 1440
    )


def test_a_day_that_was_skipped_has_an_entry() -> None:
    """Apia had no 2011-12-30, but a range of days names it."""
    person = SyntheticPerson(ZoneInfo("Pacific/Apia"), date(2011, 12, 27), seed=5)
    now = datetime(2012, 2, 1, tzinfo=UTC)
    path = {"resource": "steps", "first": "2011-12-29", "second": "2011-12-31"}
    (entries,) = ask(activity.series, person, now, **path).values()
    assert [entry["dateTime"] for entry in entries] == ["2011-12-29", "2011-12-30", "2011-12-31"]
    assert entries[1]["value"] == "0"
    assert "0" not in (entries[0]["value"], entries[2]["value"])
