"""A range that breaks midway: what is stored is done, the rest is missing and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg

from syncbit_dagster.account.state import database
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.sources.fitbit_web import source as fitbit_web
from syncbit_dagster_tests.dagster_process import clean_environment
from syncbit_dagster_tests.defs.running import failure_of, materialize, metadata_of
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]
PERSON = SyntheticPerson(ZoneInfo("Europe/Berlin"), date(2025, 1, 1), seed=3)
LONG_AFTER = datetime(2025, 12, 10, 12, 20, tzinfo=UTC)
DAYS = DayRange(date(2025, 10, 24), date(2025, 10, 29))  # with the one of 25 hours
ASSET = "intraday_steps"


def there(instance: dg.DagsterInstance) -> set[str]:
    return instance.get_materialized_partitions(dg.AssetKey(ASSET))


def keys(days: DayRange) -> set[str]:
    return {str(day) for day in days}


def rest_of(days: DayRange, done: int) -> DayRange:
    return DayRange(days.first + done * ONE_DAY, days.last)


def test_a_budget_that_is_used_up_says_when_it_goes_on(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [LONG_AFTER]
    monkeypatch.setattr(fitbit_web, "DAYS_PER_BATCH", 1)
    monkeypatch.setattr(database, "time", SimpleNamespace(time=lambda: clock[0].timestamp()))
    with emulated_account(PERSON, tmp_path, now=lambda: clock[0]) as account:
        settings = account.settings(
            SYNCBIT_PROVIDER="fitbit_web",
            SYNCBIT_REQUESTS_PER_HOUR="4",
            SYNCBIT_LONGEST_WAIT_MINUTES="1",
        )
        settings.account.tokens.save(
            Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
        )
        result = materialize(settings, [ASSET], DAYS, instance)
        assert not result.success
        sentence = failure_of(result)
        goes_on = (LONG_AFTER.replace(minute=0) + timedelta(hours=1)).astimezone()
        assert sentence.startswith("The request budget (4 requests in 3600 s) is used up; it may")
        assert f"go on at {goes_on.isoformat(' ', 'minutes')[:16]}" in sentence
        assert "\n" not in sentence
        rest = rest_of(DAYS, 4)
        assert there(instance) == keys(DAYS) - keys(rest)
        assert len(account.emulator.fitbit_web.calls) == 4

        told = metadata_of(instance, ASSET)
        assert all(day["samples"] > 0 and day["state"] == "settled" for day in told.values())

        clock[0] += timedelta(hours=1)
        account.emulator.fitbit_web.expire_access_tokens()
        account.emulator.fitbit_web.calls.clear()
        assert materialize(settings, [ASSET], rest, instance).success
        assert there(instance) == keys(DAYS)
        answered = [path for _, path, status in account.emulator.fitbit_web.calls if status == 200]
        assert len(answered) == len(rest)  # none for the finished ones


# One request at a time, so that the third one is the one that the server stops in.
SMALL_BATCHES = (
    "import syncbit_dagster.sources.google_health.source as source\n"
    "source.ROWS_PER_BATCH = 1\n"
    "from dagster._cli import main\n"
    "main()\n"
)


def test_a_process_that_is_killed_loses_only_what_was_not_stored(tmp_path: Path) -> None:
    days = DayRange(date(2025, 10, 1), date(2025, 10, 28))
    third_request, goes_on = threading.Event(), threading.Event()
    calls: list[tuple[str, str, int]] = []
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")

    def now() -> datetime:
        if len(calls) == 2:  # the server stops in the middle of the third request
            third_request.set()
            goes_on.wait(HANGS_SECONDS)
        return LONG_AFTER

    with (
        emulated_account(PERSON, tmp_path, now=now) as account,
        dg.DagsterInstance.from_config(str(home)) as instance,
    ):
        calls = account.emulator.calls
        variables = {"INTRADAY_DETAIL_LEVEL": "1min"}
        command = ["asset", "materialize", "-m", "syncbit_dagster.definitions"]
        command += ["--select", ASSET, "--partition-range", f"{days.first}...{days.last}"]
        process = subprocess.Popen(
            [sys.executable, "-c", SMALL_BATCHES, *command],
            cwd=tmp_path,
            env=clean_environment(
                account.environment
                | variables
                | {"DAGSTER_HOME": str(home), "PYTHONPATH": str(ROOT)}
            ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            # Two pages of 10,000 minutes hold 13 whole days; they are stored while it waits.
            rest = rest_of(days, 13)
            stored = keys(days) - keys(rest)

            def waits() -> bool | None:
                assert process.poll() is None
                return (third_request.is_set() and there(instance) == stored) or None

            wait_for(waits, HANGS_SECONDS, "the third request and the days of two")
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            goes_on.set()
        assert there(instance) == stored
        wait_for(lambda: len(calls) == 3 or None, HANGS_SECONDS, "the answer that nobody reads")
        calls.clear()
        settings = account.settings(**variables)
        assert materialize(settings, [ASSET], rest, instance).success
        assert there(instance) == keys(days)
        assert len(calls) == 3
