"""Both kinds of window as pure functions: never too many, and as many as possible."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.quota.windows import FixedWindow, SlidingWindow

if TYPE_CHECKING:
    from syncbit_dagster.quota.quota import Priority
    from syncbit_dagster.quota.windows import Log, Window

START = 1_700_000_000.0 // 3600 * 3600
PRIORITIES: list[Priority] = ["fresh", "history"]


def sent(window: Window, pauses: list[tuple[float, Priority]]) -> list[float]:
    """When requests go that are wanted one after the other, after these pauses."""
    now = START
    log: Log = ()
    times = []
    for pause, priority in pauses:
        now += pause
        while (turn := window.turn(log, now, priority)) > now:
            now = turn
        log = window.counted(log, now)
        times.append(now)
    return times


@given(
    st.integers(1, 20),
    st.integers(1, 3600),
    st.floats(0, 3599),
    st.lists(st.tuples(st.floats(0, 30), st.sampled_from(PRIORITIES)), max_size=150),
)
def test_no_window_ever_holds_too_many(
    requests: int, seconds: int, offset: float, pauses: list[tuple[float, Priority]]
) -> None:
    times = sent(SlidingWindow(requests, seconds), pauses)
    for index, first in enumerate(times):
        assert bisect_left(times, first + seconds) - index <= requests
    window = FixedWindow(requests, seconds, offset % seconds)
    starts = [window.start(time) for time in sent(window, pauses)]
    assert all(starts.count(start) <= requests for start in starts)


def test_a_short_job_is_not_slowed_and_long_work_never_stops_for_long() -> None:
    window = SlidingWindow(150, 60)
    assert sent(window, [(0, "fresh")] * 120) == [START] * 120
    assert sent(window, [(0, "history")] * 75) == [START] * 75
    times = sent(window, [(0, "history")] * 1500)
    assert max(after - before for before, after in pairwise(times)) < 1.0
    assert bisect_left(times, START + 600) >= 0.97 * 1500


def test_all_of_a_fixed_window_can_be_used_but_for_where_clocks_may_disagree() -> None:
    window = FixedWindow(150, 3600)
    assert sent(window, [(0, "fresh")] * 151) == [START + 2.0] * 150 + [START + 3602.0]
    history = sent(window, [(0, "history")] * 151)
    assert history[119] == START + 2.0
    assert history[149:] == [START + 0.95 * 3600, START + 3602.0]
    assert window.turn((), START + 3599, "fresh") == START + 3602


def test_history_leaves_a_reserve_that_shrinks() -> None:
    window = FixedWindow(150, 3600)
    for used in range(120, 150):
        log = ((START, used),)
        turn = window.turn(log, START + 2, "history")
        assert START + 2 <= turn <= START + 0.95 * 3600
        assert window.turn(log, START + 2, "fresh") == START + 2
        reserve = 30 * (1 - (turn - START) / (0.95 * 3600))
        assert 150 - used - 1 == pytest.approx(reserve, abs=0.02)


def test_a_log_stays_small_however_large_the_limit() -> None:
    window = SlidingWindow(1_000_000, 60)
    log: Log = ()
    for number in range(5000):
        log = window.counted(log, START + number / 100)
    assert window.used(log, START + 50) == 5000
    assert len(log) <= 1201
