"""Whether intraday samples lie on the grid of their day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.quality.evidence import counts_by_day, wall_clock
from syncbit_dagster.quality.outcome import Finding, Outcome, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.quality.evidence import Evidence


def minutes_in_day(evidence: Evidence) -> Outcome:
    """Every sample begins an interval counted from the day's first instant, none is too much.

    A day has as many intervals as it has time: 1380, 1440 or 1500 minutes in most zones, 1410 or
    1470 on Lord Howe, none on a day that was skipped.
    """
    step = evidence.interval_seconds * 1000
    findings = [
        finding for one in evidence.own_series for finding in _off_grid(evidence, one, step)
    ]
    counts = counts_by_day(evidence)
    possible = -(-np.diff(evidence.bounds) // step)
    findings += [
        Finding(
            evidence.day(number),
            "samples of the day",
            counted(int(counts[number]), "samples"),
            f"at most {possible[number]:,}, one an interval",
            float(counts[number] - possible[number]),
        )
        for number in np.flatnonzero(counts > possible)
    ]
    return Outcome(int(counts.sum()), tuple(findings))


def _off_grid(evidence: Evidence, series: Series, step: int) -> Iterator[Finding]:
    """Samples between two intervals, and those outside of all days."""
    times = series.timestamps
    numbers = evidence.day_numbers(times)
    is_outside = (times < evidence.bounds[0]) | (times >= evidence.bounds[-1])
    is_off = ~is_outside & ((times - evidence.bounds[numbers]) % step != 0)
    for is_wrong, expected in (
        (is_off, f"a multiple of {step // 60_000} min after the day's first instant"),
        (is_outside, "no sample before or after the days"),
    ):
        counts = np.bincount(numbers[is_wrong], minlength=len(evidence.days))
        for number in np.flatnonzero(counts):
            first = times[is_wrong & (numbers == number)][0]
            yield Finding(
                evidence.day(number),
                series.metric,
                f"{counted(int(counts[number]), 'samples')}, the first at "
                f"{wall_clock(evidence, int(first))}",
                expected,
                float(counts[number]),
            )
