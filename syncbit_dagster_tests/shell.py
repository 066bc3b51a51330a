"""Lines as somebody types them into a shell."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def run(
    line: str,
    folder: Path,
    environment: Mapping[str, str],
    *,
    seconds: float,
    standard_input: str | None = None,
) -> str:
    """A line, to its end; what it prints."""
    done = subprocess.run(
        ["bash", "-euc", line],
        cwd=folder,
        env=environment,
        input=standard_input,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


def start(
    line: str, folder: Path, environment: Mapping[str, str], *, is_spoken_with: bool = False
) -> subprocess.Popen[str]:
    """A line whose output is read while it runs, and to which something may be said."""
    return subprocess.Popen(
        ["bash", "-euc", f"exec {line}"],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE if is_spoken_with else None,
        stdout=subprocess.PIPE,
        text=True,
    )
