"""The other commands, each as a process, and Dagster's own where the README names them."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import requests

from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.cli.processes import DAGSTER, SYNCBIT, run, start
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics
from syncbit_dagster_tests.waiting import HANGS_SECONDS

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
    done = run([*SYNCBIT, "plan", "--from", "2025-01-01", "--to", "2025-01-14"], tmp_path, {})
    assert re.search(r"together +22 +24\n", done.stdout)  # 56 sleeps would be three pages


@pytest.mark.parametrize(
    ("days", "select", "variables", "sentence"),
    [
        ("2025-01-02 2025-01-01", "sleep", {}, "swap them"),
        ("2025-01-01 2025-01-02", "sleeep", {}, "no asset 'sleeep'; there are activity_summary"),
        ("2025-01-01 2025-01-02", "sleep", {"SYNCBIT_TIMEZONE": "Europe/Berln"}, "did you mean"),
    ],
)
def test_a_wrong_input_is_one_sentence_and_status_1(
    tmp_path: Path, days: str, select: str, variables: dict[str, str], sentence: str
) -> None:
    first, last = days.split()
    command = [*SYNCBIT, "plan", "--from", first, "--to", last, "--select", select]
    done = run(command, tmp_path, variables)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_emulator_is_a_program_that_says_its_url(tmp_path: Path) -> None:
    """One address, either provider."""
    command = [*SYNCBIT, "emulator", "--provider", "fitbit_web", "--port", "0"]
    with start(command, tmp_path, {}) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.split()[-1]
        for path in ("v4/users/me/settings", "1/user/-/profile.json"):
            assert requests.get(f"{url}/{path}", timeout=HANGS_SECONDS).status_code == 401
        process.terminate()
    assert "fitbit_web" in line
    done = run([*SYNCBIT, "emulator", "--takeout", str(tmp_path), "--port", "0"], tmp_path, {})
    assert done.returncode == 1
    assert "SYNCBIT_TIMEZONE" in done.stderr  # an export does not say it
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
        users = requests.get(
            f"{server.url}/api/v1/label/user/values", timeout=HANGS_SECONDS
        ).json()["data"]
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
