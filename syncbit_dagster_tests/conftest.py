"""Fixtures that every test may use."""

from __future__ import annotations

import os
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A busy machine is no defect of the code: properties are about results, not about time.
settings.register_profile(
    "syncbit", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("syncbit")


# Files that take half a minute or more begin first, so that no process is alone with one of them
# in the end. Those that mostly wait for Dagster's own loops alternate with those that compute.
LONG = (
    "conformance/test_cases.py",
    "test_recorded_days.py",
    "month/test_month.py",
    "cli/test_commands.py",
    "deploy/test_stack.py",
    "stores/test_crashes.py",
    "defs/test_unattended.py",
    "documentation/test_commands.py",
    "stores/test_histories.py",
    "faults/test_scenarios.py",
    "defs/test_materialize.py",
    "defs/test_corrections.py",
    "hosts/test_two_hosts.py",
    "defs/test_checks.py",
    "stores/test_faults.py",
    "cli/test_authorize.py",
    "account/test_races.py",
    "defs/test_partial.py",
    "stores/test_promise.py",
    "stores/test_two_writers.py",
    "backup/test_restore.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; otherwise as they were found."""
    items.sort(key=lambda item: _place(item.path.as_posix()))


def _place(path: str) -> int:
    """The place of a file in the table; all others come after it."""
    return next((place for place, name in enumerate(LONG) if path.endswith(f"/{name}")), len(LONG))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings, the home or the secrets of whoever runs it."""
    prefixes = ("SYNCBIT_", "GOOGLE_", "FITBIT_", "VICTORIA_", "COLLECT_", "INTRADAY_", "DAGSTER_")
    kept = {"SYNCBIT_RECORDINGS", "SYNCBIT_REQUIRE_VICTORIAMETRICS", "SYNCBIT_SOAK"}
    kept |= {"VICTORIA_METRICS_BIN"}
    for name in list(os.environ):
        if name.startswith(prefixes) and name not in kept:
            monkeypatch.delenv(name)


@pytest.fixture
def recordings() -> Path:
    """The folder of real recordings; the test is skipped where there is none."""
    root = Path(__file__).parent.parent
    folder = Path(os.environ.get("SYNCBIT_RECORDINGS", root.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no real recordings in {folder}; set SYNCBIT_RECORDINGS")
    return folder


@pytest.fixture(scope="session")
def new_database() -> Iterator[Callable[[], str]]:
    """Makes an empty database in a PostgreSQL of the tests' own, and gives its URL."""
    from syncbit_dagster_tests.postgresql import running_postgresql

    with running_postgresql() as new:
        yield new


# The emulators' client secret and refresh tokens, and the shapes of the tokens that they give.
SECRETS = re.compile(
    rb"demo-secret|demo-(?:fitbit-)?refresh-token|ya29\.[\w-]{20,}|1//[\w-]{20,}|eyJ[\w-]{40,}"
)


IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system, not a file
ROOM = 4 << 30


def pytest_configure(config: pytest.Config) -> None:
    """Temporary files in memory; a log of its own for each of the processes that share a run.

    No account of a test lives where the processes run: days are the account's, not the machine's.
    """
    os.environ["TZ"] = "Asia/Kathmandu"
    time.tzset()
    if "TMPDIR" not in os.environ and _has_room(IN_MEMORY):
        # A database waits for the disk at each commit, though nobody misses what a test wrote.
        os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        config.option.log_file = str(Path(config.getini("log_file")).with_suffix(f".{worker}.log"))


def _has_room(place: Path) -> bool:
    """Whether files may lie there, programs among them."""
    if not place.is_dir():
        return False
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC


def pytest_sessionfinish(session: pytest.Session) -> None:
    """No log line of the whole run, not even at DEBUG, holds a token or a secret."""
    if hasattr(session.config, "workerinput"):
        return  # one of several processes; the first one looks at all logs
    log = session.config.rootpath / session.config.getini("log_file")
    logs = [log, *log.parent.glob(f"{log.stem}.*.log")]
    lines = (line for one in logs for line in one.read_bytes().splitlines())
    if found := [line for line in lines if SECRETS.search(line)]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        assert reporter is not None
        reporter.write_line(f"\n{len(found)} log lines hold secrets; the first begins with:")
        reporter.write_line(repr(SECRETS.split(found[0])[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many crash points there were (see ``stores/conftest.py``)."""
    reports = [one for outcome in terminalreporter.stats.values() for one in outcome]
    count = sum(
        ("crash point", 1) in report.user_properties
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
    )
    if count:
        terminalreporter.write_line(f"crash points: {count}")
