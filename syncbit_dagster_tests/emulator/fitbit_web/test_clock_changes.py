"""Days on which the clocks change: what a careful reader makes of labels is what happened."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

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
    ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
    ("America/Sao_Paulo", date(2017, 10, 15), 23),
    ("America/Sao_Paulo", date(2018, 2, 17), 25),
    ("America/Havana", date(2026, 11, 1), 25),
    ("Pacific/Apia", date(2011, 12, 30), 0),
    ("Europe/Berlin", date(2026, 6, 1), 24),
]


def answer(person: SyntheticPerson, day: date, resource: str, level: str) -> tuple[Any, list[Any]]:
    """The day's total and points, long after the day."""
    now = day_end(day, person.zone) + timedelta(days=20)
    what = intraday.heart if resource == "heart" else intraday.activity
    path = {"resource": resource, "first": day.isoformat(), "second": "1d", "level": level}
    entries, dataset = ask(what, person, now, **path).values()
    return entries, dataset["dataset"]


def instants(zone: ZoneInfo, day: date, points: list[Any]) -> Iterator[tuple[int, Any]]:
    """A careful reader: a label that goes back begins the second pass; one not on clocks is none.

    Gives epoch milliseconds and values.
    """
    fold, before = 0, ""
    for point in points:
        reading = datetime.fromisoformat(f"{day}T{point['time']}")
        first = reading.replace(tzinfo=zone)
        if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != reading:
            assert point["value"] == 0
            continue
        fold = 1 if point["time"] < before else fold
        before = point["time"]
        # Only readings that the clocks showed twice have two instants.
        yield to_milliseconds(first.replace(fold=fold)), point["value"]


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_minutes_and_seconds_are_those_of_the_person(zone: str, day: date, hours: float) -> None:
    person = SyntheticPerson(ZoneInfo(zone), day - timedelta(days=3), seed=5)
    made = person.day(day)
    assert real_minutes(day, person.zone) == hours * 60
    totals = []
    for level, step in (("1min", 1), ("15min", 15)):
        entries, points = answer(person, day, "steps", level)
        labels = {point["time"] for point in points}
        assert len(labels) == 1440 / step  # every label, skipped ones too
        assert len(points) == (1440 + max(0, hours - 24) * 60) / step
        found = dict(instants(person.zone, day, points))
        assert len(found) == hours * 60 / step  # no two points at one instant
        totals += [sum(found.values()), int(entries[0]["value"])]
        if made.steps is not None and step == 1:
            expected = {made.start_ms + at * 60_000: n for at, n in enumerate(made.steps.tolist())}
            assert found == expected
    assert len(set(totals)) == 1
    _, points = answer(person, day, "heart", "1sec")
    heart = list(zip(made.heart_ms.tolist(), made.heart_bpm.tolist(), strict=True))
    assert list(instants(person.zone, day, points)) == heart
    assert bool(points) == (hours > 0)


def test_a_day_that_was_skipped_has_an_entry() -> None:
    """Apia had no 2011-12-30, but a range of days names it."""
    person = SyntheticPerson(ZoneInfo("Pacific/Apia"), date(2011, 12, 27), seed=5)
    path = {"resource": "steps", "first": "2011-12-29", "second": "2011-12-31"}
    (entries,) = ask(activity.series, person, datetime(2012, 2, 1, tzinfo=UTC), **path).values()
    assert [entry["dateTime"] for entry in entries] == ["2011-12-29", "2011-12-30", "2011-12-31"]
    assert [entry["value"] == "0" for entry in entries] == [False, True, False]
