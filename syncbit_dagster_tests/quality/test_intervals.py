"""The grid of a day, whatever its length."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.quality.intervals import minutes_in_day
from syncbit_dagster_tests.quality.builders import (
    day_ranges,
    evidence,
    grid,
    one_day,
    series,
    zones,
)

if TYPE_CHECKING:
    from syncbit_dagster.quality import Outcome

STEPS = "fitbit_steps_intraday"


@pytest.mark.parametrize("seconds", [60, 300, 900])
@pytest.mark.parametrize(
    ("zone", "day", "minutes"),
    [
        ("Europe/Berlin", "2025-03-30", 1380),
        ("Europe/Berlin", "2025-10-26", 1500),
        ("Europe/Berlin", "2025-07-01", 1440),
        ("Australia/Lord_Howe", "2024-10-06", 1410),
        ("Australia/Lord_Howe", "2024-04-07", 1470),
        ("Pacific/Apia", "2011-12-30", 0),
    ],
)
def test_a_day_has_as_many_intervals_as_it_has_time(
    zone: str, day: str, minutes: int, seconds: int
) -> None:
    days, where = one_day(day), ZoneInfo(zone)
    full = grid(days, where, seconds)
    assert len(full) == minutes * 60 // seconds
    found = evidence(
        "intraday_steps",
        days,
        [series(STEPS, full, [1.0] * len(full))] if full else [],
        zone=where,
        interval_seconds=seconds,
    )
    outcome = minutes_in_day(found)
    assert outcome.checked == len(full)
    assert not outcome.findings


@given(zone=zones, days=day_ranges(), seconds=st.sampled_from([60, 300, 900]), data=st.data())
def test_samples_on_the_grid_are_right_and_one_beside_it_is_found(
    zone: ZoneInfo, days: DayRange, seconds: int, data: st.DataObject
) -> None:
    full = grid(days, zone, seconds)
    kept = sorted(data.draw(st.sets(st.sampled_from(full), max_size=30))) if full else []

    def judged(times: list[int]) -> Outcome:
        samples = [series(STEPS, times, [1.0] * len(times))] if times else []
        return minutes_in_day(
            evidence("intraday_steps", days, samples, zone=zone, interval_seconds=seconds)
        )

    assert not judged(kept).findings
    if not kept:
        return
    moved = data.draw(st.sampled_from(kept))
    shift = data.draw(st.integers(1, seconds * 1000 - 1))
    wrong = [t + shift if t == moved else t for t in kept]
    outcome = judged(wrong)
    (finding,) = outcome.findings
    (day,) = outcome.days
    assert moved in grid(DayRange(day, day), zone, seconds)
    assert finding.found.startswith("1 sample, the first at ")
    assert f"a multiple of {seconds // 60} min" in finding.expected


def test_two_samples_an_interval_are_too_many() -> None:
    days = DayRange(date(2025, 10, 25), date(2025, 10, 26))
    full = grid(days, ZoneInfo("Europe/Berlin"), 300)
    twice = [
        series(STEPS, full, [1.0] * len(full)),
        series(STEPS, full[-10:], [1.0] * 10, source="another"),
    ]
    outcome = minutes_in_day(evidence("intraday_steps", days, twice, interval_seconds=300))
    (finding,) = outcome.findings
    assert outcome.days == [date(2025, 10, 26)]
    assert finding.found == "310 samples"
    assert finding.expected == "at most 300, one an interval"


@pytest.mark.parametrize("beside", [-300_000, 86_400_000])
def test_a_sample_outside_of_the_days_is_found(beside: int) -> None:
    days = one_day("2025-07-01")
    first = grid(days, ZoneInfo("Europe/Berlin"), 300)[0]
    samples = [series(STEPS, sorted([first, first + beside]), [1.0, 1.0])]
    (finding,) = minutes_in_day(
        evidence("intraday_steps", days, samples, interval_seconds=300)
    ).findings
    assert finding.expected == "no sample before or after the days"


def test_many_samples_beside_the_grid_are_one_finding_a_day() -> None:
    days = DayRange(date(2025, 7, 1), date(2025, 7, 3))
    moved = [t + 30_000 for t in grid(days, ZoneInfo("Europe/Berlin"), 60)]
    outcome = minutes_in_day(
        evidence("intraday_steps", days, [series(STEPS, moved, [1.0] * len(moved))])
    )
    assert outcome.days == list(days)
    assert [one.found for one in outcome.findings] == [
        "1,440 samples, the first at 00:00:30+02:00"
    ] * 3
