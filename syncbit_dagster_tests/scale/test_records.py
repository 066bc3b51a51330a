"""Which runs are left: the arithmetic, and the project's own rule on real runs of Dagster."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from benchmarks.scale.records import after
from syncbit_dagster.civil import DayRange
from syncbit_dagster.defs.retention import KEPT_DAYS, superseded
from syncbit_dagster.defs.runs import range_run
from syncbit_dagster.defs.schedules import DAYS_LOOKED_BACK

FIRST = date(2026, 1, 1)
DAYS = 8


def test_runs_after_a_sync_are_forgotten() -> None:
    everything, kept = after(365, kept_days=math.inf), after(365)
    assert everything.runs == 365 * 4
    assert kept.runs < everything.runs / 3


def test_a_morning_stays_the_newest_record_of_its_oldest_day() -> None:
    assert after(365, syncs=0).runs == 365


def test_a_long_run_a_month_lets_the_mornings_be_forgotten() -> None:
    kept = after(365, syncs=0, sweep_every=30)
    assert kept.runs <= 365 // 30 + 1 + 30 + DAYS_LOOKED_BACK
    assert kept.runs >= KEPT_DAYS


@pytest.mark.parametrize("sweep_every", [0, 30])
@pytest.mark.parametrize("syncs", [0, 3])
@pytest.mark.parametrize("kept_days", [0, KEPT_DAYS, math.inf])
def test_every_day_has_a_record(sweep_every: int, syncs: int, kept_days: float) -> None:
    kept = after(100, sweep_every=sweep_every, syncs=syncs, kept_days=kept_days)
    assert kept.run_days >= 100


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_the_arithmetic_is_the_projects_own_rule() -> None:
    @dg.asset(
        partitions_def=dg.DailyPartitionsDefinition(FIRST.isoformat()),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def steps() -> None: ...

    with dg.DagsterInstance.ephemeral() as instance:

        def run(first: int, last: int) -> None:
            days = DayRange(FIRST + timedelta(first), FIRST + timedelta(last))
            tags = range_run(days, "fresh", run_key="").tags
            assert dg.materialize([steps], instance=instance, tags=dict(tags)).success

        for day in range(DAYS_LOOKED_BACK, DAYS_LOOKED_BACK + DAYS):
            run(day - DAYS_LOOKED_BACK, day - 1)
            run(day - 1, day)
            run(day, day)
        jobs = {run.job_name for run in instance.get_runs()}
        later = datetime.now(UTC) + timedelta(days=KEPT_DAYS + 1)
        forgotten = list(superseded(instance, jobs, [steps.key], later))
    made = after(DAYS, syncs=2, kept_days=math.inf).runs
    assert made - len(forgotten) == after(DAYS, syncs=2, kept_days=0).runs
    assert len(forgotten) > DAYS
