"""Runs whose process is gone without a word: the power failed, or a code server was killed.

Dagster believes that they go on until ``max_runtime`` has passed, and they keep their places in its
queue. But a run that fetches holds its days by a lock that no dead process can hold (``turns``).
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.defs.run_requests import days_of_run
from syncbit_dagster.factories import are_free

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from syncbit_dagster.config import Settings

logger = logging.getLogger(__name__)

# From its first event until it holds its days, and from then until its last one, a run takes a few
# seconds at most.
QUIET_SECONDS = 90.0
# Who waits for the days of another run looks again within a second after they are free.
PAUSE_SECONDS = 3.0


def end_dead_runs(
    settings: Settings,
    instance: dg.DagsterInstance,
    runs: Iterable[dg.DagsterRun],
    *,
    sleep: Callable[[float], None],
    clock: Callable[[], float] = time.time,
) -> list[dg.DagsterRun]:
    """Report runs as failed that nobody is at work on; the others are returned.

    Args:
        settings: of the account whose runs these are.
        instance: where they are on record.
        runs: of them, those that have started are looked at, if they fetch days.
        sleep: waits.
        clock: seconds since the epoch, as Dagster stamps its events.
    """
    quiet_since = clock() - QUIET_SECONDS
    runs = list(runs)
    suspects = {}
    for run in runs:
        is_started = run.status is dg.DagsterRunStatus.STARTED
        at = _last_event(instance, run) if is_started else None
        if at is not None and at < quiet_since and _seems_dead(settings, run):
            suspects[run.run_id] = at
    if not suspects:
        return runs
    sleep(PAUSE_SECONDS)
    dead = set()
    for run_id, at in suspects.items():
        now = instance.get_run_by_id(run_id)
        if now and _last_event(instance, now) == at and _seems_dead(settings, now):
            logger.warning("The process of run %s is gone; its place is free again.", run_id)
            instance.report_run_failed(
                now,
                "The process of this run is gone: it said nothing for a while, and nobody is at "
                "work on its days (a power cut, or the code location was restarted). What it "
                "stored stays stored; the sensor `history` asks for the rest.",
            )
            dead.add(run_id)
    return [run for run in runs if run.run_id not in dead]


def _seems_dead(settings: Settings, run: dg.DagsterRun) -> bool:
    days = days_of_run(run)
    is_started = run.status is dg.DagsterRunStatus.STARTED
    return is_started and days is not None and are_free(settings, days)


def _last_event(instance: dg.DagsterInstance, run: dg.DagsterRun) -> float | None:
    """Seconds since the epoch; None: there is none."""
    records = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    return records[0].timestamp if records else None
