"""The Dockerfile: by the rules of hadolint always, in a clean root when asked for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.build import build
from syncbit_dagster_tests.deploy.machine import OURS, machine

if TYPE_CHECKING:
    from collections.abc import Callable

START_SECONDS = 300.0


def steps(name: str) -> list[files.Step]:
    return [step for step in files.dockerfile() if step.name == name]


def test_it_keeps_the_rules_of_hadolint() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, "--failure-threshold", "info", "Dockerfile"],
        cwd=files.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_base_is_one_release_of_the_python_that_is_tested() -> None:
    (image,) = {step.words()[0] for step in steps("FROM")}
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm(@sha256:[0-9a-f]{64})?", image)
    labels = " ".join(step.text for step in steps("LABEL"))
    assert f'base.name="docker.io/library/{image}"' in labels


def test_nobody_is_root_and_the_probe_is_composes() -> None:
    last = files.dockerfile()[[step.name for step in files.dockerfile()].index("USER") :]
    assert not [step for step in last if step.name in {"RUN", "COPY", "ADD"}]
    assert steps("USER")[-1].text == f"{OURS}:{OURS}"
    assert steps("HEALTHCHECK")[0].words() == files.probe("code")
    assert steps("CMD")[0].words() == files.service("code")["command"]
    assert not steps("ENTRYPOINT"), "compose and the chart say whole command lines"


def test_all_that_is_installed_is_pinned() -> None:
    pinned = dict(
        line.lower().replace("_", "-").split("==")
        for line in (files.ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    )
    here = {one.metadata["Name"].lower().replace("_", "-"): one for one in distributions()}
    for name in ("dagster", "dagster-webserver", "dagster-postgres", "dagster-k8s", "psycopg"):
        needs = {re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in here[name].requires or []}
        installed = {need.lower().replace("_", "-") for need in needs} & set(here)
        assert {name, *installed} - {"setuptools"} <= set(pinned)


@pytest.mark.skipif(os.environ.get("SYNCBIT_SOAK") != "1", reason="takes minutes: SYNCBIT_SOAK=1")
def test_the_steps_make_an_image_that_runs(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    image = build(tmp_path)
    assert image.user == f"{OURS}:{OURS}"
    venv = image.root / "opt" / "syncbit"
    packages = venv / "lib" / "python3.11" / "site-packages"
    found = {path.name.rsplit("-", 2)[0] for path in packages.glob("*.dist-info")}
    assert {"syncbit_dagster", "dagster", "dagster_postgres", "dagster_k8s"} <= found
    assert not {"pip", "setuptools", "pytest", "ruff"} & found
    assert not (packages / "syncbit_dagster_tests").exists()
    writable = [
        str(path.relative_to(image.root))
        for path in [image.root, *image.root.rglob("*")]
        if path.is_dir() and not path.is_symlink() and path.stat().st_uid == OURS
    ]
    assert sorted(writable) == ["data", "var/lib/dagster"]
    size = sum(path.lstat().st_size for path in venv.rglob("*") if not path.is_dir())
    record_property("image", f"{size / 1e6:.0f} MB in {len(found)} packages")
    assert size < 1e9
    (tmp_path / "machine").mkdir()
    # As in Kubernetes: no dagster.yaml is given, and Dagster makes its default.
    writable_places = []
    for target in ("/data", image.environment["DAGSTER_HOME"]):
        place = tmp_path / target.strip("/").replace("/", "-")
        place.mkdir(mode=0o700)
        os.chown(place, OURS, OURS)
        writable_places.append((place, target, True))
    with machine(tmp_path / "machine") as running:
        running.define("code", base=image.root, binds=writable_places)
        running.start("code")
        running.wait_until_healthy("code", START_SECONDS, 4000)
        assert running.run("code", ["syncbit", "--help"]).returncode == 0
        assert running.run("code", ["touch", "/opt/dagster/probe"]).returncode == 1
        for program in ("dagster-webserver", "dagster-daemon"):
            assert running.run("code", [program, "--version"]).returncode == 0
