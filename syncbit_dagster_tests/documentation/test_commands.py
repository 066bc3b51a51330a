"""Each command that a page shows, run as it stands there.

Three things stand for others: the port of VictoriaMetrics, the folder of backups, and the
provider's addresses, which the ``.env`` file gives. The person's browser is curl.
"""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest
import requests
from dagster._core.definitions.run_request import InstigatorType

from syncbit_dagster.core.civil import civil_day, day_start, to_milliseconds
from syncbit_dagster_tests.documentation.commands import CANNOT_RUN, RUN, RUN_ELSEWHERE
from syncbit_dagster_tests.documentation.desk import PERSON, Desk, new_desk
from syncbit_dagster_tests.documentation.pages import DOCS, PAGES, ROOT, SHELLS, blocks, commands
from syncbit_dagster_tests.victoriametrics import Server, running
from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.victoriametrics

HERE = "documentation/test_commands.py"


def documented(*words: str) -> str:
    """The one command of the pages that holds all these words."""
    (found,) = (line for line in RUN if all(word in line for word in words))
    return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with new_desk(tmp_path_factory.mktemp("desk"), tmp_path_factory.mktemp("elsewhere")) as one:
        yield one


@pytest.fixture(scope="module")
def connected(desk: Desk) -> Desk:
    """The same after `syncbit authorize`."""
    desk.run(documented("chmod"))
    assert "Authorized." in desk.run(".venv/bin/syncbit authorize")
    return desk


@pytest.fixture(scope="module")
def filled(connected: Desk) -> Desk:
    """The same with some days in the DuckDB file."""
    connected.run(documented("2025-01-01...2025-03-31"))
    return connected


@pytest.fixture(scope="module")
def server(desk: Desk) -> Iterator[Server]:
    """VictoriaMetrics as the pages start it, with what today's sync leaves."""
    with running(desk.server(documented("victoria-metrics-data", "100y"))) as one:
        today = day_start(civil_day(datetime.now(UTC), PERSON.zone), PERSON.zone)
        series = {
            "metric": {"__name__": "fitbit_steps_total", "user": "default", "device": "fitbit"},
            "values": [8123, 4567],
            "timestamps": [to_milliseconds(today - timedelta(days=1)), to_milliseconds(today)],
        }
        requests.post(f"{one.url}/api/v1/import", json=series, timeout=HANGS_SECONDS)
        flush(one.url)
        yield one


def flush(url: str) -> None:
    requests.get(f"{url}/internal/force_flush", timeout=HANGS_SECONDS)


def exported(url: str) -> str:
    flush(url)
    parameters = {"match[]": '{user="default"}'}
    return requests.get(f"{url}/api/v1/export", params=parameters, timeout=HANGS_SECONDS).text


def test_every_command_is_run_or_says_why_it_cannot_be() -> None:
    lines = {line for page in PAGES for block in blocks(page, *SHELLS) for line in commands(block)}
    begins = (*RUN_ELSEWHERE, *CANNOT_RUN)
    assert [line for line in lines - set(RUN) if not line.startswith(begins)] == []
    assert set(RUN) - lines == set()
    assert [one for one in begins if not any(line.startswith(one) for line in lines)] == []


def test_what_runs_a_command_exists() -> None:
    named = [test.rpartition("::") for test in (*RUN.values(), *RUN_ELSEWHERE.values())]
    files = {file: ROOT / "syncbit_dagster_tests" / (file or HERE) for file, _, _ in named}
    texts = {file: path.read_text() for file, path in files.items()}
    assert [(file, name) for file, _, name in named if f"\ndef {name}(" not in texts[file]] == []


def test_an_account_is_connected(connected: Desk) -> None:
    assert "You can close this page" in (connected.folder / "page.html").read_text()
    (token,) = (connected.folder / ".syncbit").glob("tokens-google_health.json")
    assert token.stat().st_mode & 0o077 == 0
    assert (connected.folder / ".env").stat().st_mode & 0o077 == 0


def test_an_account_is_connected_from_afar(connected: Desk) -> None:
    with connected.start(documented("--no-browser")) as process:
        assert process.stdout is not None
        url = next(line.strip() for line in process.stdout if line.startswith("  http"))
        requests.get(url, timeout=HANGS_SECONDS)
        assert "Authorized." in process.stdout.read()
    assert process.returncode == 0


def test_the_doctor_finds_nothing(connected: Desk) -> None:
    lines = connected.run(documented("doctor")).splitlines()
    assert {line.split()[0] for line in lines} == {"ok"}
    names = {line.split()[1] for line in lines}
    assert names >= {"configuration", "token", "scopes", "provider", "store", "days", "readable"}


