"""The budget in its place: real processes, what is said of a wait, and places that do not work."""

from __future__ import annotations

import logging
import signal
import time
from bisect import bisect_left
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.account.state.base import StateError
from syncbit_dagster.account.state.place import StatePlace
from syncbit_dagster.quota import Budget, WaitTooLongError
from syncbit_dagster.quota.quota import Quota, QuotaFigures
from syncbit_dagster_tests.processes import Processes
from syncbit_dagster_tests.quota.workers import send
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROCESSES = 8
HOUR = 1_700_000_000.0 // 3600 * 3600


class Clock:
    """Moves only when somebody sleeps, and opens budgets that go by it."""

    def __init__(self) -> None:
        self.now = HOUR + 600
        self._open = ExitStack()

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def budget(self, quota: Quota) -> Budget:
        one = Budget(quota, clock=lambda: self.now, sleep=self.sleep)
        return self._open.enter_context(closing(one))

    def close(self) -> None:
        self._open.close()


@pytest.fixture
def clock() -> Iterator[Clock]:
    with closing(Clock()) as one:
        yield one


def test_processes_that_start_together_share_the_budget(place: StatePlace) -> None:
    quota = Quota(100, 1, place=place)
    processes = Processes()
    for _ in range(PROCESSES):
        processes.start(send, quota, 25)
    times = sorted(time for one in processes.results() for time in one)
    assert len(times) == PROCESSES * 25
    assert max(bisect_left(times, first + 1) - n for n, first in enumerate(times)) <= 100


def test_a_process_that_is_killed_while_it_waits_stops_nobody(place: StatePlace) -> None:
    quota = Quota(2, 1, place=place)
    processes = Processes()
    killed = processes.start(send, quota, 1000)
    with closing(
        Budget(quota, clock=time.monotonic)
    ) as onlooker:  # where nothing is left, the other one waits
        wait_for(
            lambda: onlooker.figures().remaining == 0 or None, HANGS_SECONDS, "a wait", pause=0.01
        )
    killed.kill()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert len(send(quota, 2)) == 2


def test_a_wait_is_told_in_one_line_and_one_that_is_too_long_ends_the_run(
    clock: Clock, place: StatePlace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    quota = Quota(3, 3600, "fixed", place=place)
    hurried, patient = clock.budget(quota), clock.budget(replace(quota, longest_wait_seconds=3600))
    assert [patient.wait_for_turn() for _ in range(3)] == [0, 0, 0]
    with pytest.raises(WaitTooLongError, match="may go on at") as raised:
        hurried.wait_for_turn()
    assert raised.value.resume_at == datetime.fromtimestamp(HOUR + 3602, UTC)
    assert (clock.now, caplog.records) == (HOUR + 600, [])
    assert patient.wait_for_turn() == 3002
    assert patient.figures() == QuotaFigures(used=1, remaining=2, waits=1)
    (record,) = caplog.records
    resumed = raised.value.resume_at.astimezone().isoformat(sep=" ", timespec="seconds")
    assert record.levelname == "INFO"
    assert record.getMessage() == (
        f"The request budget (3 requests in 3600 s) is used up; it goes on at {resumed}."
    )


def test_a_429_stops_everybody_until_the_hour_ends(clock: Clock, place: StatePlace) -> None:
    quota = Quota(150, 3600, "fixed", place=place, longest_wait_seconds=3600)
    one, other = clock.budget(quota), clock.budget(quota)
    one.wait_for_turn()
    headers = {"Fitbit-Rate-Limit-Remaining": "0", "Fitbit-Rate-Limit-Reset": "3000"}
    assert one.learn(429, headers)
    assert other.wait_for_turn() == pytest.approx(3002)


def test_google_knows_no_reset_but_may_ask_to_wait(clock: Clock, place: StatePlace) -> None:
    one, other = (clock.budget(Quota(150, 60, place=place)) for _ in range(2))
    assert not one.learn(200, {})
    assert not one.learn(429, {})
    assert one.learn(429, {"Retry-After": "17"})
    assert other.wait_for_turn() == 17


@pytest.mark.parametrize("spoil", [lambda file: file.write_bytes(b"no database" * 99), Path.mkdir])
def test_a_place_that_does_not_work_is_one_sentence(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    file = tmp_path / "quota.sqlite"
    spoil(file)
    own = Budget(Quota(10, 60, place=StatePlace(f"sqlite:///{file}", "a", "quota")))
    with pytest.raises(StateError, match=r"quota\.sqlite") as raised:
        own.wait_for_turn()
    assert "\n" not in str(raised.value)


def test_a_count_that_is_damaged_says_what_to_delete(clock: Clock, place: StatePlace) -> None:
    with closing(place.open()) as state, state.locked() as held:
        held.write({"log": 7})
    with pytest.raises(StateError, match="delete it"):
        clock.budget(Quota(10, 60, place=place)).wait_for_turn()


def test_a_database_that_is_down_shows_no_password() -> None:
    url = "postgresql://syncbit:hidden-password@127.0.0.1:9/database"
    own = Budget(Quota(10, 60, place=StatePlace(url, "a", "quota")))
    with pytest.raises(StateError, match=r"127\.0\.0\.1:9/database") as raised:
        own.wait_for_turn()
    assert "hidden" not in str(raised.value)
    assert raised.value.__cause__ is None
