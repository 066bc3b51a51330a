"""A whole Dagster as processes: who of them is who, how to kill one, and how to start again."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from syncbit_dagster_tests.dagster_process import ROOT, DagsterDev, dagster_dev
from syncbit_dagster_tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from syncbit_dagster_tests.faults.stage import Stage

# What the command line of each holds, as `dagster dev` starts them.
ROLES = {
    "dagster dev": b"\0dagster\0dev\0",
    "webserver": b"dagster_webserver",
    "daemon": b"dagster._daemon",
    "code server": b"\0grpc\0",
    "run worker": b"multiprocessing.spawn",
}
END_SECONDS = 180.0  # its code server lets a run finish


class Deployment:
    """`dagster dev` on a stage, which may be killed in parts and started again."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._running = ExitStack()
        self._mark = f"DATA_DIR={stage.data}".encode()
        self._ui: DagsterDev | None = None
        self.is_hit = False

    @property
    def ui(self) -> DagsterDev:
        """What a person sees and does."""
        assert self._ui is not None
        return self._ui

    def start(self) -> None:
        """Start everything and return when the UI answers."""
        running = dagster_dev(self._stage.home, self._stage.environment)
        self._ui = self._running.enter_context(running)

    def stop(self) -> None:
        """Ctrl-C; workers may finish."""
        with suppress(ProcessLookupError):
            self._running.close()

    def start_again(self) -> None:
        """Start what died with a part of it."""
        if self.pids("dagster dev"):
            # It notices within seconds that a part of it is gone, and ends.
            wait_for(lambda: not self.pids("dagster dev") or None, END_SECONDS, "the end of dev")
        self.stop()
        self.start()

    def pids(self, *roles: str) -> list[int]:
        """The processes of this deployment that play one of the roles."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdecimal() and self._mark in (entry / "environ").read_bytes():
                    command = (entry / "cmdline").read_bytes()
                    if any(ROLES[role] in command for role in roles):
                        found.append(int(entry.name))
        return found

    def kill(self, *roles: str) -> None:
        """SIGKILL to all that play one of the roles."""
        self.is_hit = True
        for pid in self.pids(*roles):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def interrupt(self) -> None:
        """Ctrl-C to `dagster dev`."""
        self.is_hit = True
        for pid in self.pids("dagster dev"):
            os.kill(pid, signal.SIGINT)


@contextmanager
def deployment(stage: Stage) -> Iterator[Deployment]:
    """A running deployment; nothing of it is left at the end."""
    # What a shell started in the background ignores Ctrl-C, and so would all that starts from here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    shutil.copy(ROOT / "workspace.yaml", stage.home)
    found = Deployment(stage)
    try:
        found.start()
        yield found
    finally:
        found.stop()
        found.kill(*ROLES)


def until(look: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until something is so."""
    wait_for(lambda: look() or None, seconds, what)
