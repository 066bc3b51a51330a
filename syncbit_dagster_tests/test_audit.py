"""``make audit`` tells safe from vulnerable, and both from not looked up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SAFE = {"name": "good", "version": "1.0", "vulns": []}
BAD = {
    "name": "bad",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-0000-1", "fix_versions": ["2.1"], "aliases": [], "description": ""}],
}
SKIPPED = {"name": "hidden", "skip_reason": "Dependency not found and could not be audited"}


def audit(tmp_path: Path, answer: str, *, error: str = "", status: int = 0) -> tuple[int, str]:
    """The script's exit status and words, beside a pip-audit that answers so."""
    (tmp_path / "answer").write_text(answer)
    program = tmp_path / "pip-audit"
    program.write_text(
        f"#!/bin/sh\necho \"$@\" > '{tmp_path}/options'\n"
        f"cat '{tmp_path}/answer'\necho '{error}' >&2\nexit {status}\n"
    )
    program.chmod(0o700)
    command = [sys.executable, "scripts/audit_dependencies.py", str(program)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("packages", "status", "words"),
    [
        ([SAFE], 0, "No vulnerability is known in any of 1 packages."),
        ([SAFE, BAD], 1, "bad 2.0: PYSEC-0000-1, repaired in 2.1"),
        ([SAFE, SKIPPED], 2, "1 of 2 packages were not looked up (hidden)"),
        ([BAD, SKIPPED], 1, "1 of 2 packages were not looked up (hidden)"),
        ([], 2, "This is no verdict"),
    ],
)
def test_what_each_answer_means(
    tmp_path: Path, packages: list[dict[str, Any]], status: int, words: str
) -> None:
    answer = json.dumps({"dependencies": packages, "fixes": []})
    found, said = audit(tmp_path, answer, status=int(status == 1))
    assert found == status
    assert words in said
    assert ("No vulnerability is known" in said) == (status == 0)


def test_offline_it_says_so_and_does_not_pass(tmp_path: Path) -> None:
    """And only pinned versions are asked for."""
    found, said = audit(tmp_path, "", error="connection refused", status=1)
    assert found == 2
    assert "could not be asked; nothing was looked up" in said
    assert "connection refused" in said
    options = (tmp_path / "options").read_text().split()
    assert {str(ROOT / "constraints.txt"), "--no-deps", "--disable-pip"} <= set(options)
