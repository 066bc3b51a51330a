"""The store's lock in PostgreSQL: one holder, whoever dies and whatever is lost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import NullPool

from syncbit_dagster.account.state.database import server_engine
from syncbit_dagster.config import load_settings
from syncbit_dagster.factories import target_lock
from syncbit_dagster.stores.errors import StoreUnavailableError
from syncbit_dagster.stores.locks.local import TargetLock
from syncbit_dagster.stores.locks.shared import SharedTargetLock
from syncbit_dagster_tests.hosts.holder import hold
from syncbit_dagster_tests.postgresql import end_all_connections
from syncbit_dagster_tests.processes import Processes, new_barrier
from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STORE = "http://store:8428"


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    """Of an empty database."""
    return new_database()


def lock_at(url: str, target: str = STORE, **options: Any) -> SharedTargetLock:
    return SharedTargetLock(server_engine(url, poolclass=NullPool).connect, target, **options)


def test_waiting_ends_with_a_sentence_that_names_the_holder(url: str) -> None:
    passed: list[float] = []
    second = lock_at(url, wait_seconds=2, sleep=passed.append, monotonic=lambda: sum(passed))
    with lock_at(url)(), pytest.raises(StoreUnavailableError) as caught:
        second().__enter__()
    assert 2 <= sum(passed) < 2.1
    assert f"waited 2 s for process {os.getpid()} on " in str(caught.value)
    assert f"which writes to {STORE} (lock in PostgreSQL)" in str(caught.value)


def test_other_targets_do_not_wait(url: str) -> None:
    with lock_at(url, "http://one")(), lock_at(url, "http://two", wait_seconds=0)():
        pass


def test_a_process_that_is_killed_holds_nothing(url: str) -> None:
    processes, barrier = Processes(), new_barrier(2)
    victim = processes.start(hold, url, STORE, barrier)
    barrier.wait()
    with pytest.raises(StoreUnavailableError, match=f"process {victim.pid} on "):
        lock_at(url, wait_seconds=0)().__enter__()
    victim.kill()
    victim.join()
    with lock_at(url, wait_seconds=HANGS_SECONDS)():
        pass


def test_who_loses_the_lock_learns_so(url: str) -> None:
    held = lock_at(url)()
    held.__enter__()
    end_all_connections(url)
    with lock_at(url, wait_seconds=0)():  # somebody else is in already
        pass
    with pytest.raises(StoreUnavailableError, match="was lost while it was held"):
        held.__exit__(None, None, None)


def test_an_error_inside_is_what_is_told_and_frees_the_lock(url: str) -> None:
    with pytest.raises(StoreUnavailableError, match="the server is gone"), lock_at(url)():
        raise StoreUnavailableError("the server is gone")
    with lock_at(url, wait_seconds=0)():
        pass


def test_a_database_that_is_not_there_is_told_without_its_password(url: str) -> None:
    password = url.split(":")[2].split("@")[0]
    with pytest.raises(StoreUnavailableError, match="SYNCBIT_STATE_URL") as caught:
        lock_at(f"{url}_gone")().__enter__()
    assert password not in str(caught.value)


def test_hosts_that_share_the_state_share_the_lock(url: str, tmp_path: Path) -> None:
    """Two hosts have nothing in common but their two addresses."""

    def lock_of(host: str, **more: str) -> Any:
        variables = {"DATA_DIR": str(tmp_path / host), "VICTORIA_ENDPOINT": STORE, **more}
        settings = load_settings(variables, secrets_directory=tmp_path / "none")
        assert settings.victoria is not None
        return target_lock(settings, settings.victoria), settings.victoria.key

    assert isinstance(lock_of("alone")[0], TargetLock)
    for host in ("one", "other"):
        lock, key = lock_of(host, SYNCBIT_STATE_URL=url)
        with lock(), pytest.raises(StoreUnavailableError, match=f"process {os.getpid()} on "):
            lock_at(url, key, wait_seconds=0)().__enter__()
    assert key == lock_of("one")[1]
