"""The documented `kubectl` line, against a cluster's API of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.cluster import cluster
from syncbit_dagster_tests.deploy.manifests import Manifest, rendered
from syncbit_dagster_tests.documentation.pages import DOCS, SHELLS, blocks, commands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLY = "kubectl apply -f -"
(LINE,) = (
    line
    for block in blocks(DOCS / "deploy.md", *SHELLS)
    for line in commands(block)
    if APPLY in line
)


class Kubectl:
    def __init__(self, home: Path, address: str, kept: dict[str, Manifest]) -> None:
        self.kept = kept
        self._home = home
        (home / "config").write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
            "contexts: [{name: here, context: {cluster: here, user: me}}]\n"
            f"clusters: [{{name: here, cluster: {{server: '{address}'}}}}]\n"
            "users: [{name: me, user: {}}]\n"
        )

    def run(self, line: str, standard_input: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-uo", "pipefail", "-c", line],
            cwd=files.ROOT,
            env=os.environ | {"KUBECONFIG": str(self._home / "config"), "HOME": str(self._home)},
            input=standard_input,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def kubectl(tmp_path: Path) -> Iterator[Kubectl]:
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl: Debian's package is kubernetes-client")
    with cluster() as (address, kept):
        yield Kubectl(tmp_path, address, kept)


def test_everything_is_created_and_a_second_time_nothing_changes(kubectl: Kubectl) -> None:
    done = kubectl.run(LINE)
    assert done.returncode == 0, done.stderr
    named = {(one["kind"], one["metadata"]["name"]) for one in kubectl.kept.values()}
    assert named == {(one["kind"], one["metadata"]["name"]) for one in rendered("syncbit")}
    assert done.stdout.splitlines()[0] == "namespace/syncbit created"
    assert done.stdout.count(" created") == len(named)
    again = kubectl.run(LINE)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count(" unchanged") == len(named)


def test_the_example_of_secrets_is_taken(kubectl: Kubectl) -> None:
    example = files.ROOT / "deploy" / "kubernetes" / "syncbit" / "secrets.example.yaml"
    done = kubectl.run(f"kubectl apply -f {example}")
    assert done.returncode == 0, done.stderr
    assert len(kubectl.kept) == 2


def test_a_mistake_is_refused(kubectl: Kubectl) -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: one}\nspec: {port: 80}\n"
    done = kubectl.run(APPLY, service)
    assert done.returncode != 0
    assert "one is invalid" in done.stderr
