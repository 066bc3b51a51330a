"""What Dagster has on record of runs and partitions.

All that is asked of the instance beyond the methods that Dagster documents is asked here.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.defs.names import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.civil import DayRange

RECORDS_AT_ONCE = 1_000  # each carries a plot; ten years of them need not be in memory


def runs_of(
    instance: dg.DagsterInstance, which: dg.RunsFilter, limit: int | None = None
) -> list[dg.DagsterRun]:
    """The newest first."""
    return [record.dagster_run for record in instance.get_run_records(which, limit=limit)]


def missing_days(
    settings: Settings, offered: Sequence[Asset], instance: dg.DagsterInstance, days: DayRange
) -> dict[str, set[date]]:
    """For each asset the days of its history that were never materialized."""
    result = {}
    for asset in offered:
        if wanted := settings.history_of(asset, days):
            there = instance.get_materialized_partitions(key_of(settings, asset.name))
            result[asset.name] = set(wanted) - {date.fromisoformat(key) for key in there}
    return result


def newest_materializations(
    instance: dg.DagsterInstance, key: dg.AssetKey, days: Sequence[date]
) -> Iterator[dg.EventLogRecord]:
    """The newest materialization of each day that has one, in no order."""
    partitions = [day.isoformat() for day in days]
    for start in range(0, len(partitions), RECORDS_AT_ONCE):
        newest = instance.get_latest_storage_id_by_partition(
            key,
            dg.DagsterEventType.ASSET_MATERIALIZATION,
            set(partitions[start : start + RECORDS_AT_ONCE]),
        )
        if newest:
            wanted = dg.AssetRecordsFilter(key, storage_ids=list(newest.values()))
            yield from instance.fetch_materializations(wanted, limit=len(newest)).records


def recorded(
    instance: dg.DagsterInstance, key: dg.AssetKey, days: Sequence[date]
) -> dict[date, dict[str, object]]:
    """What the newest materialization of each day said, by the names of its metadata."""
    found: dict[date, dict[str, object]] = {}
    for record in newest_materializations(instance, key, days):
        event = record.asset_materialization
        if event is not None and event.partition is not None:
            said: dict[str, object] = {name: value.value for name, value in event.metadata.items()}
            found[date.fromisoformat(event.partition)] = said
    return found


def unfinished_steps(instance: dg.DagsterInstance, run: dg.DagsterRun) -> set[str]:
    """What the run was to do and what has not ended well: assets, and checks and reports too."""
    if run.execution_plan_snapshot_id is None:
        return set()
    plan = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id)
    stats = instance.get_run_step_stats(run.run_id)
    finished = {one.step_key for one in stats if one.status and one.status.name == "SUCCESS"}
    return set(plan.step_keys_to_execute) - finished


def newest_place(instance: dg.DagsterInstance, key: dg.AssetKey) -> str | None:
    """Where the asset's last run has stored its samples, as its metadata says."""
    for record in instance.fetch_materializations(key, limit=1).records:
        event = record.asset_materialization
        if event is not None and (said := event.metadata.get("store")) is not None:
            return str(said.value)
    return None


def was_interrupted(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a run failed because somebody stopped Dagster, such as with Ctrl-C."""
    kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    if run.is_success:
        return False
    events = [log.dagster_event for log in instance.all_logs(run.run_id, of_type=kinds)]
    errors = [
        error
        for event in events
        if event and (error := getattr(event.event_specific_data, "error", None))
    ]
    return any(error.cls_name == dg.DagsterExecutionInterruptedError.__name__ for error in errors)


def record_limit(instance: dg.DagsterInstance, pool: str) -> None:
    """Give a pool its default limit before its first runs are queued.

    Dagster's queue does so by itself when it first sees a run of the pool, and lets all that are
    queued at that moment start at once.
    """
    storage = instance.event_log_storage
    if storage.supports_global_concurrency_limits and pool not in storage.get_concurrency_keys():
        storage.initialize_concurrency_limit_to_default(pool)
