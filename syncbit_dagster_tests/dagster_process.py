"""A real `dagster dev`: webserver, daemon and code server as processes, driven by GraphQL."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from syncbit_dagster_tests.victoriametrics import free_port
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[1]
T = TypeVar("T")

_LAUNCH = """mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  } }"""
_STATUS = """query($id: String!) {
  partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"""
_MATERIALIZED = """query($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) { ... on AssetNode {
    partitionStats { numMaterialized numFailed } } } }"""
_READY = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
_RUNS = "{ runsOrError { ... on Runs { results { status tags { key value } } } } }"


def copy_of_the_root(directory: Path) -> Path:
    """A project root of the test's own: what `dagster dev` reads there, and nothing else."""
    for name in ("workspace.yaml", "dagster.yaml"):
        shutil.copy(ROOT / name, directory / name)
    return directory


def clean_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without Dagster's home, with some variables added."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DAGSTER")}
    return {**kept, **variables}


@dataclass(frozen=True)
class DagsterDev:
    """A running `dagster dev`, seen through GraphQL."""

    url: str
    log: Path

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """The data of a GraphQL answer."""
        response = requests.post(
            f"{self.url}/graphql",
            json={"query": query, "variables": variables},
            timeout=HANGS_SECONDS,
        )
        answer = response.json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def backfill(self, assets: Sequence[str], partitions: Sequence[str]) -> str:
        """Launch a backfill as the UI does and wait for its end; return its status."""
        params = {
            "assetSelection": [{"path": [asset]} for asset in assets],
            "partitionNames": list(partitions),
        }
        launched = self.ask(_LAUNCH, params=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched

        def status() -> str | None:
            answer = self.ask(_STATUS, id=launched["backfillId"])
            found: str = answer["partitionBackfillOrError"]["status"]
            return None if found in {"REQUESTED", "CANCELING"} else found

        return wait_for(status, HANGS_SECONDS, "the backfill")

    def partition_counts(self, asset: str) -> tuple[int, int]:
        """How many partitions of an asset are materialized, and how many failed."""
        answer = self.ask(_MATERIALIZED, key={"path": [asset]})
        stats = answer["assetNodeOrError"]["partitionStats"]
        return stats["numMaterialized"], stats["numFailed"]

    def run_statuses(self) -> list[str]:
        """The status of every run."""
        return [run["status"] for run in self.ask(_RUNS)["runsOrError"]["results"]]


def stop_sensors(directory: Path, variables: Mapping[str, str], *names: str) -> None:
    """Turn sensors off as a person does, so that a test's own runs are the only ones."""
    environment = clean_environment({**variables, "DAGSTER_HOME": str(directory)})
    for name in names:
        command = [sys.executable, "-m", "dagster", "sensor", "stop", name]
        subprocess.run(command, cwd=directory, env=environment, check=True, timeout=HANGS_SECONDS)


@contextmanager
def dagster_dev(directory: Path, variables: Mapping[str, str]) -> Iterator[DagsterDev]:
    """Run `dagster dev` in a directory, without DAGSTER_HOME, and stop it as Ctrl-C does."""
    port = free_port()
    log = directory / f"dagster-dev-{port}.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "--port", str(port)],
            cwd=directory,
            env=clean_environment(variables),
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        running = DagsterDev(f"http://127.0.0.1:{port}", log)

        def ready() -> bool | None:
            assert process.poll() is None, log.read_text()
            try:
                nodes = running.ask(_READY)["repositoriesOrError"].get("nodes")
            except requests.ConnectionError:
                return None
            return bool(nodes) or None

        try:
            wait_for(ready, HANGS_SECONDS, "the start of dagster dev")
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
