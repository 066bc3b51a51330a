"""The page about many accounts: what it tells people to write does what it says."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
import yaml
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator
from dagster._core.utils import make_new_run_id
from dagster._utils.tags import TagConcurrencyLimitsCounter

from syncbit_dagster.config.accounts_file import read_accounts
from syncbit_dagster_tests.accounts.files import Declared
from syncbit_dagster_tests.cli.processes import run

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "accounts.md").read_text()
ASSETS = "from syncbit_dagster.definitions import defs; print(*sorted({key.path[0] for key in "
ASSETS += "defs.resolve_all_asset_keys()}))"


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
    servers = yaml.safe_load(block("load_from:"))["load_from"]
    ports = {str(one["grpc_server"]["port"]) for one in servers}
    names = dict(re.findall(r"^SYNCBIT_ACCOUNT_NAMES=(\S+) dagster api grpc .* -p (\d+)$", PAGE, 8))
    assert set(names.values()) == ports
    declared = Declared(tmp_path)
    declared.write(block("anna:"))
    loaded = []
    for chosen in names:
        variables = declared.variables(SYNCBIT_ACCOUNT_NAMES=chosen)
        done = run([sys.executable, "-W", "ignore", "-c", ASSETS], tmp_path, variables)
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == chosen.split(",")
        loaded += done.stdout.split()
    assert loaded == ["anna", "ben", "cleo"]


def _run(
    account: str | None, status: dg.DagsterRunStatus = dg.DagsterRunStatus.NOT_STARTED
) -> dg.DagsterRun:
    tags = {"syncbit/account": account} if account else {}
    return dg.DagsterRun("history", make_new_run_id(), status=status, tags=tags)
