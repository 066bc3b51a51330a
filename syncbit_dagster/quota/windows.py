"""The two kinds of window that providers count requests in: pure functions over a log of requests.

A log holds pairs ``(instant, requests)`` in order of time; instants are seconds since the epoch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from syncbit_dagster.quota.quota import Priority, Quota

Log = tuple[tuple[float, int], ...]

RESERVE_SHARE = 1 / 5  # of a window, kept for fresh requests: 30 of 150
RESERVE_ENDS = 0.95  # share of a fixed window after which nothing is kept back any more
HISTORY_BURST_SHARE = 1 / 2  # of a sliding window, before requests are spread over its time
SLACK_SHARE = 1 / 120  # of a sliding window: requests do not all take the same time to arrive
GUARD_SHARE = 1 / 1800  # of a fixed window, at both of its ends: clocks differ by seconds
TICKS = 1200  # a sliding window's log has at most so many pairs, however many requests it holds


class Window(Protocol):
    """One kind of window, with its limit."""

    def used(self, log: Log, now: float) -> int:
        """How many requests count at ``now``."""
        ...

    def counted(self, log: Log, now: float) -> Log:
        """The log with one request more, without what counts no more."""
        ...

    def turn(self, log: Log, now: float, priority: Priority) -> float:
        """The first instant, ``now`` or later, at which one more request may be sent."""
        ...


@dataclass(frozen=True)
class SlidingWindow:
    """At most ``requests`` in any ``seconds``.

    A short job is not slowed: a share of the window may go at once. What is left is spread evenly
    until the first of it comes back, so that long work never stops for half a window. History
    needs no reserve here: a slot comes every ``seconds / requests``, and fresh requests take it
    first.
    """

    requests: int
    seconds: float

    @property
    def _length(self) -> float:
        return self.seconds * (1 + SLACK_SHARE)

    def used(self, log: Log, now: float) -> int:
        return sum(count for at, count in log if at + self._length > now)

    def counted(self, log: Log, now: float) -> Log:
        tick = self.seconds / TICKS
        kept = tuple(pair for pair in log if pair[0] + self._length > now)
        if kept and now // tick <= kept[-1][0] // tick:
            latest, count = kept[-1]
            return (*kept[:-1], (max(now, latest), count + 1))  # all of them as late as the last
        return (*kept, (now, 1))

    def turn(self, log: Log, now: float, priority: Priority) -> float:
        kept = [pair for pair in log if pair[0] + self._length > now]
        used = sum(count for _, count in kept)
        earliest = kept[-1][0] + self._length / self.requests if kept else now
        for oldest, count in kept:
            # Until the oldest one is back, the requests that are left are spread evenly.
            left, back = self.requests - used, oldest + self._length
            if used < self._burst(priority):
                return now
            if left > 0:
                even = (left * kept[-1][0] + back) / (left + 1)
                if (turn := max(now, earliest, even)) < back:
                    return turn
            now, used = max(now, back), used - count
        return now

    def _burst(self, priority: Priority) -> int:
        share = {"fresh": 1 - RESERVE_SHARE, "history": HISTORY_BURST_SHARE}[priority]
        return max(1, int(self.requests * share))


@dataclass(frozen=True)
class FixedWindow:
    """At most ``requests`` from each full hour (or minute) of the clock to the next one.

    History leaves a reserve for fresh requests, which shrinks to nothing towards the window's end:
    what nobody wanted is not wasted.

    Attributes:
        offset: seconds by which this clock reads more than the provider's at the window's start.
    """

    requests: int
    seconds: float
    offset: float = 0.0

    def start(self, now: float) -> float:
        """The first instant of the window that ``now`` lies in."""
        return math.floor((now - self.offset) / self.seconds) * self.seconds + self.offset

    def used(self, log: Log, now: float) -> int:
        start = self.start(now)
        return sum(count for at, count in log if start <= at < start + self.seconds)

    def counted(self, log: Log, now: float) -> Log:
        return self.with_used(log, now, self.used(log, now) + 1)

    def with_used(self, log: Log, now: float, used: int) -> Log:
        """The log with this many requests in the window of ``now``: one pair a window."""
        start = self.start(now)
        previous = tuple(pair for pair in log if start - self.seconds <= pair[0] < start)
        return (*previous[-1:], (now, used))

    def turn(self, log: Log, now: float, priority: Priority) -> float:
        start, guard = self.start(now), self.seconds * GUARD_SHARE
        end = start + self.seconds
        first = max(now, start + guard)
        left = self.requests - self.used(log, now)
        if left > 0 and priority == "history":
            first = max(first, start + self._reserve_is_below(left))
        if left <= 0 or first > end - guard:
            return self.turn(log, end + guard, priority)
        return first

    def _reserve_is_below(self, left: int) -> float:
        """Seconds from the window's start at which the reserve is smaller than what is left."""
        reserve = self.requests * RESERVE_SHARE
        if left > reserve:
            return 0.0
        return self.seconds * RESERVE_ENDS * (1 - (left - 1) / reserve)


def window_of(quota: Quota, offset: float) -> Window:
    """The window of a quota, by a clock that is off by so much."""
    if quota.window == "fixed":
        return FixedWindow(quota.requests, quota.seconds, offset)
    return SlidingWindow(quota.requests, quota.seconds)
