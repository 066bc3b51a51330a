"""A program that has imported Dagster and the package, and forks a real run worker in 50 ms.

    python -m syncbit_dagster_tests.faults.zygote

Reads one order a line (JSON, see :class:`Order`) and answers with two lines: the worker's process
id, and how it ended (exit code, or minus the signal). The worker is what
``dagster asset materialize`` is: a process of its own that loads the definitions from its
environment, runs, and exits.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import time_machine

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
        environment: all of it.
        directory: working directory, and where ``worker.log`` gets what the worker says.
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
