"""What schedules and sensors ask for: one run over a range of partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.defs.resources import PRIORITY_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncbit_dagster.account import Priority
    from syncbit_dagster.civil import DayRange

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
RUN_KEY_TAG = "dagster/run_key"
QUEUE_TAG = "dagster/priority"
# Dagster's run queue: the higher number goes first.
QUEUE_PRIORITY: dict[Priority, int] = {"fresh": 1, "history": -1}

ACTIVE = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
)


def range_run(
    days: DayRange,
    priority: Priority,
    *,
    run_key: str,
    assets: Iterable[str] | None = None,
) -> dg.RunRequest:
    """One run for all the days; a run key that was used before makes none.

    Args:
        days: the partitions.
        priority: which runs and which requests go first.
        run_key: names the run.
        assets: names; default: all of the job's.
    """
    return dg.RunRequest(
        run_key=run_key,
        asset_selection=None if assets is None else [dg.AssetKey(name) for name in assets],
        tags={
            RANGE_START_TAG: days.first.isoformat(),
            RANGE_END_TAG: days.last.isoformat(),
            PRIORITY_TAG: priority,
            QUEUE_TAG: str(QUEUE_PRIORITY[priority]),
        },
    )
