"""Forgets old runs that nothing is known from any more, so that Dagster's records stay small.

A day is materialized some times: while the device syncs, and the mornings after. Only the newest of
these runs says what the store holds; the records of the others, a hundred kilobytes each, tell no
partition's state. Dagster removes old ticks by itself (``retention`` in ``dagster.yaml``), but no
runs.

It deletes a run as Dagster does. What Dagster leaves of one stays, as docs/scale.md says: in
PostgreSQL the rows of its checks, in SQLite its emptied file.
"""

# No postponed annotations here: Dagster reads those of the op below as objects.
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta

import dagster as dg

from syncbit_dagster.core.civil import real_clock
from syncbit_dagster.defs.instance.records import newest_materializations, runs_of
from syncbit_dagster.defs.run_requests import days_of_run

NAME = "forget_old_runs"
CRON = "30 3 * * 0"
KEPT_DAYS = 14  # everything that ran since then is kept, whatever it did
LOOKED_BACK_DAYS = 60  # what is older was looked at often enough


def forgetting(
    jobs: Collection[str],
    keys: Sequence[dg.AssetKey],
    *,
    now: Callable[[], datetime] = real_clock,
) -> dg.ScheduleDefinition:
    """A schedule whose job deletes runs of ``jobs`` that hold no partition's newest record.

    Args:
        jobs: names; runs of others, such as a backfill of the UI, are left alone.
        keys: the partitioned assets of these jobs.
        now: the present instant.
    """

    @dg.op(description="Deletes old runs of which newer runs have taken the place.")
    def delete_runs(context: dg.OpExecutionContext) -> None:
        deleted = list(superseded(context.instance, jobs, keys, now()))
        for run_id in deleted:
            context.instance.delete_run(run_id)
        context.log.info("%s old runs were deleted.", len(deleted))

    @dg.job(
        name=NAME, description=f"Deletes runs older than {KEPT_DAYS} days that newer ones replace."
    )
    def forget_old_runs() -> None:
        delete_runs()

    return dg.ScheduleDefinition(
        job=forget_old_runs,
        cron_schedule=CRON,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def superseded(
    instance: dg.DagsterInstance,
    jobs: Collection[str],
    keys: Sequence[dg.AssetKey],
    now: datetime,
) -> Iterator[str]:
    """Ids of ended runs whose every partition has a newer record, or that brought none."""
    old = _ended(instance, jobs, now)
    days = sorted({day for run in old for day in days_of_run(run) or ()})
    needed = {
        record.run_id for key in keys for record in newest_materializations(instance, key, days)
    }
    return (run.run_id for run in old if run.run_id not in needed)


def _ended(
    instance: dg.DagsterInstance, jobs: Collection[str], now: datetime
) -> list[dg.DagsterRun]:
    """The runs that are old enough to look at."""
    filters = dg.RunsFilter(
        created_after=now - timedelta(days=LOOKED_BACK_DAYS),
        created_before=now - timedelta(days=KEPT_DAYS),
    )
    return [run for run in runs_of(instance, filters) if run.job_name in jobs and run.is_finished]
