"""Forgets old runs that nothing is known from any more, so that Dagster's records stay small.

A day is materialized some times: while the device syncs, and the mornings after. Only the newest of
these runs says what the store holds; the records of the others, a hundred kilobytes each, tell no
partition's state. Dagster removes old ticks by itself (``retention`` in ``dagster.yaml``), but no
runs.

Nor does it delete a run's rows of checks with it. In PostgreSQL these are most of what a run
leaves: one row for each check and day, which stays planned for ever, and one for the result.
"""

# No postponed annotations here: Dagster reads those of the op below as objects.
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable

from syncbit_dagster.core.civil import real_clock
from syncbit_dagster.defs.run_requests import days_of_run

if TYPE_CHECKING:
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

NAME = "forget_old_runs"
CRON = "30 3 * * 0"
KEPT_DAYS = 14  # everything that ran since then is kept, whatever it did
LOOKED_BACK_DAYS = 60  # what is older was looked at often enough
AT_ONCE = 500


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
        rows = forget_checks(context.instance, deleted, _ended(context.instance, jobs, now()))
        context.log.info("%s old runs were deleted, and %s rows of old checks.", len(deleted), rows)

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
    days = {day.isoformat() for run in old for day in days_of_run(run) or ()}
    needed = {run_id for key in keys for run_id in _runs_of_newest(instance, key, sorted(days))}
    return (run.run_id for run in old if run.run_id not in needed)


def _ended(
    instance: dg.DagsterInstance, jobs: Collection[str], now: datetime
) -> list[dg.DagsterRun]:
    """The runs that are old enough to look at."""
    filters = dg.RunsFilter(
        created_after=now - timedelta(days=LOOKED_BACK_DAYS),
        created_before=now - timedelta(days=KEPT_DAYS),
    )
    return [run for run in instance.get_runs(filters) if run.job_name in jobs and run.is_finished]


def forget_checks(
    instance: dg.DagsterInstance, deleted: Sequence[str], ended: Sequence[dg.DagsterRun]
) -> int:
    """Delete the checks of runs that are gone, and what stays planned of runs that have ended.

    Args:
        instance: whose storage is one of Dagster's SQL storages.
        deleted: ids of runs.
        ended: runs that may be left.

    Returns:
        How many rows.
    """
    storage, table = (
        cast("SqlEventLogStorage", instance.event_log_storage),
        AssetCheckExecutionsTable,
    )
    planned = table.c.execution_status == AssetCheckExecutionRecordStatus.PLANNED.value
    with storage.index_connection() as connection:
        return sum(
            connection.execute(table.delete().where(rows)).rowcount
            for rows in (
                table.c.run_id.in_(deleted),
                table.c.run_id.in_([run.run_id for run in ended]) & planned,
            )
        )


def _runs_of_newest(
    instance: dg.DagsterInstance, key: dg.AssetKey, partitions: Sequence[str]
) -> Iterator[str]:
    for start in range(0, len(partitions), AT_ONCE):
        newest = instance.get_latest_storage_id_by_partition(
            key,
            dg.DagsterEventType.ASSET_MATERIALIZATION,
            set(partitions[start : start + AT_ONCE]),
        )
        if newest:
            records = instance.fetch_materializations(
                dg.AssetRecordsFilter(key, storage_ids=list(newest.values())), limit=len(newest)
            ).records
            yield from (record.run_id for record in records)
