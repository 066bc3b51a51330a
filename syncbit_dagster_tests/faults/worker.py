"""Run workers of a test: forked in 50 ms from a program that has imported everything, and killed.

    python -m syncbit_dagster_tests.faults.worker

reads one order a line (JSON, see :class:`Order`) and answers with two lines: the worker's process
id, and how it ended (exit code, or minus the signal). The worker is what
``dagster asset materialize`` is: a process of its own that loads the definitions from its
environment, runs, and exits.
"""

from __future__ import annotations

import importlib
import os
import resource
import select
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import time_machine

from syncbit_dagster_tests.dagster_process import ROOT, clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOCK_BACK = signal.SIGUSR1
AN_HOUR = 3600.0
# What the definitions import, except themselves: they read the environment when they load.
PRELOADED = (
    "alembic.autogenerate",
    "dagster._cli",
    "dagster._core.execution.api",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._core.storage.sqlite_storage",
    "rich.traceback",
    "sqlalchemy.dialects.sqlite",
    "syncbit_dagster.account.state.database",
    "syncbit_dagster.defs.assets",
    "syncbit_dagster.defs.checks",
    "syncbit_dagster.defs.sensors.device_sync",
    "syncbit_dagster.defs.freshness",
    "syncbit_dagster.defs.sensors.history",
    "syncbit_dagster.defs.io_manager",
    "syncbit_dagster.defs.schedules",
    "syncbit_dagster.factories",
)


@dataclass(frozen=True)
class Order:
    """One worker.

    Attributes:
        arguments: after ``dagster``.
        directory: where it works, and ``worker.log`` gets what it says.
        constants: waits of the package in other lengths, as ``module:name`` and the value.
        clock_shift: seconds that the machine's clock is off.
    """

    arguments: tuple[str, ...]
    environment: dict[str, str]
    directory: str
    constants: dict[str, Any]
    clock_shift: float = 0.0

    def to_line(self) -> bytes:
        return orjson.dumps(asdict(self)) + b"\n"


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
        """End a worker, if it has not ended yet."""
        self._send(worker, signal.SIGKILL)

    def set_clock_back(self) -> None:
        """The machine's, by an hour."""
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
        [sys.executable, "-m", "syncbit_dagster_tests.faults.worker"],
        cwd=ROOT,
        env=clean_environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as zygote:
        yield Workers(zygote)
        assert zygote.stdin is not None
        zygote.stdin.close()


def main() -> None:
    """Fork a worker for each line until the input ends."""
    for name in PRELOADED:
        importlib.import_module(name)
    for line in sys.stdin.buffer:
        pid = os.fork()
        if pid == 0:
            _become(Order(**orjson.loads(line)))
        _say(pid)
        _, status = os.waitpid(pid, 0)
        _say(os.waitstatus_to_exitcode(status))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _become(order: Order) -> None:
    """Be the worker; never returns."""
    os.setsid()
    os.chdir(order.directory)
    os.environ.clear()
    os.environ.update(order.environment)
    log = os.open(Path(order.directory, "worker.log"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    for place, value in order.constants.items():
        module, _, name = place.partition(":")
        vars(importlib.import_module(module))[name] = value
    if order.clock_shift:
        _shift_clock(order.clock_shift)
    signal.signal(CLOCK_BACK, lambda *_: _shift_clock(-AN_HOUR))
    code: object = 1
    try:
        cli = importlib.import_module("dagster._cli")
        cli.create_dagster_cli()(list(order.arguments), prog_name="dagster")
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _shift_clock(seconds: float) -> None:
    """What everything in this process takes for the time; a monotonic clock is never set."""
    time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True).start()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
