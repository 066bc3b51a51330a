"""What is read of a store: days and hours of the account's zone, gaps as gaps."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.core.civil import DayRange, civil_day, day_start, to_milliseconds
from syncbit_dagster.report.period import HOURS, hour_table, read_period
from syncbit_dagster_tests.quality.builders import day_ranges, zones
from syncbit_dagster_tests.report.builders import (
    BERLIN,
    LABELS,
    MemoryStore,
    hourly,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

STEPS, HEART = "fitbit_steps_intraday", "fitbit_heart_rate_intraday"


@given(
    days=day_ranges(),
    zone=zones,
    seconds=st.lists(st.integers(0, 5 * 86_400)),
    adds_up=st.booleans(),
)
def test_hours_are_those_of_the_clock(
    days: DayRange, zone: ZoneInfo, seconds: list[int], adds_up: bool
) -> None:
    start, end = days.start(zone), days.end(zone)
    instants = [start + timedelta(seconds=one) for one in sorted(set(seconds))]
    instants = [one for one in instants if one < end]
    values = np.arange(1.0, len(instants) + 1)
    table = hour_table(
        np.array([to_milliseconds(one) for one in instants], dtype=np.int64),
        values,
        zone,
        days,
        adds_up=adds_up,
    )
    wanted: dict[tuple[int, int], list[float]] = {}
    for instant, value in zip(instants, values.tolist(), strict=True):
        day = (civil_day(instant, zone) - days.first).days
        wanted.setdefault((instant.astimezone(zone).hour, day), []).append(value)
    assert table.shape == (HOURS, len(days))
    assert {tuple(cell) for cell in np.argwhere(~np.isnan(table)).tolist()} == set(wanted)
    for cell, members in wanted.items():
        expected = sum(members) if adds_up else sum(members) / len(members)
        assert table[cell] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("day", "hours", "value_at_two"),
    [
        (date(2026, 3, 29), 23, np.nan),  # the clock shows no 02:00
        (date(2026, 10, 25), 25, 2.0),  # and here it shows 02:00 twice
        (date(2026, 6, 1), 24, 1.0),
    ],
)
def test_days_of_23_and_25_hours(day: date, hours: int, value_at_two: float) -> None:
    samples = hourly(STEPS, day_start(day, BERLIN), [1.0] * hours)
    days = DayRange(day, day)
    period = read_period(
        MemoryStore([samples]),
        LABELS,
        BERLIN,
        days,
        [row for row in METRICS if row.name == STEPS],
        {"intraday_steps"},
    )
    (reading,) = period.readings
    assert reading.values[2, 0] == value_at_two or np.isnan(value_at_two)
    assert np.isnan(reading.values[2, 0]) == np.isnan(value_at_two)
    assert np.nansum(reading.values) == hours


def test_months_are_read_piece_by_piece_and_put_together() -> None:
    days = DayRange(date(2026, 1, 1), date(2026, 4, 30))
    samples = hourly(HEART, days.start(BERLIN), np.arange(120 * 24 - 1).tolist())
    period = read_period(
        MemoryStore([samples]),
        LABELS,
        BERLIN,
        days,
        [row for row in METRICS if row.name == HEART],
        {"intraday_heart_rate"},
    )
    (reading,) = period.readings
    assert reading.values.shape == (24, 120)
    assert np.count_nonzero(np.isnan(reading.values)) == 1  # the night of 29 March
    assert reading.values[23, -1] == 120 * 24 - 2
