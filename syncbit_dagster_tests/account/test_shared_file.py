"""One SQLite file of several connections and processes: nothing that was counted is lost."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.account.state.place import StateError, StatePlace
from syncbit_dagster_tests.account.workers import count_up
from syncbit_dagster_tests.processes import Processes

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.account.state.place import State

PROCESSES = 3
ROUNDS = 20


@pytest.fixture
def place(tmp_path: Path) -> StatePlace:
    return StatePlace(f"sqlite:///{tmp_path}/state.sqlite", "a", "count")


def counted(state: State) -> int:
    with state.locked() as held:
        content = held.read()
    assert content is not None
    return int(content["count"])


def in_another_process(place: StatePlace) -> None:
    processes = Processes()
    processes.start(count_up, place, 1)
    processes.results()


def test_a_second_connection_does_not_unlock_the_first(place: StatePlace) -> None:
    with closing(place.open()) as first:
        with first.locked() as held:
            held.write({"count": 0})
        with closing(place.open()) as second:
            assert counted(second) == 0
        in_another_process(place)  # which closes what it takes for the last connection
        with first.locked() as held:
            assert held.read() == {"count": 1}
            held.write({"count": 2})
        in_another_process(place)
        assert counted(first) == 3


def test_processes_that_come_and_go_lose_no_count(place: StatePlace) -> None:
    processes = Processes()
    for _ in range(PROCESSES):
        processes.start(count_up, place, ROUNDS)
    processes.results()
    with closing(place.open()) as state:
        assert counted(state) == PROCESSES * ROUNDS


def test_a_link_is_not_followed(place: StatePlace, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch(mode=0o644)
    (tmp_path / "state.sqlite").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="it is no regular file"), place.open().locked():
        pass
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "elsewhere").read_bytes() == b""


def test_what_others_could_read_is_closed_to_them(place: StatePlace, tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").touch(mode=0o644)
    with closing(place.open()) as state, state.locked() as held:
        held.write({"count": 1})
    assert (tmp_path / "state.sqlite").stat().st_mode & 0o777 == 0o600
