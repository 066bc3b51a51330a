"""The other commands, each as a process, and Dagster's own where the README names them."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import requests

from syncbit_dagster.cli.main import main
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.cli.processes import DAGSTER, SYNCBIT, run, start
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from pathlib import Path

SOAK = os.environ.get("SYNCBIT_SOAK") == "1"
DEFINITIONS = ("-m", "syncbit_dagster.definitions")
MATERIALIZE = (*DAGSTER, "asset", "materialize", *DEFINITIONS, "--select", "activity_summary")
RANGE = ("--partition-range", "2025-03-01...2025-03-03")


def test_plan_says_requests_before_anything_runs(tmp_path: Path) -> None:
    command = [*SYNCBIT, "plan", "--from", "2025-01-01", "--to", "2025-12-31"]
    select = ["--select", "activity_summary,heart_rate"]
    done = run([*command, *select], tmp_path, {})
    assert done.returncode == 0, done.stderr
    assert re.search(r"activity_summary +84 +84\n", done.stdout)  # 6 x 5 requests and 2 x 27
    assert re.search(r"heart_rate +33 +33\n", done.stdout)  # 1 + 5 + 27
    assert re.search(r"together +117 +117\n", done.stdout)
    assert "365 days" in done.stdout


def test_plan_of_two_weeks_of_everything_daily(tmp_path: Path) -> None:
    done = run([*SYNCBIT, "plan", "--from", "2025-01-01", "--to", "2025-01-14"], tmp_path, {})
    assert re.search(r"together +22 +24\n", done.stdout)  # 56 sleeps would be three pages


@pytest.mark.parametrize(
    ("arguments", "variables", "sentence"),
    [
        (["--from", "2025-01-02", "--to", "2025-01-01"], {}, "swap them"),
        (
            ["--from", "2025-01-01", "--to", "2025-01-02", "--select", "sleeep"],
            {},
            "no asset 'sleeep'; there are activity_summary",
        ),
        (
            ["--from", "2025-01-01", "--to", "2025-01-02"],
            {"SYNCBIT_TIMEZONE": "Europe/Berln"},
            "did you mean Europe/Berlin",
        ),
        (
            ["--from", "2025-01-01", "--to", "2025-01-02"],
            {"INTRADAY_RESOURCES": "steps,blood"},
            "'blood' is unknown",
        ),
    ],
)
def test_a_wrong_input_is_one_sentence_and_status_1(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    variables: dict[str, str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["plan", *arguments]) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_the_emulator_is_a_program_that_says_its_url(tmp_path: Path) -> None:
    with start([*SYNCBIT, "emulator", "--port", "0"], tmp_path, {}) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        answer = requests.get(f"{url}/v4/users/me/settings", timeout=30)
        process.terminate()
    assert answer.status_code == 401


def test_the_emulator_needs_the_zone_of_an_export(tmp_path: Path) -> None:
    done = run([*SYNCBIT, "emulator", "--takeout", str(tmp_path), "--port", "0"], tmp_path, {})
    assert done.returncode == 1
    assert "SYNCBIT_TIMEZONE" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_demo_ends_after_its_table(tmp_path: Path) -> None:
    done = run([*SYNCBIT, "demo"], tmp_path, {"SYNCBIT_DEMO_ONESHOT": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    for asset in ("activity_summary", "heart_rate", "intraday_steps", "intraday_heart_rate"):
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(asset + " ")]
        samples = int(line.split()[4].replace(",", ""))
        assert samples > 30
    if SOAK:  # it costs as much once more
        again = run([*SYNCBIT, "demo"], tmp_path, {"SYNCBIT_DEMO_ONESHOT": "1"})
        assert again.stdout == done.stdout


@pytest.mark.victoriametrics
def test_the_demo_does_not_touch_the_account_of_a_dotenv_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "FITBIT_USER_ID=alice\nGOOGLE_CLIENT_ID=id\nGOOGLE_CLIENT_SECRET=secret\n"
        "SYNCBIT_TIMEZONE=America/New_York\nSYNCBIT_STATE_URL=postgresql://nowhere/state\n"
        "SYNCBIT_ACCOUNTS=accounts.yaml\nSYNCBIT_ACCOUNT_NAMES=alice\n"
    )
    with running(victoria_metrics(tmp_path / "vm")) as server:
        done = run(
            [*SYNCBIT, "demo"],
            tmp_path,
            {"SYNCBIT_DEMO_ONESHOT": "1", "VICTORIA_ENDPOINT": server.url, "FITBIT_USER_ID": "bob"},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        users = requests.get(f"{server.url}/api/v1/label/user/values", timeout=60).json()["data"]
    assert users == ["demo"]
    assert {path.name for path in tmp_path.iterdir()} == {".env", ".syncbit", "vm"}


def test_headless_materialization_of_a_range(tmp_path: Path) -> None:
    person = SyntheticPerson(zone=ZoneInfo("UTC"), first_day=date(2025, 1, 1), seed=1)
    now = datetime(2025, 6, 1, tzinfo=UTC)
    home = {"DAGSTER_HOME": str(tmp_path)}
    with emulated_account(person, tmp_path, now=lambda: now) as account:
        done = run([*MATERIALIZE, *RANGE], tmp_path, account.environment | home)
        assert done.returncode == 0, done.stderr
        assert "8 requests planned" in done.stderr
        account.emulator.revoke()
        refused = run([*MATERIALIZE, *RANGE], tmp_path, account.environment | home)
    assert refused.returncode != 0
    assert "run `syncbit authorize` again" in refused.stderr


def test_dagster_refuses_definitions_with_a_wrong_setting(tmp_path: Path) -> None:
    validate = [*DAGSTER, "definitions", "validate", *DEFINITIONS]
    assert run(validate, tmp_path, {}).returncode == 0
    wrong = run(validate, tmp_path, {"SYNCBIT_TIMEZONE": "Mars/Olympus"})
    assert wrong.returncode != 0
    assert "SYNCBIT_TIMEZONE='Mars/Olympus' is not legal" in wrong.stdout + wrong.stderr
