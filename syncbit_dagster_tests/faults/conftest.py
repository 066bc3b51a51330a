"""What all scenarios share, and what they cost at the end, as the documentation has it."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster_tests.faults.stage import write_settings
from syncbit_dagster_tests.faults.worker import Workers, forked_workers

if TYPE_CHECKING:
    from collections.abc import Iterator

PROPERTY = "fault"  # of a test's report, which comes here from other processes as well
Report = Callable[[str, int], None]  # kind of fault, requests for data that it cost


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
    write_settings(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert not instance.get_runs()
    return str(home)


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Report:
    """Tells what a scenario cost, once it has passed."""
    return lambda kind, requests: record_property(PROPERTY, (kind, requests))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A row for each kind: how many passed, and what had to be fetched again."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for one in terminalreporter.stats.get("passed", ()):
        for name, value in one.user_properties:
            if name == PROPERTY and one.when == "call":
                kinds[value[0]].append(value[1])
    if kinds:
        terminalreporter.section("faults")
        terminalreporter.write_line(
            "| kind | passed | requests more: median, most |\n|---|---|---|"
        )
        for kind, more in kinds.items():
            terminalreporter.write_line(
                f"| {kind} | {len(more)} | {median(more):.0f}, {max(more)} |"
            )
