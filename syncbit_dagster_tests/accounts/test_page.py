"""The page about many accounts: what it tells people to write does what it says."""

from __future__ import annotations

import re
import stat
import subprocess
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from syncbit_dagster import definitions
from syncbit_dagster.account.profile import Profile
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.config import load_accounts
from syncbit_dagster.config.accounts_file import read_accounts
from syncbit_dagster.factories import quota_figures
from syncbit_dagster_tests.accounts.files import Declared

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "accounts.md").read_text()


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


def test_its_code_servers_have_every_account_once_and_are_where_the_workspace_looks(
    tmp_path: Path,
) -> None:
    pattern = r"^SYNCBIT_ACCOUNT_NAMES=(\S+) dagster api grpc -m (\S+) .*-p (\d+)$"
    served = re.findall(pattern, PAGE, re.MULTILINE)
    declared = Declared(tmp_path)
    declared.write(block("anna:"))
    loaded = [
        one.name for names, *_ in served for one in declared.load(SYNCBIT_ACCOUNT_NAMES=names)
    ]
    assert loaded == ["anna", "ben", "cleo"]
    assert {module for _, module, _ in served} == {definitions.__name__}
    servers = [one["grpc_server"] for one in yaml.safe_load(block("load_from:"))["load_from"]]
    assert [str(server["port"]) for server in servers] == [port for *_, port in served]


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
