"""`syncbit migrate`: real files of the daemon, and its samples in a real VictoriaMetrics."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from syncbit_dagster.cli.main import main
from syncbit_dagster.core.civil import DayRange, day_start, to_milliseconds
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.defs.running import materialize
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.migration.daemon import line, post_lines, write_state
from syncbit_dagster_tests.victoriametrics import Server, contents, running, victoria_metrics

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
PERSON = SyntheticPerson(BERLIN, date(2025, 1, 1), seed=3)
DAYS = DayRange(date(2025, 10, 24), date(2025, 10, 27))  # one of them has 25 hours
BEFORE = date(2025, 10, 20)
LATER = datetime(2025, 11, 20, tzinfo=UTC)


class Migration:
    """Runs the command in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, directory: Path, *options: str, **variables: str) -> tuple[int, str, str]:
        """The exit status, what it printed, and what it said on standard error."""
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)
        status = main(["migrate", str(directory), *options])
        said = self._capsys.readouterr()
        return status, said.out, said.err


@pytest.fixture
def migrate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Migration:
    monkeypatch.chdir(tmp_path)
    return Migration(monkeypatch, capsys)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(victoria_metrics(tmp_path_factory.mktemp("victoria"))) as one:
        yield one


def test_what_is_of_no_use_is_said(tmp_path: Path, migrate: Migration) -> None:
    directory = write_state(tmp_path / "daemon")
    assert "the default; set BACKFILL_START_DATE" in migrate(directory)[1]
    status, said, _ = migrate(directory, BACKFILL_START_DATE="2025-06-01")
    assert status == 0
    assert "last finished day is 2026-10-30, of intraday history 2026-10-12. Not taken over" in said
    assert "First day: 2025-06-01, from BACKFILL_START_DATE" in said
    assert "VICTORIA_ENDPOINT is not set" in said


AWAY = {"VICTORIA_ENDPOINT": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("folder", "options", "variables", "sentence"),
    [
        ("daemon", ["--remove-old-samples"], {}, "needs VICTORIA_ENDPOINT"),
        ("daemon", ["--remove-old-samples"], AWAY, "set SYNCBIT_TIMEZONE"),
        ("daemon", [], AWAY | {"SYNCBIT_TIMEZONE": "UTC"}, "is VictoriaMetrics running there"),
        (".", [], {}, "DATA_DIR"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path,
    migrate: Migration,
    folder: str,
    options: list[str],
    variables: dict[str, str],
    sentence: str,
) -> None:
    write_state(tmp_path / "daemon")
    status, _, error = migrate(tmp_path / folder, *options, **variables)
    assert status == 1
    assert sentence in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.victoriametrics
def test_old_samples_are_counted_and_only_removed_when_told_to(
    tmp_path: Path, server: Server, migrate: Migration
) -> None:
    directory = write_state(tmp_path / "daemon")
    with (
        emulated_account(PERSON, tmp_path, now=lambda: LATER) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        variables = {"VICTORIA_ENDPOINT": server.url, "FITBIT_DEVICE": "charge6"}
        settings = account.settings(**variables)
        assert materialize(settings, ["activity_summary"], DAYS, instance).success
        exact = stored(server)
        assert {instant for _, _, instant, _ in exact} == {
            to_milliseconds(day_start(day, BERLIN)) for day in DAYS
        }
        post_lines(server.url, kept())
        right = stored(server)
        post_lines(server.url, beside())  # the daemon was still running
        before = stored(server)

        environment = account.environment | variables
        status, said, _ = migrate(directory, **environment)
        assert status == 0
        assert stored(server) == before
        assert re.search(r"fitbit_steps_total +12 +2 +alone in 2025-10-20\n", said)
        assert "--remove-old-samples would remove 25; nothing was removed" in said
        assert "2 are all that their day has in their series" in said

        status, said, _ = migrate(directory, "--remove-old-samples", **environment)
        assert status == 0
        assert "Removed: 25; the series were read back" in said
        assert stored(server) == right

        assert "would remove" not in migrate(directory, **environment)[1]
        # The days themselves can be materialized as before, and nothing is there twice.
        assert materialize(settings, ["activity_summary"], DAYS, instance).success
        assert stored(server) == right


def stored(server: Server) -> Counter[tuple[str, str, int, float]]:
    """Everything but what the sync says of itself."""
    return contents(server.url, '{__name__=~"fitbit_.+"}')


def beside() -> list[str]:
    """Polls of each day, at times of its own; and the line of each start."""
    polls = [
        day_start(day, BERLIN) + timedelta(hours=h, seconds=7) for day in DAYS for h in (7, 15, 23)
    ]
    sedentary = 'type="sedentary"'
    return [
        *(line("fitbit_steps_total", 100 * n, at) for n, at in enumerate(polls)),
        *(
            line("fitbit_active_minutes", 600 + n, at, labels=sedentary)
            for n, at in enumerate(polls)
        ),
        line("fitbit_test_connection", 1, polls[0]),
    ]


def kept() -> list[str]:
    """What is not to be removed: a day's only values, other instants, other people's."""
    noon = day_start(BEFORE, BERLIN) + timedelta(hours=12)
    return [
        line("fitbit_steps_total", 4000, noon),
        line("fitbit_steps_total", 5000, noon + timedelta(hours=5)),
        line("fitbit_steps_intraday", 12, noon),
        line("fitbit_device_battery_percent", 80, noon, labels='device_id="1"'),
        f'fitbit_steps_total{{device="charge6",user="somebody"}} 1 {to_milliseconds(noon)}',
    ]


@pytest.mark.victoriametrics
def test_series_of_the_daemons_own_are_named(
    tmp_path: Path, server: Server, migrate: Migration
) -> None:
    post_lines(server.url, beside())
    environment = {"VICTORIA_ENDPOINT": server.url, "SYNCBIT_TIMEZONE": BERLIN.key}
    before = stored(server)
    _, said, _ = migrate(write_state(tmp_path / "daemon"), "--remove-old-samples", **environment)
    assert "set FITBIT_DEVICE=charge6 and run this again" in said
    assert stored(server) == before
