"""The command `syncbit` as a process."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from syncbit_dagster_tests.dagster_process import clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SYNCBIT = (sys.executable, "-m", "syncbit_dagster.cli.main")
DAGSTER = (sys.executable, "-m", "dagster")


def run(
    command: Sequence[str], directory: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        list(command),
        cwd=directory,
        env=clean_environment(variables),
        capture_output=True,
        text=True,
        check=False,
    )


def start(
    command: Sequence[str], directory: Path, variables: Mapping[str, str]
) -> subprocess.Popen[str]:
    """Start a command whose output is read while it runs, and to which something may be said."""
    return subprocess.Popen(
        list(command),
        cwd=directory,
        env=clean_environment(variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
