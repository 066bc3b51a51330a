"""The Dockerfile, by the rules of hadolint and by what must be true of it.

``test_engine.py`` builds it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.machine import OURS


def steps(name: str) -> list[files.Step]:
    return [step for step in files.dockerfile() if step.name == name]


def test_it_keeps_the_rules_of_hadolint() -> None:
    hadolint = str(Path(sys.executable).with_name("hadolint"))
    command = [hadolint, "--failure-threshold", "info", "Dockerfile"]
    done = subprocess.run(command, cwd=files.ROOT, capture_output=True, text=True, check=False)
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
