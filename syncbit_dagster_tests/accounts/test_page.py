"""The page about many accounts: what it tells people to write does what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
import yaml
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator
from dagster._core.utils import make_new_run_id
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster._grpc.client import DagsterGrpcClient
from dagster._utils.tags import TagConcurrencyLimitsCounter

from syncbit_dagster.config.accounts_file import read_accounts
from syncbit_dagster_tests.accounts.files import Declared
from syncbit_dagster_tests.dagster_process import clean_environment, wait_for
from syncbit_dagster_tests.victoriametrics import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "accounts.md").read_text()
SECONDS = 120  # until a code server answers on a busy machine


def block(beginning: str) -> str:
    """The block of YAML that begins so."""
    blocks = re.findall(r"^( *)```yaml\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
    texts = [re.sub(f"^{indent}", "", text, flags=re.MULTILINE) for indent, text in blocks]
    (found,) = [text for text in texts if text.startswith(beginning)]
    return found


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance whose queue is the page's."""
    overrides = yaml.safe_load(block("concurrency:"))
    with dg.DagsterInstance.local_temp(
        overrides={**overrides, "telemetry": {"enabled": False}}
    ) as instance:
        yield instance


def test_the_example_declares_three(tmp_path: Path) -> None:
    declared = Declared(tmp_path)
    declared.write(block("anna:"))
    assert list(read_accounts(declared.file)) == ["anna", "ben", "cleo"]
    anna, ben, cleo = declared.load()
    assert anna.intraday_on_schedule
    assert ben.account.labels == {"user": "ben", "device": "charge6"}
    assert cleo.account.zone_is_assumed


def test_accounts_run_side_by_side_each_one_run_at_a_time(instance: dg.DagsterInstance) -> None:
    config = instance.get_concurrency_config()
    queue = config.run_queue_config
    assert queue is not None
    assert queue.max_concurrent_runs == 4
    assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
    running = _run("anna", dg.DagsterRunStatus.STARTED)
    counter = TagConcurrencyLimitsCounter(queue.tag_concurrency_limits, [running])
    assert counter.is_blocked(_run("anna"))
    assert not counter.is_blocked(_run("ben"))
    assert not counter.is_blocked(_run(None))


def test_its_queue_differs_from_the_projects_in_nothing_else() -> None:
    own = yaml.safe_load((ROOT / "dagster.yaml").read_text())["concurrency"]
    many: dict[str, Any] = yaml.safe_load(block("concurrency:"))["concurrency"]
    assert many["pools"] == own["pools"]
    assert own["runs"] == {"max_concurrent_runs": 1}


def test_each_code_server_loads_its_accounts(tmp_path: Path) -> None:
    lines = re.findall(r"^SYNCBIT_ACCOUNT_NAMES=.* dagster api grpc .*$", PAGE, re.MULTILINE)
    text = block("load_from:")
    declared = Declared(tmp_path)
    declared.write(block("anna:"))
    loaded = []
    with ExitStack() as stack:
        for line in lines:
            port = re.findall(r"-p (\d+)$", line)[0]
            free = str(free_port())
            assert text.count(port) == 1
            text = text.replace(port, free)
            stack.enter_context(_served(line.replace(port, free), int(free), declared))
        workspace = tmp_path / "workspace.yaml"
        workspace.write_text(text)
        instance = stack.enter_context(dg.DagsterInstance.ephemeral())
        for origin in location_origins_from_yaml_paths([str(workspace)]):
            location = stack.enter_context(origin.create_location(instance))
            (repository,) = location.get_repositories().values()
            nodes = repository.get_asset_node_snaps()
            loaded.append({node.asset_key.path[0] for node in nodes})
    assert loaded == [{"anna", "ben"}, {"cleo"}]


@contextmanager
def _served(line: str, port: int, declared: Declared) -> Iterator[None]:
    """The code server that a line of the page starts, as soon as it answers."""
    here = f"PATH={Path(sys.executable).parent}:$PATH exec env {line}"
    environment = clean_environment(declared.variables())
    with (declared.directory / f"{port}.log").open("w") as log:
        server = subprocess.Popen(
            ["bash", "-euc", here], cwd=declared.directory, env=environment, stderr=log, stdout=log
        )
    client = DagsterGrpcClient(port=port, host="localhost")

    def answers() -> bool | None:
        assert server.poll() is None, (declared.directory / f"{port}.log").read_text()
        try:
            return bool(client.ping("hello")) or None
        except DagsterUserCodeUnreachableError:
            return None

    try:
        wait_for(answers, SECONDS, "the code server")
        yield
    finally:
        client.shutdown_server()
        server.terminate()
        server.wait(SECONDS)


def _run(
    account: str | None, status: dg.DagsterRunStatus = dg.DagsterRunStatus.NOT_STARTED
) -> dg.DagsterRun:
    tags = {"syncbit/account": account} if account else {}
    return dg.DagsterRun("history", make_new_run_id(), status=status, tags=tags)
