"""Run workers of a test: started through the zygote, killed, waited for."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from syncbit_dagster_tests.dagster_process import ROOT, clean_environment
from syncbit_dagster_tests.faults.zygote import CLOCK_BACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster_tests.faults.zygote import Order

RUN_SECONDS = 240.0


class Workers:
    """One worker at a time, each a process of its own."""

    def __init__(self, zygote: subprocess.Popen[bytes]) -> None:
        self._zygote = zygote
        self._pid = 0
        self._started = 0
        self._guard = threading.Lock()

    @property
    def current(self) -> int:
        """The number of the worker that runs, or ran last."""
        return self._started

    def start(self, order: Order) -> None:
        """Start a worker and return when it has a process."""
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(order.to_line())
        self._zygote.stdin.flush()
        self._pid = self._number("the start of a worker")
        self._started += 1

    def kill(self, worker: int) -> None:
        """End a worker as the kernel does that is out of memory; one that has ended stays so."""
        self._send(worker, signal.SIGKILL)

    def set_clock_back(self) -> None:
        """Somebody sets the machine's clock back, by an hour."""
        self._send(self._started, CLOCK_BACK)

    def wait(self) -> int:
        """The worker's exit code, or minus the signal that ended it."""
        try:
            code = self._number("a worker")
        except TimeoutError:
            self.kill(self._started)
            raise
        with self._guard:
            self._pid = 0
        return code

    def _send(self, worker: int, what: signal.Signals) -> None:
        with self._guard:
            if self._pid and worker == self._started:
                os.kill(self._pid, what)

    def _number(self, what: str) -> int:
        assert self._zygote.stdout is not None
        if not select.select([self._zygote.stdout], [], [], RUN_SECONDS)[0]:
            raise TimeoutError(f"{what} took longer than {RUN_SECONDS} s")
        return int(self._zygote.stdout.readline())


@contextmanager
def forked_workers() -> Iterator[Workers]:
    """Workers, ready to start."""
    with subprocess.Popen(
        [sys.executable, "-m", "syncbit_dagster_tests.faults.zygote"],
        cwd=ROOT,
        env=clean_environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as zygote:
        yield Workers(zygote)
        assert zygote.stdin is not None
        zygote.stdin.close()
