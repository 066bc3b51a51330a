"""Two processes that write different days of one series at once. Without the lock, 29 of 30
rounds lost a verified day."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from syncbit_dagster.stores.base import Write
from syncbit_dagster.stores.errors import StoreUnavailableError
from syncbit_dagster.stores.locks.local import TargetLock
from syncbit_dagster_tests.stores.builders import rows, series, slice_of
from syncbit_dagster_tests.stores.writers import Writer
from syncbit_dagster_tests.victoriametrics import contents

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster_tests.victoriametrics import Server

ROUNDS = 30 if os.environ.get("SYNCBIT_SOAK") == "1" else 5


@pytest.mark.victoriametrics
def test_nothing_is_lost(server: Server, user: str, tmp_path: Path) -> None:
    days = 4
    for turn in range(ROUNDS):
        written = [series(user, np.arange(1440) % 50 + turn, first=day) for day in range(days)]
        jobs = [[Write(slice_of(user, first=day), [written[day]])] for day in range(days)]
        writers = [
            Writer(server.url, tmp_path, jobs[:2]),
            Writer(server.url, tmp_path, jobs[2:]),
        ]
        mode = "correct correct" if turn else "add add"
        assert [writer.next_message() for writer in writers] == [("done", mode)] * 2
        for writer in writers:
            writer.join()
        found = contents(server.url, f'{{user="{user}"}}')
        assert sorted(found.elements()) == rows([*written]), f"round {turn}"


def test_the_lock_lets_one_thread_in(tmp_path: Path) -> None:
    inside, most = [0], [0]

    def enter(_: int) -> None:
        for _ in range(50):
            with TargetLock(tmp_path, "http://x", sleep=lambda _: None)():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(enter, range(4)))
    assert most == [1]


def test_waiting_ends_with_a_sentence_that_names_the_holder(tmp_path: Path) -> None:
    passed: list[float] = []
    clock = {"sleep": passed.append, "monotonic": lambda: sum(passed)}
    second = TargetLock(tmp_path, "http://store:8428", wait_seconds=60, **clock)  # type: ignore[arg-type]
    sentence = f"waited 60 s for process {os.getpid()}, which writes to http://store:8428"
    with (
        TargetLock(tmp_path, "http://store:8428")(),
        pytest.raises(StoreUnavailableError, match=sentence),
    ):
        second().__enter__()
    assert 60 <= sum(passed) < 61


def test_other_targets_do_not_wait(tmp_path: Path) -> None:
    """And the directory is made for the owner only."""
    place = tmp_path / "new"
    with TargetLock(place, "http://one")(), TargetLock(place, "http://two")():
        assert len(list(place.glob("*.holder"))) == 2
        assert place.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o077 for path in place.glob("*.lock")} == {0}
    assert not list(place.glob("*.holder"))
