"""The figures at the head of a report, against the same number of days before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.report import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.report.period import Floats, Period

How = Literal["mean", "last"]

# What it is called, the metric (its labels summed up), and which of the period's values counts.
TABLE: tuple[tuple[str, str, How], ...] = (
    ("Steps a day", "fitbit_steps_total", "mean"),
    ("Active zone minutes a day", "fitbit_active_zone_minutes", "mean"),
    ("Asleep a night", "fitbit_sleep_minutes_total", "mean"),
    ("Resting heart rate", "fitbit_resting_heart_rate_bpm", "mean"),
    ("Heart-rate variability", "fitbit_hrv_rmssd_ms", "mean"),
    ("Blood oxygen", "fitbit_spo2_avg_percent", "mean"),
    ("Breathing rate", "fitbit_breathing_rate_bpm", "mean"),
    ("Last weight", "fitbit_weight_kg", "last"),
)
METRICS = frozenset(metric for _, metric, _ in TABLE)


@dataclass(frozen=True)
class KeyFigure:
    """One figure.

    Attributes:
        name: what it is.
        value: in the metric's unit.
        before: the same of the period before; None: there was no data.
        unit: the metric's.
        days: how many days of the period have a value.
        of_days: how many days the period has.
    """

    name: str
    value: float
    before: float | None
    unit: str
    days: int
    of_days: int

    @property
    def text(self) -> str:
        return words.amount(self.value, self.unit)

    @property
    def change(self) -> str:
        """The difference to the period before, in words."""
        if self.before is None:
            return "no data before"
        return f"{words.signed(self.value - self.before, self.unit)} vs. before"


def period_before(days: DayRange) -> DayRange:
    """As many days, right before."""
    last = days.first - ONE_DAY
    return DayRange(last - (len(days) - 1) * ONE_DAY, last)


def key_figures(period: Period, before: Period, rows: Sequence[Metric]) -> tuple[KeyFigure, ...]:
    """Those figures of the table that the period has data of."""
    found = []
    for name, metric, how in TABLE:
        own = [row for row in rows if row.name == metric]
        values = _by_day(period, own)
        if len(values):
            past = _by_day(before, own)
            found.append(
                KeyFigure(
                    name,
                    _one(values, how),
                    _one(past, how) if len(past) else None,
                    own[0].unit,
                    len(values),
                    len(period.days),
                )
            )
    return tuple(found)


def _by_day(period: Period, rows: Sequence[Metric]) -> Floats:
    """Each known day's value; rows of several labels are summed up."""
    readings = period.of(rows)
    if not readings:
        return np.empty(0)
    values = np.array([one.values for one in readings])
    there = ~np.isnan(values).all(axis=0)
    result: Floats = np.nansum(values[:, there], axis=0)
    return result


def _one(values: Floats, how: How) -> float:
    return float(values.mean() if how == "mean" else values[-1])
