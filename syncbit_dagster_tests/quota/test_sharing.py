"""Many at one budget: never too many requests, none wasted, the urgent ones first.

SYNCBIT_SOAK=1 lets it run for hours of virtual time with both kinds of window.
"""

from __future__ import annotations

import os
import random
import threading
from bisect import bisect_left
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.quota import Budget
from syncbit_dagster.quota.quota import Quota
from syncbit_dagster_tests.quota.virtual_time import VirtualClock

if TYPE_CHECKING:
    from syncbit_dagster.account.state.place import StatePlace
    from syncbit_dagster.quota.quota import Priority

SOAK = os.environ.get("SYNCBIT_SOAK") == "1"
START = 1_700_000_000.0 // 3600 * 3600
HISTORY_WORKERS = 7
FRESH_WORKERS = 1
WORKERS = HISTORY_WORKERS + FRESH_WORKERS


class Fleet:
    """Eight workers, each with a budget of its own, as processes have it."""

    def __init__(self, quota: Quota, seconds: float) -> None:
        self.clock = VirtualClock(START, WORKERS)
        self.sent: list[tuple[float, int]] = []
        self.fresh_waits: list[float] = []
        self._quota = replace(quota, longest_wait_seconds=10_000)
        self._end = START + seconds
        self._failures: list[BaseException] = []

    def run(self) -> None:
        threads = [threading.Thread(target=self._guarded, args=(n,)) for n in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not self._failures, self._failures
        self.sent.sort()

    def _guarded(self, number: int) -> None:
        try:
            self._work(number)
        except BaseException as failure:  # noqa: BLE001 - told to the test's own thread
            self._failures.append(failure)
        finally:
            self.clock.leave()

    def _work(self, number: int) -> None:
        is_history = number < HISTORY_WORKERS
        priority: Priority = "history" if is_history else "fresh"
        chance = random.Random(number)  # noqa: S311 - the same in every run
        budget = Budget(
            replace(self._quota, priority=priority),
            clock=self.clock.now,
            sleep=self.clock.sleep,
        )
        self.clock.sleep(chance.random())
        while (asked := self.clock.now()) < self._end:
            budget.wait_for_turn()
            self.sent.append((self.clock.now(), number))
            if is_history:
                self.clock.sleep(0.05 + chance.random() / 10)
            else:
                self.fresh_waits.append(self.clock.now() - asked)
                self.clock.sleep(chance.random() * self._quota.seconds / 10)
        budget.close()


@pytest.mark.parametrize("hours", [3])
def test_every_hour_is_used_and_none_holds_too_many(place: StatePlace, hours: int) -> None:
    fleet = Fleet(Quota(150, 3600, "fixed", place), hours * 3600 - 1)
    fleet.run()
    per_hour = Counter(int((time - START) // 3600) for time, _ in fleet.sent)
    for hour in range(hours):
        assert 0.97 * 150 <= per_hour[hour] <= 150
    assert len(fleet.fresh_waits) > hours * 10
    assert max(fleet.fresh_waits) <= 3602
    assert sorted(fleet.fresh_waits)[len(fleet.fresh_waits) * 9 // 10] <= 2
    assert _is_fair(fleet)


def test_every_minute_is_used_and_none_holds_too_many(place: StatePlace) -> None:
    minutes = 180 if SOAK else 4
    fleet = Fleet(Quota(150, 60, place=place), minutes * 60 - 1)
    fleet.run()
    times = [time for time, _ in fleet.sent]
    for index, first in enumerate(times):
        assert bisect_left(times, first + 60) - index <= 150
    for minute in range(minutes - 1):
        begin = START + minute * 60
        assert bisect_left(times, begin + 60) - bisect_left(times, begin) >= 0.97 * 150
    assert max(fleet.fresh_waits) <= 2
    assert _is_fair(fleet)


def _is_fair(fleet: Fleet) -> bool:
    counts = Counter(number for _, number in fleet.sent if number < HISTORY_WORKERS)
    return len(counts) == HISTORY_WORKERS and max(counts.values()) < 1.1 * min(counts.values()) + 3
