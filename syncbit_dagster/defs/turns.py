"""When a run may begin: not while another one is at work on the same days.

Several runs may have a process at a time. One that had fetched a day before another did, and stored
it after, would put older data in the place of newer; so it waits for its turn. Dagster's record of
runs is all that is needed for that, on one host or on several.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.defs.runs import gap_of
from syncbit_dagster.errors import SyncbitError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from syncbit_dagster.config import Settings

PAUSE_SECONDS = 1.0
# A run over years takes minutes. One whose process died without a word is ended by Dagster's run
# monitoring.
LONGEST_SECONDS = 3600.0
AT_WORK = (
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
_PARTITIONED = tuple(asset.name for asset in ASSETS if asset.is_partitioned)


class TurnError(SyncbitError):
    """Another run is at work on the same days, and does not end."""


def wait_for_turn(
    settings: Settings,
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    log: logging.Logger,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when no run that began earlier is at work on the account's same assets and days.

    Args:
        settings: of this process; they say whose assets they are.
        instance: where all the runs are recorded.
        run: the one that has begun and would like to go on.
        log: is told once whom the run waits for.
        sleep: waits.

    Raises:
        TurnError: an hour was not enough.
    """
    waited = 0.0
    while earlier := _earlier(settings, instance, run):
        if waited >= LONGEST_SECONDS:
            raise TurnError(
                f"Run {earlier} is at work on the same days for more than an hour; terminate it in "
                "Dagster's UI, or wait for its end, then materialize again."
            )
        if not waited:
            log.info("Run %s is at work on the same days; this one goes on when it ends.", earlier)
        sleep(PAUSE_SECONDS)
        waited += PAUSE_SECONDS


def _earlier(settings: Settings, instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """The id of a run that goes first; None: nobody does."""
    own = gap_of(settings, run, _PARTITIONED)
    if own is None:
        return None
    began = math.inf
    rivals: dict[str, float] = {}
    for record in instance.get_run_records(dg.RunsFilter(statuses=list(AT_WORK))):
        # Whoever has not begun yet may have done so before, by its own clock.
        start = record.start_time or -math.inf
        if record.dagster_run.run_id == run.run_id:
            began = start
        else:
            gap = gap_of(settings, record.dagster_run, _PARTITIONED)
            if gap and gap.overlaps(own):
                rivals[record.dagster_run.run_id] = start
    first = min(rivals, key=lambda one: (rivals[one], one), default=None)
    return first if first and (rivals[first], first) < (began, run.run_id) else None
