"""What was materialized, against the calendar and against the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.quality.evidence import counts_by_day
from syncbit_dagster.quality.outcome import Finding, Outcome, counted, ranges_text
from syncbit_dagster.scheduling.backfill_plan import stretches

if TYPE_CHECKING:
    from syncbit_dagster.quality.evidence import Evidence


def gaps(evidence: Evidence) -> Outcome:
    """Every day before yesterday that is collected by itself is materialized.

    A day that is materialized without any sample is no gap: the provider was asked and has
    nothing (the watch was off). All days of both kinds are told, apart from each other. A day that
    the zone skipped has no time and cannot be missing.
    """
    real = [
        day
        for day, milliseconds in zip(evidence.days, np.diff(evidence.bounds), strict=True)
        if milliseconds
    ]
    missing = [day for day in real if day not in evidence.recorded]
    empty = [day for day in real if evidence.recorded.get(day) == 0]
    wanted = set(evidence.wanted or ())
    overdue = [day for day in missing if day in wanted and day < evidence.today - ONE_DAY]
    findings = tuple(
        Finding(stretch, "partitions", "not materialized", "materialized", float(len(stretch)))
        for stretch in stretches(overdue)
    )
    facts: dict[str, int | str] = {
        "days_not_materialized": len(missing),
        "not_materialized": ranges_text(missing),
        "days_without_samples": len(empty),
        "materialized_without_samples": ranges_text(empty),
    }
    return Outcome(len(real), findings, facts)


def read_back(evidence: Evidence) -> Outcome:
    """The store gives back as many samples of each day as its last materialization told of."""
    counts = counts_by_day(evidence)
    told = [
        (day, int(count), told)
        for day, count in zip(evidence.days, counts, strict=True)
        if (told := evidence.recorded.get(day)) is not None
    ]
    findings = tuple(
        Finding(
            DayRange(day, day),
            "samples in the store",
            counted(count, "samples"),
            f"{counted(expected, 'samples')}, as materialized",
            float(abs(count - expected)),
        )
        for day, count, expected in told
        if count != expected
    )
    return Outcome(len(told), findings)
