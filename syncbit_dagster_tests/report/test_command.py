"""`syncbit report`: as a process, and what it refuses."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.cli.main import main
from syncbit_dagster_tests.cli.processes import SYNCBIT, run
from syncbit_dagster_tests.report.builders import Page
from syncbit_dagster_tests.report.conftest import DAYS

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.config import Settings

REPORT = (*SYNCBIT, "report")


@pytest.fixture
def variables(filled: Settings) -> dict[str, str]:
    """An account at an address where nobody answers: a report asks no provider."""
    return {
        "SYNCBIT_PROVIDER": "demo",
        "GOOGLE_HEALTH_URL": "http://127.0.0.1:9",
        "DATA_DIR": str(filled.data_directory),
        "SYNCBIT_TIMEZONE": filled.account.zone.key,
        "FITBIT_USER_ID": filled.account.labels["user"],
    }


@pytest.fixture
def in_folder(tmp_path: Path, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of a command that runs in this process."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_writes_one_file_that_only_its_owner_reads(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    file = tmp_path / "october.html"
    days = ["--from", str(DAYS.first), "--to", str(DAYS.last)]
    done = run([*REPORT, *days, "-o", str(file)], tmp_path, variables)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    known = len([day for day in Page(file.read_text()).figures["Steps"]["data"][0]["y"] if day])
    assert f"{file}: " in done.stdout
    assert 10 < known <= len(DAYS)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("", "has no data of user demo, device fitbit from 20"),  # the last seven days
        ("--to 2019-01-31", "from 2019-01-25 to 2019-01-31"),
        ("--from 2026-13-01 --to 2026-12-31", "is no day; write it as YYYY-MM-DD"),
        ("--from 2026-10-02 --to 2026-10-01", "is before --from 2026-10-02; swap them."),
        ("--from 2026-10-01 --to 2999-01-01", "lies in the future; use a day until 20"),
        ("--from 0001-01-01 --to 2026-10-01", "is before all Fitbits; use a day from 2000"),
        ("--from 2019-01-01 --to 2019-01-31", "has no data of user demo, device fitbit from"),
        ("--from 2026-10-20 --to 2026-10-20 -o no/such/folder.html", "name a file in"),
        ("--from 2026-10-20 --to 2026-10-20 -o .", "name a file in"),
    ],
)
def test_what_cannot_be_is_one_sentence_status_1_and_no_file(
    in_folder: Path, capsys: pytest.CaptureFixture[str], arguments: str, sentence: str
) -> None:
    assert main(["report", *arguments.split()]) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
    assert not list(in_folder.iterdir())
