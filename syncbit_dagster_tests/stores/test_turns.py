"""Two runs at work on the same days: one waits. On other days: none does."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.stores.errors import StoreUnavailableError
from syncbit_dagster.stores.turns import Turns
from syncbit_dagster_tests.processes import Processes, new_barrier
from syncbit_dagster_tests.stores.holder import hold_days, try_days

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.process import BaseProcess
    from pathlib import Path

MAY = DayRange(date(2026, 5, 1), date(2026, 5, 31))
ranges = st.tuples(st.integers(0, 150), st.integers(0, 60)).map(
    lambda found: DayRange(
        date.fromordinal(MAY.first.toordinal() - 60 + found[0]),
        date.fromordinal(MAY.first.toordinal() - 60 + sum(found)),
    )
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("turns") / "locks"


@pytest.fixture
def holder(directory: Path) -> Iterator[BaseProcess]:
    """A process that is at work on May until it is killed."""
    processes, barrier = Processes(), new_barrier(2)
    process = processes.start(hold_days, directory, MAY, barrier)
    barrier.wait()
    yield process
    process.kill()
    process.join()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(ranges)
def test_a_common_day_keeps_another_out(
    directory: Path, holder: BaseProcess, days: DayRange
) -> None:
    turn = Turns(directory, "user 'a'", wait_seconds=0)(days)
    if set(days).isdisjoint(MAY):
        with turn:
            pass
    else:
        with pytest.raises(StoreUnavailableError):
            turn.__enter__()
    assert holder.is_alive()


def test_waiting_ends_with_a_sentence(directory: Path, holder: BaseProcess) -> None:
    passed: list[float] = []
    turns = Turns(
        directory, "user 'a'", wait_seconds=9, sleep=passed.append, monotonic=lambda: sum(passed)
    )
    with pytest.raises(StoreUnavailableError) as caught:
        turns(MAY).__enter__()
    assert holder.is_alive()
    assert 9 <= sum(passed) < 10
    assert "waited 9 s for another run, which writes to some day of 2026-05-01" in str(caught.value)
    assert "of user 'a'" in str(caught.value)


def test_a_process_that_is_killed_is_at_work_no_more(directory: Path, holder: BaseProcess) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        holder.kill()
        holder.join()

    with Turns(directory, "user 'a'", sleep=pause)(MAY):
        assert len(pauses) == 1


def test_the_turn_is_free_after_its_work_and_only_for_its_owner_to_see(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "locks", "user 'a'")
    processes = Processes()
    with turns(MAY):
        processes.start(try_days, tmp_path / "locks", MAY)
        assert processes.results() == [False]
    processes.start(try_days, tmp_path / "locks", MAY)
    assert processes.results() == [True]
    assert (tmp_path / "locks").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "locks" / "days.lock").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "locks" / "days.lock").read_bytes() == b""
