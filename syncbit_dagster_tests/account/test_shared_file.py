"""One SQLite file of several connections and processes: nothing that was counted is lost."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.account.state.base import StateError
from syncbit_dagster.account.state.place import StatePlace
from syncbit_dagster_tests.account.workers import count_up
from syncbit_dagster_tests.processes import Processes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> StatePlace:
    return StatePlace(f"sqlite:///{tmp_path}/state.sqlite", "a", "count")


def in_other_processes(place: StatePlace, processes: int, rounds: int) -> None:
    several = Processes()
    for _ in range(processes):
        several.start(count_up, place, rounds)
    several.results()


def test_connections_and_processes_that_come_and_go_lose_no_count(place: StatePlace) -> None:
    with closing(place.open()) as first:
        with first.locked() as held:
            held.write({"count": 0})
        with closing(place.open()) as second, second.locked() as held:
            assert held.read() == {"count": 0}
        in_other_processes(place, 1, 1)  # which closes what it takes for the last connection
        with first.locked() as held:
            assert held.read() == {"count": 1}
            held.write({"count": 2})
        in_other_processes(place, 3, 20)
        with first.locked() as held:
            assert held.read() == {"count": 62}


def test_a_link_is_not_followed_and_a_loose_file_is_closed(
    place: StatePlace, tmp_path: Path
) -> None:
    file, elsewhere = tmp_path / "state.sqlite", tmp_path / "elsewhere"
    elsewhere.touch(mode=0o644)
    file.symlink_to(elsewhere)
    with pytest.raises(StateError, match="it is no regular file"), place.open().locked():
        pass
    assert elsewhere.stat().st_mode & 0o777 == 0o644
    assert elsewhere.read_bytes() == b""
    file.unlink()
    file.touch(mode=0o644)
    with closing(place.open()) as state, state.locked() as held:
        held.write({"count": 1})
        modes = {one.stat().st_mode & 0o777 for one in tmp_path.glob("state.sqlite*")}
    assert modes == {0o600}
