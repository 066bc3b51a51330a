"""Many at one budget: never too many requests, none wasted, the urgent ones first.

SYNCBIT_SOAK=1 lets it run for hours of virtual time with both kinds of window.
"""

from __future__ import annotations

import os
import random
import threading
from bisect import bisect_left
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from syncbit_dagster.quota import Budget
from syncbit_dagster.quota.quota import Quota

if TYPE_CHECKING:
    from syncbit_dagster.account.state.place import StatePlace

SOAK = os.environ.get("SYNCBIT_SOAK") == "1"
START = 1_700_000_000.0 // 3600 * 3600
WORKERS = 8
FRESH = WORKERS - 1  # the number of the one whose requests are urgent


class VirtualClock:
    """Time for a number of threads: when all of them sleep, it jumps to the next one that wakes."""

    def __init__(self) -> None:
        self.now = START
        self._threads = WORKERS
        self._wakes: list[float] = []
        self._changed = threading.Condition()

    def sleep(self, seconds: float) -> None:
        """Return when the clock has moved so far."""
        assert seconds > 0
        with self._changed:
            wake = self.now + seconds
            self._wakes.append(wake)
            self._advance()
            self._changed.wait_for(lambda: self.now >= wake)

    def leave(self) -> None:
        """The calling thread sleeps no more; the clock does not wait for it."""
        with self._changed:
            self._threads -= 1
            self._advance()

    def _advance(self) -> None:
        if self._wakes and len(self._wakes) == self._threads:
            self.now = min(self._wakes)
            self._wakes = [wake for wake in self._wakes if wake > self.now]
            self._changed.notify_all()


def requests_of(quota: Quota, seconds: float) -> tuple[list[float], list[float]]:
    """When eight workers, each with a budget of its own, sent; and how long urgent ones waited."""
    clock, sent, fresh_waits = VirtualClock(), [], []
    patient = replace(quota, longest_wait_seconds=10_000)

    def work(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - the same in every run
        own = replace(patient, priority="fresh" if number == FRESH else "history")
        try:
            with closing(Budget(own, clock=lambda: clock.now, sleep=clock.sleep)) as budget:
                clock.sleep(chance.random())
                while (asked := clock.now) < START + seconds:
                    budget.wait_for_turn()
                    sent.append((clock.now, number))
                    if number == FRESH:
                        fresh_waits.append(clock.now - asked)
                        clock.sleep(chance.random() * quota.seconds / 10)
                    else:
                        clock.sleep(0.05 + chance.random() / 10)
        finally:
            clock.leave()

    with ThreadPoolExecutor(WORKERS) as threads:
        list(threads.map(work, range(WORKERS)))
    counts = Counter(number for _, number in sent if number != FRESH)
    assert len(counts) == WORKERS - 1
    assert max(counts.values()) < 1.1 * min(counts.values()) + 3  # which is fair
    return sorted(at for at, _ in sent), sorted(fresh_waits)


def test_every_hour_is_used_and_none_holds_too_many(place: StatePlace) -> None:
    times, fresh_waits = requests_of(Quota(150, 3600, "fixed", place), 3 * 3600 - 1)
    per_hour = Counter(int((at - START) // 3600) for at in times)
    assert all(0.97 * 150 <= per_hour[hour] <= 150 for hour in range(3))
    assert len(fresh_waits) > 30
    assert fresh_waits[-1] <= 3602
    assert fresh_waits[len(fresh_waits) * 9 // 10] <= 2


def test_every_minute_is_used_and_none_holds_too_many(place: StatePlace) -> None:
    minutes = 180 if SOAK else 4
    times, fresh_waits = requests_of(Quota(150, 60, place=place), minutes * 60 - 1)
    assert all(bisect_left(times, at + 60) - index <= 150 for index, at in enumerate(times))
    for begin in (START + minute * 60 for minute in range(minutes - 1)):
        assert bisect_left(times, begin + 60) - bisect_left(times, begin) >= 0.97 * 150
    assert fresh_waits[-1] <= 2
