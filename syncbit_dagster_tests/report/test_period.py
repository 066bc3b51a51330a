"""What is read of a store: days and hours of the account's zone, gaps as gaps."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.core.civil import DayRange, day_start
from syncbit_dagster.report.period import read_period
from syncbit_dagster_tests.report.builders import (
    BERLIN,
    LABELS,
    MemoryStore,
    hourly,
)

STEPS, HEART = "fitbit_steps_intraday", "fitbit_heart_rate_intraday"


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
