"""The month has in it what it is said to have."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from syncbit_dagster.core.civil import civil_day, day_end, day_start
from syncbit_dagster_tests.defs.wearer import BERLIN
from syncbit_dagster_tests.month import scenario
from syncbit_dagster_tests.month.person import ahead_of_utc, changes_of, zone_of

HOUR = timedelta(hours=1)


def length(day: date, *, travels: bool = False) -> timedelta:
    zone = scenario.person(travels=travels).zone
    return day_end(day, zone) - day_start(day, zone)


def test_a_zone_made_of_its_changes_is_the_zone() -> None:
    made = zone_of("made", HOUR, changes_of(BERLIN, 2025))
    instants = [datetime(2025, 1, 1, tzinfo=UTC) + n * HOUR / 2 for n in range(2 * 24 * 365)]
    assert all(ahead_of_utc(made, at) == ahead_of_utc(BERLIN, at) for at in instants)


def test_clocks_change_once_and_a_journey_moves_them_twice() -> None:
    unusual = {
        day: length(day, travels=True) / HOUR
        for day in scenario.DAYS
        if length(day, travels=True) != 24 * HOUR
    }
    assert unusual == {date(2025, 10, 26): 25, date(2025, 11, 1): 25, date(2025, 11, 4): 23}
    assert [day for day in scenario.DAYS if length(day) != 24 * HOUR] == [date(2025, 10, 26)]


def test_the_watch_is_silent_for_four_days_and_off_for_two() -> None:
    syncs = scenario.watch_syncs()
    silence = max((later - sync, sync) for sync, later in pairwise(syncs))
    assert silence == (scenario.SILENT_UNTIL - scenario.SILENT_FROM, scenario.SILENT_FROM)
    assert timedelta(days=3.9) < silence[0] < timedelta(days=4)
    person = scenario.person(travels=True)
    off = [day for day in scenario.DAYS if not person.day(day).worn.any()]
    assert set(scenario.OFF) <= set(off)
    assert scenario.OFF[1] - scenario.OFF[0] == timedelta(days=1)


def test_a_tick_of_the_outage_follows_each_quarter_of_an_hour() -> None:
    mornings = [scenario.local("10-29", "05:00")]
    began, ended = scenario.DOWN
    assert ended - began == timedelta(hours=6)
    inside = [at for at in scenario.grid(mornings) if began <= at <= ended]
    assert inside == [began + n * scenario.TICK for n in range(25)]
    assert {civil_day(at, BERLIN) for at in scenario.grid(mornings)} <= set(scenario.DAYS)
