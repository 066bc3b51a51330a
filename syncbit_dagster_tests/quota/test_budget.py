"""The budget in its place: real processes, what is said of a wait, and places that do not work."""

from __future__ import annotations

import logging
import signal
import stat
import time
from bisect import bisect_left
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.account.state.place import StateError, StatePlace
from syncbit_dagster.quota import Budget, WaitTooLongError
from syncbit_dagster.quota.quota import Quota, QuotaFigures
from syncbit_dagster_tests.processes import Processes
from syncbit_dagster_tests.quota.workers import send

if TYPE_CHECKING:
    from collections.abc import Callable

PROCESSES = 8
HOUR = 1_700_000_000.0 // 3600 * 3600


class Clock:
    """Moves only when somebody sleeps."""

    def __init__(self, now: float = HOUR + 600) -> None:
        self.now = now
        self.waits: list[float] = []

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def budget(quota: Quota, clock: Clock, said: list[str] | None = None) -> Budget:
    words = [] if said is None else said
    return Budget(quota, clock=clock.read, sleep=clock.sleep, say=words.append)


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
    onlooker, deadline = Budget(quota), time.monotonic() + 60
    while onlooker.figures().used < quota.requests:  # then it waits for its next turn
        assert time.monotonic() < deadline
    onlooker.close()
    killed.kill()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    started = time.monotonic()
    assert len(send(quota, 2)) == 2
    assert time.monotonic() - started < 30  # not for ever


def test_one_line_tells_when_it_goes_on(place: StatePlace) -> None:
    clock = Clock()
    said: list[str] = []
    own = budget(Quota(3, 60, place=place), clock, said)
    for _ in range(3):
        own.wait_for_turn()
    own.close()
    (sentence,) = said
    resumed = datetime.fromtimestamp(clock.now, UTC).astimezone()
    assert resumed.isoformat(sep=" ", timespec="seconds") in sentence
    assert "3 requests in 60 s" in sentence
    assert clock.waits


def test_the_line_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    own = Budget(Quota(1, 3600, "fixed", longest_wait_seconds=3600), clock=clock.read,
                 sleep=clock.sleep)  # fmt: skip
    assert own.wait_for_turn() == 0
    assert own.wait_for_turn() == 3002
    (record,) = caplog.records
    assert record.levelname == "INFO"


def test_a_wait_that_is_too_long_says_when(place: StatePlace) -> None:
    clock = Clock()
    said: list[str] = []
    quota = Quota(3, 3600, "fixed", place=place)
    own = budget(quota, clock, said)
    for _ in range(3):
        own.wait_for_turn()
    with pytest.raises(WaitTooLongError, match="may go on at") as raised:
        own.wait_for_turn()
    assert raised.value.resume_at == datetime.fromtimestamp(HOUR + 3602, UTC)
    assert not clock.waits
    assert not said
    patient = budget(replace(quota, longest_wait_seconds=3600), clock, said)
    assert patient.wait_for_turn() == 3002
    own.close()
    patient.close()


def test_a_429_stops_everybody_until_the_hour_ends(place: StatePlace) -> None:
    clock = Clock()
    quota = Quota(150, 3600, "fixed", place=place, longest_wait_seconds=3600)
    one, other = budget(quota, clock), budget(quota, clock)
    one.wait_for_turn()
    headers = {"Fitbit-Rate-Limit-Remaining": "0", "Fitbit-Rate-Limit-Reset": "3000"}
    assert one.learn(429, headers)
    assert other.wait_for_turn() == pytest.approx(3002)
    one.close()
    other.close()


def test_google_knows_no_reset_but_may_ask_to_wait(place: StatePlace) -> None:
    clock = Clock()
    one, other = (budget(Quota(150, 60, place=place), clock) for _ in range(2))
    assert not one.learn(200, {})
    assert not one.learn(429, {})
    assert one.learn(429, {"Retry-After": "17"})
    assert other.wait_for_turn() == 17
    one.close()
    other.close()


def test_figures_are_those_of_the_window(place: StatePlace) -> None:
    clock = Clock()
    own = budget(Quota(10, 3600, "fixed", place=place, longest_wait_seconds=3600), clock)
    for _ in range(11):
        own.wait_for_turn()
    assert own.figures() == QuotaFigures(used=1, remaining=9, waits=1)
    own.close()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "data ? %41" / "quota.sqlite"
    own = Budget(Quota(10, 60, place=StatePlace(f"sqlite:///{file}", "a", "quota")))
    own.wait_for_turn()
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in file.parent.iterdir()}
    own.close()
    assert modes.pop("quota.sqlite") == 0o600
    assert set(modes.values()) <= {0o600}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_loose_file_is_closed_to_others(tmp_path: Path) -> None:
    file = tmp_path / "quota.sqlite"
    file.touch(mode=0o644)
    own = Budget(Quota(10, 60, place=StatePlace(f"sqlite:///{file}", "a", "quota")))
    own.wait_for_turn()
    own.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def no_database(file: Path) -> None:
    file.write_bytes(b"not a database" * 1000)


def a_link(file: Path) -> None:
    file.symlink_to(file.with_name("elsewhere"))


@pytest.mark.parametrize("spoil", [no_database, a_link, Path.mkdir])
def test_a_place_that_does_not_work_is_one_sentence(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    file = tmp_path / "quota.sqlite"
    spoil(file)
    own = Budget(Quota(10, 60, place=StatePlace(f"sqlite:///{file}", "a", "quota")))
    with pytest.raises(StateError, match=r"quota\.sqlite") as raised:
        own.wait_for_turn()
    assert "\n" not in str(raised.value)


def test_a_count_that_is_damaged_says_what_to_delete(place: StatePlace) -> None:
    state = place.open()
    with state.locked() as held:
        held.write({"log": 7})
    state.close()
    own = Budget(Quota(10, 60, place=place))
    with pytest.raises(StateError, match="delete it"):
        own.wait_for_turn()
    own.close()


def test_a_database_that_is_down_shows_no_password() -> None:
    url = "postgresql://syncbit:hidden-password@127.0.0.1:9/database"
    own = Budget(Quota(10, 60, place=StatePlace(url, "a", "quota")))
    with pytest.raises(StateError, match=r"127\.0\.0\.1:9/database") as raised:
        own.wait_for_turn()
    assert "hidden" not in str(raised.value)
    assert raised.value.__cause__ is None
