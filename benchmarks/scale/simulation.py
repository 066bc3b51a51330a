"""A day of many accounts, minute by minute: which runs are due, which wait, what the API is asked.

A day is periodic: it begins with the queue that the day before left. All arrays have 1,440 minutes
of UTC. Nothing here is measured; what a run costs comes from ``unit_costs.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.scale.world import DAY_MINUTES, accounts_by_zone, offsets

if TYPE_CHECKING:
    import numpy.typing as npt

    Minutes = npt.NDArray[np.float64]

SUMMER = datetime(2026, 7, 1, tzinfo=UTC)
FIRST_WAKING, LAST_WAKING = 7 * 60, 22 * 60


@dataclass(frozen=True)
class Deployment:
    """How accounts are served.

    Attributes:
        accounts: how many.
        morning: minute of the account's own day at which its schedule ticks.
        spread_minutes: the ticks of a zone are spread over so many minutes; 1 is all at once.
        syncs: runs a day and account that follow a sync of a device, in waking hours.
        poll_minutes: between two questions for the devices, one request each; 0 is never.
        workers: runs at a time.
        run_seconds: how long one takes.
        run_requests: how many requests it sends.
    """

    accounts: int
    morning: int = 5 * 60
    spread_minutes: int = 1
    syncs: int = 3
    poll_minutes: int = 15
    workers: int = 1
    run_seconds: float = 10.0
    run_requests: float = 24.0


class Day(NamedTuple):
    """One day, minute by minute.

    Attributes:
        ticks: accounts whose morning run becomes due.
        synced: runs that become due after a sync.
        started: runs that begin.
        queued: runs that are due and have not begun, at the minute's end.
        requests: what the API is asked.
    """

    ticks: npt.NDArray[np.int64]
    synced: npt.NDArray[np.int64]
    started: Minutes
    queued: Minutes
    requests: Minutes

    @property
    def runs(self) -> int:
        """Runs that become due in the day."""
        return int(self.ticks.sum() + self.synced.sum())


def simulate(deployment: Deployment, seed: int = 1) -> Day:
    """A summer's day, the same for the same seed."""
    rng = np.random.default_rng(seed)
    zones = list(zip(accounts_by_zone(deployment.accounts), offsets(SUMMER), strict=True))
    ticks, synced = np.zeros(DAY_MINUTES, np.int64), np.zeros(DAY_MINUTES, np.int64)
    waking = np.arange(FIRST_WAKING, LAST_WAKING)
    for accounts, offset in zones:
        due = deployment.morning + np.arange(deployment.spread_minutes)
        ticks += on_the_day(due, evenly(accounts, len(due)), offset)
        # A sync comes when somebody opens the app: any waking minute is as likely as another.
        found = rng.multinomial(accounts * deployment.syncs, np.full(len(waking), 1 / len(waking)))
        synced += on_the_day(waking, found, offset)
    started, queued = serve(ticks + synced, deployment.workers * 60 / deployment.run_seconds)
    polls = deployment.accounts / deployment.poll_minutes if deployment.poll_minutes else 0.0
    return Day(ticks, synced, started, queued, started * deployment.run_requests + polls)


def evenly(count: int, parts: int) -> npt.NDArray[np.int64]:
    """As many in each part as in any other, or one less."""
    edges = np.arange(parts + 1) * int(count) // parts
    return np.diff(edges)


def on_the_day(
    local: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], offset: int
) -> npt.NDArray[np.int64]:
    """Counts by minute of a zone's clock, as counts by minute of UTC."""
    found = np.zeros(DAY_MINUTES, np.int64)
    np.add.at(found, (local - offset) % DAY_MINUTES, counts)
    return found


def serve(due: npt.NDArray[np.int64], capacity: float) -> tuple[Minutes, Minutes]:
    """Runs that begin in each minute, and those that wait at its end, first come first served.

    Args:
        due: runs that become due in each minute.
        capacity: runs that can begin in a minute.

    Where more become due in a day than can begin, the queue grows from day to day; then this is
    the first day, and what it leaves is in the last minute's queue.
    """
    is_stable = due.sum() <= capacity * len(due)
    days = 2 if is_stable else 1
    gain = np.cumsum(np.tile(due, days) - capacity)
    queued = gain - np.minimum.accumulate(np.minimum(gain, 0.0))
    before = np.concatenate([[0.0], queued[:-1]])
    started = before + np.tile(due, days) - queued
    return started[-len(due) :], queued[-len(due) :]


def longest_wait(deployment: Deployment, day: Day) -> float:
    """Minutes that the last of the longest queue waits; infinite if the queue never empties."""
    capacity = deployment.workers * 60 / deployment.run_seconds
    if day.runs > capacity * DAY_MINUTES:
        return float("inf")
    return float(day.queued.max() / capacity)


def enough_workers(deployment: Deployment, minutes: float) -> int:
    """The fewest runs at a time by which no run waits longer than some minutes.

    A run waits no longer if in every stretch of time no more become due than can begin in it and in
    those minutes.
    """
    day = simulate(deployment)
    due = (day.ticks + day.synced).astype(float)
    a_worker = 60 / deployment.run_seconds
    low, high = 1, max(1, int(np.ceil(due.max() / a_worker)))
    while low < high:
        middle = (low + high) // 2
        _, queued = serve(due.astype(np.int64), middle * a_worker)
        is_stable = due.sum() <= middle * a_worker * DAY_MINUTES
        if is_stable and queued.max() <= minutes * middle * a_worker:
            high = middle
        else:
            low = middle + 1
    return low
