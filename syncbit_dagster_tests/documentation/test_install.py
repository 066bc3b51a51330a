"""`make install` and `make dev`, typed in a copy of the project that has no environment yet."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests

from syncbit_dagster_tests.dagster_process import clean_environment, copy_of_the_root
from syncbit_dagster_tests.deploy.engine import copy_of_the_project
from syncbit_dagster_tests.documentation.pages import ROOT
from syncbit_dagster_tests.victoriametrics import free_port
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    os.environ.get("SYNCBIT_SOAK") != "1", reason="installs for minutes: SYNCBIT_SOAK=1"
)
LOCATIONS = "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy after `make install`."""
    copied = tmp_path_factory.mktemp("install")
    copy_of_the_project(copy_of_the_root(copied))
    shutil.copytree(ROOT / "docs", copied / "docs")
    environment = clean_environment({})
    environment.pop("VIRTUAL_ENV", None)
    subprocess.run(["make", "install"], cwd=copied, env=environment, check=True)
    return copied


@contextmanager
def make_dev(folder: Path, port: int) -> Iterator[None]:
    started = subprocess.Popen(
        ["make", "dev"],
        cwd=folder,
        env=clean_environment({"DAGSTER_DG_DEV_PORT": str(port)}),
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(started.pid, signal.SIGINT)
        started.wait()


def test_what_is_installed_runs(folder: Path) -> None:
    programs = folder / ".venv" / "bin"
    assert "authorize" in subprocess.check_output([programs / "syncbit", "--help"], text=True)
    frozen = subprocess.check_output([programs / "python", "-m", "pip", "freeze"], text=True)
    assert pins(frozen) <= pins((ROOT / "constraints.txt").read_text())


def pins(text: str) -> set[str]:
    """The lines that name one version, spelled alike."""
    lines = text.lower().replace("_", "-").splitlines()
    return {line for line in lines if "==" in line and not line.startswith("#")}


def test_make_dev_loads_the_code_location(folder: Path) -> None:
    port = free_port()

    def loaded() -> list[str] | None:
        try:
            url, query = f"http://127.0.0.1:{port}/graphql", {"query": LOCATIONS}
            answer = requests.post(url, json=query, timeout=HANGS_SECONDS)
        except requests.ConnectionError:
            return None
        entries = answer.json()["data"]["workspaceOrError"]["locationEntries"]
        states = [entry["loadStatus"] for entry in entries]
        return states if states and set(states) == {"LOADED"} else None

    with make_dev(folder, port):
        assert wait_for(loaded, HANGS_SECONDS, "the code location")
