"""What all scenarios share, and the table at the end."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster_tests.dagster_process import ROOT
from syncbit_dagster_tests.faults.report import Line, lines_of, summary_of
from syncbit_dagster_tests.faults.worker import Workers, forked_workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

PROPERTY = "fault"  # of a test's report, which comes here from other processes as well


@pytest.fixture(scope="session")
def directory() -> Iterator[Path]:
    """For everything that processes write."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
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
) -> Callable[[str, str], AbstractContextManager[Line]]:
    """A context that measures a scenario and puts it into the table."""

    @contextmanager
    def measured(kind: str, name: str) -> Iterator[Line]:
        line = Line(kind, name)
        started = time.monotonic()
        try:
            yield line
            line.has_passed = True
        finally:
            line.seconds = time.monotonic() - started
            request.node.user_properties.append((PROPERTY, asdict(line)))

    return measured


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table, a row a scenario, and what comes of it for each kind."""
    lines = [
        Line(**value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if lines:
        lines.sort(key=lambda line: (line.kind, line.name))
        terminalreporter.section("faults")
        for text in (*lines_of(lines), "", *summary_of(lines)):
            terminalreporter.write_line(text)
