"""`syncbit COMMAND --account NAME`: which account a command has to do with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.cli.main import OF_AN_ACCOUNT, main
from syncbit_dagster_tests.accounts.files import Declared

if TYPE_CHECKING:
    from pathlib import Path

TWO = """\
anna:
  SYNCBIT_TIMEZONE: Pacific/Auckland
ben:
  SYNCBIT_PROVIDER: fitbit_web
  SYNCBIT_TIMEZONE: America/New_York
"""
# What each command needs besides.
REST = {
    "authorize": ["--no-browser"],
    "capture": ["-o", "shapes.json"],
    "doctor": [],
    "plan": ["--from", "2025-01-01", "--to", "2025-01-14"],
    "report": ["--from", "2025-01-01", "--to", "2025-01-14"],
    "migrate": ["old"],
}


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Declared:
    """Two accounts, and a process that has to do with both."""
    declared = Declared(tmp_path)
    declared.write(TWO)
    monkeypatch.chdir(tmp_path)
    for name, value in declared.variables().items():
        monkeypatch.setenv(name, value)
    return declared


@pytest.mark.parametrize("command", sorted(OF_AN_ACCOUNT))
def test_an_account_that_is_not_there_or_not_chosen_is_refused(
    declared: Declared,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    def refusal_of(*account: str) -> str:
        assert main([command, *REST[command], *account]) == 1
        written = capsys.readouterr()
        assert not (declared.directory / "data").exists() or not account
        return written.out + written.err

    of_cleo = ("--account", "cleo")
    assert "There is no account 'cleo'; there are anna, ben." in refusal_of(*of_cleo)
    if command != "doctor":  # which looks at all of them
        choose = f"syncbit {command}: Say which account with --account NAME; there are anna, ben.\n"
        assert refusal_of() == choose
    monkeypatch.delenv("SYNCBIT_ACCOUNTS")
    assert "no account 'cleo', only the one of the environment" in refusal_of(*of_cleo)


def test_a_plan_is_the_chosen_accounts(
    declared: Declared, capsys: pytest.CaptureFixture[str]
) -> None:
    for account in declared.load():
        assert main(["plan", *REST["plan"], "--account", str(account.name)]) == 0
        assert str(account.account.quota) in capsys.readouterr().out


def test_the_doctor_looks_at_all_or_at_one(
    declared: Declared, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Nothing answers there, so that each account has its own refusals, at once.
    monkeypatch.setenv("GOOGLE_HEALTH_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("FITBIT_API_URL", "http://127.0.0.1:9")
    anna = declared.load()[0]
    anna.account.tokens.save(Token(access_token="a", refresh_token="r", expires_at=4_000_000_000))
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    heads = [number for number, line in enumerate(lines) if " configuration " in line]
    assert ["account anna, google_health" in lines[heads[0]], heads[0]] == [True, 0]
    assert "account ben, fitbit_web" in lines[heads[1]]
    of_anna, of_ben = lines[: heads[1]], lines[heads[1] :]
    assert any(line.startswith("ok") and " token " in line for line in of_anna)
    assert any(line.startswith("FAIL") and " token " in line for line in of_ben)
    for part in (of_anna, of_ben):
        assert any(line.startswith("ok") and "syncbit.duckdb" in line for line in part)
    assert main(["doctor", "--account", "ben"]) == 1
    assert capsys.readouterr().out.splitlines()[0] == of_ben[0]
