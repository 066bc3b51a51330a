"""What the code server of a location with real accounts takes: memory and CPU.

    python -m benchmarks.accounts.code_server [--accounts 30]

Once when it answers, and once when a client, as the webserver and the daemon are, has asked it for
all that it offers, for which it makes each of its jobs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dagster as dg
import yaml
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._grpc.client import DagsterGrpcClient

from benchmarks.accounts.meter import cpu_seconds, megabytes
from benchmarks.accounts.people import FIRST, people
from syncbit_dagster_tests.victoriametrics import free_port
from syncbit_dagster_tests.waiting import wait_for

START_SECONDS = 180


def main() -> None:
    """Print a figure a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=30)
    count = parser.parse_args().accounts
    with tempfile.TemporaryDirectory() as name:
        home, port = Path(name), free_port()
        entries = {one.name: {"SYNCBIT_TIMEZONE": one.zone.key} for one in people(count)}
        (home / "accounts.yaml").write_text(yaml.safe_dump(entries))
        environment = {
            "SYNCBIT_ACCOUNTS": str(home / "accounts.yaml"),
            "SYNCBIT_PROVIDER": "demo",
            "BACKFILL_START_DATE": FIRST.isoformat(),
            "DATA_DIR": str(home / "data"),
        }
        command = [sys.executable, "-W", "ignore", "-m", "dagster", "api", "grpc"]
        server = subprocess.Popen(
            [*command, "-m", "syncbit_dagster.definitions", "-p", str(port)],
            env={**os.environ, **environment, "DAGSTER_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            client = DagsterGrpcClient(port=port, host="localhost")
            wait_for(lambda: answers(client), START_SECONDS, "the code server", pause=0.2)
            tell("when it answers", server.pid)
            own = time.process_time()
            print(f"jobs that it offers {ask(home, port)}, for a client of", end=" ")
            print(f"{time.process_time() - own:.1f} s of CPU")
            tell("after that", server.pid)
        finally:
            server.kill()
            server.wait()


def answers(client: DagsterGrpcClient) -> bool | None:
    try:
        client.ping("")
    except DagsterUserCodeUnreachableError:
        return None
    return True


def ask(home: Path, port: int) -> int:
    """Ask for everything; how many jobs there are."""
    server = {"host": "localhost", "port": port, "location_name": "people"}
    (home / "workspace.yaml").write_text(json.dumps({"load_from": [{"grpc_server": server}]}))
    target = WorkspaceFileTarget([str(home / "workspace.yaml")])
    with (
        dg.DagsterInstance.local_temp(str(home)) as instance,
        create_test_daemon_workspace_context(target, instance) as context,
    ):
        (location,) = context.create_request_context().code_locations
        (repository,) = location.get_repositories().values()
        return len(repository.get_all_jobs())


def tell(when: str, process: int) -> None:
    print(f"{when}: {megabytes(process):.0f} MB, {cpu_seconds(process):.1f} s of CPU")


if __name__ == "__main__":
    main()
