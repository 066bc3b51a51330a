"""Means of weeks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.report.period import Floats


def weekly_means(values: Floats, days: DayRange) -> Floats:
    """For each day the mean of its week's known days, Monday to Sunday; NaN where none is known."""
    week = (np.arange(len(days)) + days.first.weekday()) // 7
    there = ~np.isnan(values)
    counts = np.bincount(week, weights=there)
    sums = np.bincount(week, weights=np.where(there, values, 0.0))
    means = np.full(len(counts), np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    result: Floats = means[week]
    return result
