"""Whether the numbers of a night agree with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.quality.evidence import daily_values
from syncbit_dagster.quality.outcome import Finding, Outcome

if TYPE_CHECKING:
    import numpy.typing as npt

    from syncbit_dagster.quality.evidence import Evidence

STAGES_ASLEEP = ("deep", "light", "rem")
TOLERANCE_MINUTES = 5.0
"""Minutes are cut to whole ones stage by stage and sleep by sleep; a day has few sleeps."""


def stages_match_sleep(evidence: Evidence) -> Outcome:
    """Stages against minutes asleep, and the time in bed against the main sleep's start and end.

    Minutes asleep are those of all sleeps of the day, stages only of the sleeps that have some: a
    classic sleep, as most naps are, has none. So the stages may be less than the minutes asleep,
    never more. They are too few where one of the three stages is missing and the time in bed of
    the main sleep has room for all minutes asleep, so that nothing tells of another sleep.
    """
    asleep = daily_values(evidence, "fitbit_sleep_minutes_total")
    in_bed = daily_values(evidence, "fitbit_sleep_time_in_bed_minutes")
    start = daily_values(evidence, "fitbit_sleep_start_timestamp")
    end = daily_values(evidence, "fitbit_sleep_end_timestamp")
    stages = np.array(
        [
            daily_values(evidence, "fitbit_sleep_stage_minutes", stage=stage)
            for stage in STAGES_ASLEEP
        ]
    )
    is_known = ~np.isnan(stages)
    staged = np.where(is_known.any(axis=0), np.where(is_known, stages, 0).sum(axis=0), np.nan)
    missing = asleep - staged
    one_sleep = ~is_known.all(axis=0) & (asleep <= in_bed)  # as far as anybody can tell
    wrong_stages = (missing < -TOLERANCE_MINUTES) | (one_sleep & (missing > TOLERANCE_MINUTES))
    between = (end - start) / 60
    wrong_bed = np.abs(between - in_bed) > TOLERANCE_MINUTES
    findings = [
        *_findings(evidence, "deep + light + rem", staged, asleep, "asleep", wrong_stages),
        *_findings(evidence, "time in bed", in_bed, between, "from start to end", wrong_bed),
    ]
    return Outcome(int((~np.isnan(missing) | ~np.isnan(between - in_bed)).sum()), tuple(findings))


def _findings(
    evidence: Evidence,
    subject: str,
    found: npt.NDArray[np.float64],
    expected: npt.NDArray[np.float64],
    what: str,
    wrong: npt.NDArray[np.bool_],
) -> list[Finding]:
    return [
        Finding(
            evidence.day(number),
            subject,
            f"{found[number]:,.6g} min",
            f"{expected[number]:,.6g} min {what}",
            float(abs(found[number] - expected[number])),
        )
        for number in np.flatnonzero(wrong)
    ]
