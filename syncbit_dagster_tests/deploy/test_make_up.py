"""What `make up` does before Docker gets its turn. ``test_engine.py`` runs all of it."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster_tests.deploy.engine import SECRETS, copy_of_the_project

if TYPE_CHECKING:
    from pathlib import Path

DOCKER = '#!/bin/sh\necho "$@" >>calls\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project, and a program named docker that writes down what it is asked for."""
    project = tmp_path / "project"
    project.mkdir()
    copy_of_the_project(project)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(DOCKER)
    (tmp_path / "bin" / "docker").chmod(0o755)
    return project


def run(folder: Path, line: str) -> str:
    path = f"{folder.parent / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euc", line],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def test_secrets_are_made_and_the_services_asked_for(folder: Path) -> None:
    said = run(folder, "make up")
    assert f"password in {folder / SECRETS / 'ui_password'}" in said
    assert "Put your client into google_client_id and google_client_secret." in said
    assert (folder / "calls").read_text() == "compose up --detach --build\n"


def test_the_password_is_shown_and_stays_the_same(folder: Path) -> None:
    shown = []
    for _ in range(2):
        run(folder, "make up")
        shown.append(run(folder, f"cat {SECRETS}/ui_password"))
    assert shown[0] == shown[1]
    assert re.fullmatch(r"[0-9a-f]{48}\n?", shown[0])
