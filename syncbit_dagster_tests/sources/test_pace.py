"""The request budget, under a clock that only moves when somebody sleeps or says so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.account import Quota
from syncbit_dagster.sources.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


@given(
    st.integers(1, 20),
    st.integers(1, 60),
    st.lists(st.floats(0, 30), min_size=1, max_size=200),
)
def test_no_window_ever_holds_more_than_the_quota(
    requests: int, seconds: int, pauses: list[float]
) -> None:
    clock = Clock()
    pace = Pace(Quota(requests, seconds), clock=clock.read, sleep=clock.sleep)
    sent = []
    for pause in pauses:
        clock.now += pause
        pace.wait_for_turn()
        sent.append(clock.now)
    for index, first in enumerate(sent):
        in_window = [t for t in sent[index:] if t < first + seconds - 1e-6]
        assert len(in_window) <= requests


def test_it_does_not_wait_while_the_budget_lasts() -> None:
    clock = Clock()
    pace = Pace(Quota(150, 60), clock=clock.read, sleep=clock.sleep)
    assert [pace.wait_for_turn() for _ in range(150)] == [0.0] * 150
    assert pace.wait_for_turn() == 60.0
