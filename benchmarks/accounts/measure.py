"""One process of the benchmark: a design with so many accounts; prints its figures as JSON.

python -m benchmarks.accounts.measure load|serve DESIGN COUNT
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.events import DagsterEvent
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.freshness import FreshnessDaemon
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._grpc.types import ExecuteRunArgs
from dagster_graphql.test.utils import execute_dagster_graphql

from benchmarks.accounts import location, queries
from benchmarks.accounts.designs import ASSETS, DESIGNS, account_name
from benchmarks.accounts.history import ALL_DAYS, remember
from benchmarks.accounts.meter import Figures, descendants, measured, megabytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster._core.workspace.context import WorkspaceProcessContext

MODULE = "benchmarks.accounts.location"
BACKFILL_DAYS = 30
INSTANCE = """
storage: {sqlite: {base_dir: %s}}
telemetry: {enabled: false}
concurrency: {runs: {max_concurrent_runs: 0}}
code_servers: {local_startup_timeout: 600}
"""
log = logging.getLogger("benchmark")


def load(design: str, count: int) -> Figures:
    """What each process that runs an account's code pays: the definitions, nothing else."""
    figures: Figures = {}
    number = 0 if DESIGNS[design].locations else count
    with measured(figures, "load"):
        repository = getattr(location, f"{design}_{number}").get_repository_def()
        repository.load_all_definitions()
    figures["load_mb"] = megabytes(os.getpid())
    if isinstance(figures["load_cpu"], float):
        with measured(figures, "snapshot"):
            text = dg.serialize_value(RepositorySnap.from_def(repository))
            figures["snapshot_mb"] = len(text) / 1e6
    return figures


def serve(design: str, count: int) -> Figures:
    """A code server, and the work that webserver and daemon do with it."""
    figures: Figures = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        home = Path(name)
        (home / "dagster.yaml").write_text(INSTANCE % home)
        workspace = home / "workspace.yaml"
        workspace.write_text(json.dumps(_workspace(design, count)))
        with (
            dg.DagsterInstance.from_config(str(home)) as instance,
            _started(figures, workspace, instance) as context,
        ):
            if context:
                _with_servers(figures, context, design, count)
    return figures


def _with_servers(
    figures: Figures, context: WorkspaceProcessContext, design: str, count: int
) -> None:
    figures["servers_mb"] = sum(map(megabytes, descendants()))
    figures["client_mb"] = megabytes(os.getpid())
    own = time.process_time()
    with measured(figures, "workspace"):
        context.refresh_workspace()
    figures["workspace_own_cpu"] = time.process_time() - own
    with measured(figures, "remember"):
        figures["rows"] = remember(context.instance, DESIGNS[design], count)
    _storage(figures, context.instance, design)
    _ui(figures, context, design)
    _daemon(figures, context)
    _run(figures, context.instance)


@contextmanager
def _started(
    figures: Figures, workspace: Path, instance: dg.DagsterInstance
) -> Iterator[WorkspaceProcessContext | None]:
    """The code servers and their client; None if they do not start."""
    context = None
    with ExitStack() as stack:
        with measured(figures, "start"):
            target = WorkspaceFileTarget([str(workspace)])
            context = stack.enter_context(create_test_daemon_workspace_context(target, instance))
            for entry in context.create_request_context().get_code_location_entries().values():
                assert entry.code_location, entry.load_error
        yield context if isinstance(figures["start_cpu"], float) else None


def _workspace(design: str, count: int) -> dict[str, object]:
    numbers = range(count) if DESIGNS[design].locations else [count]
    return {
        "load_from": [
            {
                "python_module": {
                    "module_name": MODULE,
                    "attribute": f"{design}_{number}",
                    "location_name": f"{design}_{number}",
                    "working_directory": str(Path.cwd()),
                }
            }
            for number in numbers
        ]
    }


def _storage(figures: Figures, instance: dg.DagsterInstance, design: str) -> None:
    """What the sensor `history` asks of one account's asset."""
    key = dg.AssetKey(DESIGNS[design].key(account_name(0)))
    with measured(figures, "materialized"):
        figures["materialized"] = len(instance.get_materialized_partitions(key))


def _ui(figures: Figures, context: WorkspaceProcessContext, design: str) -> None:
    """What the pages of the UI ask for, and the launch of a backfill for one account."""
    first = DESIGNS[design].key(account_name(0))
    own = [[*first[:-1], f"asset_{number:02}"] for number in range(ASSETS)]
    days = ALL_DAYS[-BACKFILL_DAYS:]
    partitions = dict.fromkeys(DESIGNS[design].partition(account_name(0), day) for day in days)
    params = {
        "assetSelection": [{"path": path} for path in own],
        "partitionNames": list(partitions),
    }
    asked = {
        "ui_workspace": (queries.WORKSPACE, {}),
        "ui_assets": (queries.ASSETS, {}),
        "ui_health": (queries.HEALTH, {"keys": [{"path": path} for path in own]}),
        "ui_asset_first": (queries.ASSET, {"key": {"path": first}}),
        "ui_asset": (queries.ASSET, {"key": {"path": first}}),
        "ui_backfill": (queries.BACKFILL, {"params": params}),
    }
    for name, (query, variables) in asked.items():
        with measured(figures, name):
            answer = execute_dagster_graphql(context.create_request_context(), query, variables)
            assert not answer.errors, answer.errors
            assert "PythonError" not in str(answer.data)[:1000], answer.data
            figures[f"{name}_mb"] = len(json.dumps(answer.data)) / 1e6


def _daemon(figures: Figures, context: WorkspaceProcessContext) -> None:
    """What the daemon does for that backfill, and in its rounds."""
    with measured(figures, "backfill"):
        for _ in range(2):
            errors = list(execute_backfill_iteration(context, log))
            assert not any(errors), errors
    figures["backfill_runs"] = context.instance.get_runs_count()
    for name in ("freshness_first", "freshness"):
        with measured(figures, name):
            list(FreshnessDaemon().run_iteration(context))
    with measured(figures, "idle_round"):
        list(execute_sensor_iteration(context, log, None, None))
    time.sleep(1.1)  # the sensors' shortest interval
    before = context.instance.get_runs_count()
    with measured(figures, "tick"):
        errors = list(execute_sensor_iteration(context, log, None, None))
        assert not any(errors), errors
    figures["tick_runs"] = context.instance.get_runs_count() - before


def _run(figures: Figures, instance: dg.DagsterInstance) -> None:
    """A run that a tick asked for, as a process of its own, as every run is."""
    filters = dg.RunsFilter(tags={"dagster/run_key": account_name(0)})
    for run in instance.get_runs(filters, limit=1):
        assert run.job_code_origin
        # As the queue's daemon says before it starts a process.
        starting = DagsterEvent(dg.DagsterEventType.RUN_STARTING.value, run.job_name)
        instance.report_dagster_event(starting, run.run_id)
        arguments = ExecuteRunArgs(run.job_code_origin, run.run_id, instance.get_ref())
        command = [sys.executable, "-m", *arguments.get_command_args()]
        with measured(figures, "run"):
            subprocess.run(command, check=True, capture_output=True)
        ended = instance.get_run_by_id(run.run_id)
        if not ended or not ended.is_success:
            print(instance.all_logs(run.run_id)[-1].message, file=sys.stderr)
            figures["run_cpu"] = figures["run_wall"] = "fails"


def main() -> None:
    logging.disable(logging.INFO)
    what, design, count = sys.argv[1:]
    figures = {"load": load, "serve": serve}[what](design, int(count))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
