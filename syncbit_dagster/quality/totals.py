"""Whether the intervals of a day add up to the day's total."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.quality.evidence import daily_values
from syncbit_dagster.quality.outcome import Finding, Outcome

if TYPE_CHECKING:
    from syncbit_dagster.quality.evidence import Evidence

TOLERANCE = 0.02
"""Share of the total.

Fitbit corrects a day's total without its minutes, and the other way round: of 887 whole days of 33
people (Furberg et al. 2016, steps) 143 differ, most by some ten steps. Of these, 30 differ by more
than 2 % and 50 steps, and almost all of them by far more: minutes are missing, or a day was edited.
"""


@dataclass(frozen=True)
class Total:
    """A daily metric that the intervals add up to.

    ``least``: differences up to here are never told, in the metric's unit. They are of the size
    that rounding and late corrections make: 50 steps, their distance and energy, one floor.
    """

    metric: str
    least: float


TOTALS = {
    "fitbit_steps_intraday": Total("fitbit_steps_total", 50),
    "fitbit_distance_intraday": Total("fitbit_distance_km", 0.05),
    "fitbit_calories_intraday": Total("fitbit_calories_total", 20),
    "fitbit_floors_intraday": Total("fitbit_floors_total", 1),
    "fitbit_elevation_intraday": Total("fitbit_elevation_meters", 5),
}
"""By the metric of the intervals. Heart rates have no sum."""


def sum_matches_total(evidence: Evidence) -> Outcome:
    """The sum of a day's intervals is its total, where both exist and the day is over.

    Today's sum and total were read at different moments, so they say nothing yet.
    """
    (metric,) = metrics_of(evidence.asset.name)
    total = TOTALS[metric.name]
    sums = np.full(len(evidence.days), np.nan)
    for one in evidence.own_series:
        numbers = evidence.day_numbers(one.timestamps)
        added = np.bincount(numbers, weights=one.values, minlength=len(sums))
        has_samples = np.bincount(numbers, minlength=len(sums)) > 0
        sums[has_samples] = np.nan_to_num(sums[has_samples]) + added[has_samples]
    totals = daily_values(evidence, total.metric)
    over = [day < evidence.today for day in evidence.days]
    comparable = ~np.isnan(sums) & ~np.isnan(totals) & np.array(over)
    difference = np.abs(sums - totals)
    allowed = np.maximum(TOLERANCE * np.abs(totals), total.least)
    findings = tuple(
        Finding(
            evidence.day(number),
            metric.name,
            f"{sums[number]:,.6g} {metric.unit} in the intervals",
            f"{totals[number]:,.6g} ± {allowed[number]:,.3g} {metric.unit} ({total.metric})",
            float(difference[number] / allowed[number]),
        )
        for number in np.flatnonzero(comparable & (difference > allowed))
    )
    return Outcome(int(comparable.sum()), findings)
