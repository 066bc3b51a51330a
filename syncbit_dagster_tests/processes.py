"""Real processes that start fast: forked from a server that has imported the package already."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, Any

from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "sqlalchemy.dialects.postgresql.psycopg",
        "sqlalchemy.dialects.sqlite",
        "syncbit_dagster.account.state.database",
        "syncbit_dagster.config",
        "syncbit_dagster.quota",
        "syncbit_dagster.sources.oauth.access",
    ]
)


def new_barrier(parties: int) -> Any:
    """Where so many processes wait for each other; none waits for ever."""
    return _CONTEXT.Barrier(parties, timeout=HANGS_SECONDS)


class Processes:
    """A group of processes that run one function; what each returns is collected."""

    def __init__(self) -> None:
        self._queue: Any = _CONTEXT.Queue()
        self._started: list[BaseProcess] = []

    def start(self, function: Callable[..., object], *arguments: object) -> BaseProcess:
        """Run a module's function in a process of its own."""
        process = _CONTEXT.Process(target=_run, args=(self._queue, function, arguments))
        process.start()
        self._started.append(process)
        return process

    def results(self) -> list[Any]:
        """Wait for all of them; a process that failed fails the test with its words."""
        found = []
        for _ in self._started:
            is_result, value = self._queue.get(timeout=HANGS_SECONDS)
            assert is_result, value
            found.append(value)
        for process in self._started:
            process.join(HANGS_SECONDS)
            assert process.exitcode == 0
        self._started.clear()
        return found


def _run(queue: Any, function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    try:
        queue.put((True, function(*arguments)))
    except BaseException as failure:
        queue.put((False, f"{type(failure).__name__}: {failure}"))
        raise
