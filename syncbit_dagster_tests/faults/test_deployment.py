"""Parts of a real `dagster dev` are killed while the sensor `history` fills 60 days.

The sensor goes on by itself with what is left. What the killed run was at work on waits for its
next try, hours later; a person need not: a backfill of what is missing completes it.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.scheduling.backfill_plan import gaps
from syncbit_dagster_tests.breaking_proxy import Passed, Plan
from syncbit_dagster_tests.dagster_process import ROOT, DagsterDev, dagster_dev
from syncbit_dagster_tests.faults.scenario import SOMEWHERE
from syncbit_dagster_tests.faults.stage import IS_SOAK, NOW, PERSON, stage
from syncbit_dagster_tests.faults.verdict import (
    Undisturbed,
    assert_never_again,
    is_for_data,
    missing_days,
    samples_in,
    undisturbed_run,
)
from syncbit_dagster_tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from syncbit_dagster_tests.faults.conftest import Report
    from syncbit_dagster_tests.faults.stage import Stage
    from syncbit_dagster_tests.faults.worker import Workers

pytestmark = [
    pytest.mark.victoriametrics,
    pytest.mark.skipif(not IS_SOAK, reason="takes minutes; `make soak` runs it"),
]

YESTERDAY = NOW.astimezone(PERSON.zone).date() - timedelta(days=1)
DAYS = DayRange(YESTERDAY - timedelta(days=59), YESTERDAY)
ASSETS = ("active_zone_minutes", "activity_summary", "heart_rate", "intraday_steps")
RANGES = 2  # the last 30 days, and those before
HIT_SECONDS = 120.0  # until the history's first run asks for something
# Of a run that was about to start, Dagster learns after 180 s that it has not, and looks every 120.
DONE_SECONDS = 480.0
OFF = ("SLEEP", "SPO2", "BREATHING_RATE", "HRV", "CARDIO_FITNESS", "TEMPERATURE", "BODY")
VARIABLES = {
    "BACKFILL_START_DATE": DAYS.first.isoformat(),
    "ENABLE_INTRADAY_BACKFILL": "true",
    "INTRADAY_BACKFILL_DAYS": "60",
    "INTRADAY_RESOURCES": "steps",
    # Without devices nothing but the history asks for days.
    "COLLECT_DEVICE_INFO": "false",
    **{f"COLLECT_{name}": "false" for name in OFF},
}


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

    ui: DagsterDev  # what a person sees and does
    is_hit = False

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._running = ExitStack()
        self._mark = f"DATA_DIR={stage.data}".encode()

    def start(self) -> None:
        """Start everything and return when the UI answers."""
        self.ui = self._running.enter_context(
            dagster_dev(self._stage.home, self._stage.environment)
        )

    def stop(self) -> None:
        """Ctrl-C; workers may finish."""
        with suppress(ProcessLookupError):
            self._running.close()

    def start_again(self) -> None:
        """Start what died with a part of it, once it has noticed that and ended."""
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


def kill_code_server(one: Deployment) -> None:
    """`dagster dev` notices the others' deaths and ends; this one has to be noticed by a person."""
    one.kill("code server")
    one.interrupt()


# What happens at a random request of the history; after all but the first of them, a person starts
# `dagster dev` again.
WORKER_KILLED = "run worker killed"
ROWS: dict[str, Callable[[Deployment], None]] = {
    WORKER_KILLED: lambda one: one.kill("run worker"),
    "code server killed": kill_code_server,
    "daemon killed at the first request": lambda one: one.kill("daemon"),
    "daemon killed": lambda one: one.kill("daemon"),
    "webserver killed": lambda one: one.kill("webserver"),
    "dagster dev interrupted": Deployment.interrupt,
    "all of it killed": lambda one: one.kill(*ROLES),
}


@pytest.fixture(scope="module")
def undisturbed(directory: Path, workers: Workers, prepared_home: str) -> Undisturbed:
    """One run of a worker."""
    with stage(directory / "undisturbed-history", workers, prepared_home) as quiet:
        quiet.variables.update(VARIABLES)
        return undisturbed_run(quiet, ASSETS, DAYS)


@pytest.mark.parametrize("row", ROWS)
def test_the_history_completes(
    row: str,
    undisturbed: Undisturbed,
    directory: Path,
    workers: Workers,
    prepared_home: str,
    report: Report,
) -> None:
    last = 1 if "first" in row else int(SOMEWHERE * undisturbed.fetched)
    at = Random().randrange(last)  # noqa: S311 - no secret
    with (
        tempfile.TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as place,
        stage(Path(place), workers, prepared_home) as here,
    ):
        here.variables.update(VARIABLES)
        with deployment(here) as dagster:
            here.api.plan(Plan(Passed(), "/dataTypes/", at, act=lambda: ROWS[row](dagster)))
            wait_for(lambda: dagster.is_hit or None, HIT_SECONDS, "the first run of the history")
            if row != WORKER_KILLED:
                dagster.start_again()
            wait_for(
                lambda: is_idle(here, dagster) or None, DONE_SECONDS, "the rest of the history"
            )
            for gap in gaps(missing_days(here, ASSETS, DAYS)):
                keys = [day.isoformat() for day in gap.days]
                assert dagster.ui.backfill(gap.assets, keys) == "COMPLETED_SUCCESS"
        assert not missing_days(here, ASSETS, DAYS)
        assert_never_again(here, ASSETS)
        assert samples_in(here) == undisturbed.samples
        fetched = sum(map(is_for_data, here.api.answered))
        report("a part of dagster dev killed", fetched - undisturbed.fetched)


def is_idle(here: Stage, dagster: Deployment) -> bool:
    """Whether both of the history's ranges have been tried, and no run is left.

    A run whose process is gone is terminated, as a person does in the UI: it would look alive, and
    keep its place, for an hour.
    """
    with here.instance() as instance:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
            if not dagster.pids("run worker"):
                instance.report_run_canceled(run)
        runs = instance.get_runs()
    return len(runs) >= RANGES and all(run.is_finished for run in runs)
