"""What schedules and sensors ask for: one run over a range of partitions."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.core.civil import DayRange

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncbit_dagster.quota.quota import Priority

# A run with this tag, or of a backfill, leaves the request budget's reserve to fresh data.
PRIORITY_TAG = "syncbit/priority"
BACKFILL_TAG = "dagster/backfill"
PARTITION_TAG = "dagster/partition"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
QUEUE_TAG = "dagster/priority"
# Dagster's run queue: the higher number goes first.
QUEUE_PRIORITY: dict[Priority, int] = {"fresh": 1, "history": -1}
# Dagster ends a run then. One that is alive has ended long before; one whose process is gone (the
# power failed) keeps its account's place in the queue until then.
LONGEST_RUN_SECONDS = 3600

ACTIVE = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def range_run(
    days: DayRange,
    priority: Priority,
    *,
    run_key: str,
    assets: Iterable[dg.AssetKey] | None = None,
    tags: Mapping[str, str] | None = None,
) -> dg.RunRequest:
    """One run for all the days; a run key that was used before makes none.

    Args:
        days: the partitions.
        priority: which runs and which requests go first.
        run_key: names the run.
        assets: keys; default: all of the job's.
        tags: more of them.
    """
    return dg.RunRequest(
        run_key=run_key,
        asset_selection=None if assets is None else list(assets),
        tags={
            RANGE_START_TAG: days.first.isoformat(),
            RANGE_END_TAG: days.last.isoformat(),
            PRIORITY_TAG: priority,
            QUEUE_TAG: str(QUEUE_PRIORITY[priority]),
            dg.MAX_RUNTIME_SECONDS_TAG: str(LONGEST_RUN_SECONDS),
            **(tags or {}),
        },
    )


def priority_of(tags: Mapping[str, str]) -> Priority:
    """Whether a run fetches history, which can wait, or what somebody waits for."""
    return "history" if tags.get(PRIORITY_TAG) == "history" or BACKFILL_TAG in tags else "fresh"


def days_of_run(run: dg.DagsterRun) -> DayRange | None:
    """The partitions that a run over daily assets is for; None if it has none."""
    one = run.tags.get(PARTITION_TAG)
    first, last = run.tags.get(RANGE_START_TAG, one), run.tags.get(RANGE_END_TAG, one)
    if first is None or last is None:
        return None
    return DayRange(date.fromisoformat(first), date.fromisoformat(last))