def test_shapes_are_captured(connected: Desk) -> None:
    connected.run(documented("capture"))
    assert "steps" in (connected.folder / "shapes.json").read_text()


def test_requests_are_planned(connected: Desk) -> None:
    assert "2192 days." in connected.run(documented("plan", "--from"))


def test_days_are_materialized(filled: Desk) -> None:
    filled.run(documented("2025-03-01...2025-03-07"))
    assert (filled.folder / ".syncbit" / "syncbit.duckdb").exists()
    assert (filled.folder / ".dagster_home").is_dir()


def test_the_history_is_watched(filled: Desk) -> None:
    with filled.start(documented("--watch")) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.terminate()
    assert "requests" in first


def test_reports_are_made(filled: Desk) -> None:
    october = documented("2025-03-01...2025-03-07").replace(
        "2025-03-01...2025-03-07", "2026-10-01...2026-11-01"
    )
    filled.run(october)
    assert " of 31 days have data" in filled.run(documented("october.html"))
    filled.run(documented("weekly_report"))
    assert len([*filled.folder.rglob("*2026*.html")]) == 4


def test_dagsters_records_are_upgraded(filled: Desk) -> None:
    filled.run(documented("instance migrate"))


def test_the_state_is_backed_up(filled: Desk) -> None:
    filled.run(documented("--create"))
    backup = filled.folder / "backup.tar.gz"
    assert backup.stat().st_mode & 0o077 == 0
    token = filled.folder / ".syncbit" / "tokens-google_health.json"
    held = token.read_bytes()
    token.unlink()
    filled.run(documented("--extract"))
    assert token.read_bytes() == held
    assert token.stat().st_mode & 0o077 == 0


def test_old_logs_are_deleted(filled: Desk) -> None:
    logs = filled.folder / ".dagster_home" / "compute_logs"
    old, new = logs / "old.out", logs / "new.out"
    logs.mkdir(exist_ok=True)
    for log, days in ((old, 100), (new, 10)):
        log.touch()
        instant = (datetime.now(UTC) - timedelta(days=days)).timestamp()
        os.utime(log, (instant, instant))
    filled.run(documented("find"))
    assert not old.exists()
    assert new.exists()


def test_samples_are_asked_for(desk: Desk, server: Server) -> None:
    assert '"4567"' in desk.run(documented("api/v1/query"), server.url)


def test_vmalert_takes_its_flags(desk: Desk, server: Server) -> None:
    with running(desk.server(documented("vmalert"), server.url)) as vmalert:
        assert requests.get(f"{vmalert.url}/api/v1/rules", timeout=HANGS_SECONDS).json()["data"][
            "groups"
        ]


def test_samples_are_backed_up(desk: Desk, server: Server) -> None:
    held = exported(server.url)
    desk.run(documented("vmbackup"), server.url)
    server.stop()
    (desk.folder / "victoria-metrics-data").rename(desk.folder / "lost")
    desk.run(documented("vmrestore"))
    server.start()
    assert exported(server.url) == held != ""


def test_samples_are_exported_and_imported(desk: Desk, server: Server) -> None:
    held = exported(server.url)
    desk.run(documented("export/native"), server.url)
    desk.run(documented("delete_series"), server.url)
    assert exported(server.url) == ""
    desk.run(documented("import/native"), server.url)
    assert exported(server.url) == held != ""


def test_make_lists_its_targets() -> None:
    said = subprocess.check_output(["make", "help"], cwd=ROOT, text=True)
    assert "Build the documentation as a site" in said


def test_dagster_takes_the_retention_of_ticks(tmp_path: Path) -> None:
    """And deleting a run deletes its materializations, as ``operating.md`` says."""
    (retention,) = (block.text for block in blocks(DOCS / "operating.md", "yaml"))
    (tmp_path / "dagster.yaml").write_text(f"telemetry: {{enabled: false}}\n{retention}")

    @dg.asset(partitions_def=dg.DailyPartitionsDefinition("2025-01-01"))
    def steps() -> None:
        """Nothing."""

    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        kept = instance.get_tick_retention_settings(InstigatorType.SENSOR)
        days = {status.value: number for status, number in kept.items()}
        assert days == {"SKIPPED": 7, "FAILURE": 30, "SUCCESS": 90, "STARTED": -1}
        run = dg.materialize([steps], partition_key="2025-01-02", instance=instance)
        assert instance.get_materialized_partitions(steps.key) == {"2025-01-02"}
        instance.delete_run(run.run_id)
        assert instance.get_materialized_partitions(steps.key) == set()
