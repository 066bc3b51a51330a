"""What all scenarios share, and the table at the end."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster_tests.dagster_process import ROOT
from syncbit_dagster_tests.faults.worker import Workers, forked_workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - SQLite's fsync is not what is tested
WIDTH = 110


@dataclass
class Report:
    """One line of the table."""

    name: str
    ended: str = "not as it should"
    seconds: float = 0.0


_LINES = pytest.StashKey[list[Report]]()


@pytest.fixture(scope="session")
def directory() -> Iterator[Path]:
    """For everything that processes write; in memory where there is such a place."""
    place = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    """Starts and kills run workers."""
    with forked_workers() as ready:
        yield ready


@pytest.fixture(scope="session")
def prepared_home(directory: Path) -> str:
    """A Dagster home with empty databases, to be copied."""
    home = directory / "prepared"
    home.mkdir()
    shutil.copy(ROOT / "dagster.yaml", home)
    text = (home / "dagster.yaml").read_text()
    (home / "dagster.yaml").write_text(text.replace(".dagster_home", str(home / ".dagster_home")))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert not instance.get_runs()
    return str(home)


@pytest.fixture
def report(
    request: pytest.FixtureRequest,
) -> Callable[[str], AbstractContextManager[Report]]:
    """A context that measures a scenario and puts it into the table."""

    @contextmanager
    def measured(name: str) -> Iterator[Report]:
        line = Report(name)
        request.config.stash.setdefault(_LINES, []).append(line)
        started = time.monotonic()
        try:
            yield line
        finally:
            line.seconds = time.monotonic() - started

    return measured


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table: scenario, how the run ended that was hit, seconds until all was complete."""
    lines = terminalreporter.config.stash.get(_LINES, [])
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            text = f"{line.seconds:6.1f} s  {line.name:45} {line.ended}"
            terminalreporter.write_line(text[:WIDTH] + ("…" if len(text) > WIDTH else ""))
