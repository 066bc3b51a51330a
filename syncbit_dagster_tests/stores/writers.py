"""Writers in processes of their own, which stop before a chosen step and can then be killed."""

from __future__ import annotations

import itertools
import multiprocessing
from typing import TYPE_CHECKING, Any

from syncbit_dagster.stores.errors import StoreError
from syncbit_dagster.stores.locks.local import TargetLock
from syncbit_dagster.stores.victoriametrics import (
    FileJournal,
    VictoriaMetricsConfig,
    VictoriaMetricsStore,
)

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from syncbit_dagster.stores.base import Write

    Groups = list[list[Write]]

# Forked from a process that has imported everything: 30 ms instead of a second each.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])
ANSWER_SECONDS = 60


def store_at(
    url: str,
    locks: Path,
    step: Any = lambda _: None,
    *,
    patience: float = 1.0,
    timeout: float = 300.0,
    **more: Any,
) -> VictoriaMetricsStore:
    """A store with a real lock and a journal beside it, and little patience."""
    config = VictoriaMetricsConfig(url, read_back_seconds=patience, timeout_seconds=timeout)
    defaults: dict[str, Any] = {"lock": TargetLock(locks, config.key), "step": step}
    defaults["journal"] = FileJournal(locks, config.key)
    return VictoriaMetricsStore(config, **defaults | more)


class Writer:
    """A process that makes slices durably hold samples: groups of writes, one after the other.

    Before its step number ``stop_before`` (from 0) it tells the step's name and waits.
    """

    def __init__(self, url: str, locks: Path, groups: Groups, stop_before: int = -1) -> None:
        self._connection, theirs = _processes.Pipe()
        arguments = (theirs, url, locks, groups, stop_before)
        self._process = _processes.Process(target=_write, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    def next_message(self) -> tuple[str, str]:
        """``("stopped", step)``, ``("failed", sentence)`` or ``("done", modes)``."""
        assert self._connection.poll(ANSWER_SECONDS), "the writer hangs"
        message: tuple[str, str] = self._connection.recv()
        return message

    def go_on(self) -> None:
        """Let it do the step it waits before, and all others."""
        self._connection.send("go on")

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self.join()

    def join(self) -> None:
        """Wait for its end and release everything."""
        self._process.join(ANSWER_SECONDS)
        self._process.close()
        self._connection.close()


def _write(connection: Connection, url: str, locks: Path, groups: Groups, stop_before: int) -> None:
    numbers = itertools.count()

    def step(name: str) -> None:
        if next(numbers) == stop_before:
            connection.send(("stopped", name))
            connection.recv()

    store = store_at(url, locks, step)
    try:
        modes = [store.replace_all(writes, durable=True).mode for writes in groups]
        store.close()
    except StoreError as error:
        connection.send(("failed", str(error)))
    else:
        connection.send(("done", " ".join(modes)))
    connection.close()
