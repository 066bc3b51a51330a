"""The page about many accounts: what it tells people to write does what it says."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import yaml
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster._grpc.client import DagsterGrpcClient

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.config import load_accounts
from syncbit_dagster.config.accounts_file import read_accounts
from syncbit_dagster.factories import quota_figures
from syncbit_dagster_tests.accounts.files import Declared
from syncbit_dagster_tests.dagster_process import clean_environment
from syncbit_dagster_tests.victoriametrics import free_port
from syncbit_dagster_tests.waiting import wait_for

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


def test_the_example_declares_three(tmp_path: Path) -> None:
    declared = Declared(tmp_path)
    declared.write(block("anna:"))
    assert list(read_accounts(declared.file)) == ["anna", "ben", "cleo"]
    anna, ben, cleo = declared.load()
    assert anna.intraday_on_schedule
    assert ben.account.labels == {"user": "ben", "device": "charge6"}
    assert cleo.account.zone_is_assumed


def test_its_queue_lets_more_accounts_run_and_differs_in_nothing_else() -> None:
    own = yaml.safe_load((ROOT / "dagster.yaml").read_text())["concurrency"]
    assert own["pools"] == {"granularity": "run", "default_limit": 1}
    assert yaml.safe_load(block("concurrency:"))["concurrency"] == {
        "runs": {"max_concurrent_runs": 4},
        "pools": own["pools"],
    }


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


def test_what_was_the_only_accounts_is_moved_to_one_of_many(tmp_path: Path) -> None:
    variables = {"DATA_DIR": str(tmp_path / ".syncbit")}
    (only,) = load_accounts(variables, secrets_directory=tmp_path)
    token = Token(access_token="a", refresh_token="r", expires_at=0)
    only.account.tokens.save(token)
    only.profile.save(Profile(ZoneInfo("Asia/Kolkata"), date(2019, 5, 4)))
    quota_figures(only)  # makes the file
    (only.data_directory / "reports").mkdir()
    section = PAGE.split("## From one account to many")[1]
    for command in re.findall(r"`((?:mkdir|mv) [^`]+)`", section):
        subprocess.run(["bash", "-euc", command], cwd=tmp_path, check=True)
    declared = Declared(tmp_path, variables)
    declared.write("anna:\n  FITBIT_USER_ID: default\n")
    (anna,) = load_accounts(declared.variables(), secrets_directory=tmp_path)
    assert anna.account.tokens.load() == token
    assert anna.account.labels == only.account.labels
    assert anna.account.zone.key == "Asia/Kolkata"
    assert {one.name.partition("-")[0] for one in anna.data_directory.iterdir()} >= {
        *("tokens", "account.json", "quota.sqlite", "reports")
    }
    assert stat.S_IMODE(anna.data_directory.stat().st_mode) == 0o700


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
