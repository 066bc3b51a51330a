"""`syncbit plan --watch` follows the history until every day is there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.defs.watch import watch
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.cli.processes import SYNCBIT, run
from syncbit_dagster_tests.emulated import emulated_account

if TYPE_CHECKING:
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
PERSON = SyntheticPerson(BERLIN, date(2025, 1, 1), seed=2)
DAILY = [asset.name for asset in ASSETS if asset.group == "daily"]
DAYS = DayRange(date(2025, 5, 2), date(2025, 5, 31))
BEGIN = datetime(2025, 6, 1, 6, tzinfo=UTC)


def report(instance: dg.DagsterInstance, days: DayRange) -> None:
    for name in DAILY:
        for day in days:
            instance.report_runless_asset_event(
                dg.AssetMaterialization(name, partition=day.isoformat())
            )


def test_it_says_days_requests_budget_and_an_end_until_all_is_there(tmp_path: Path) -> None:
    clock = [BEGIN]
    said: list[str] = []
    with (
        emulated_account(PERSON, tmp_path, now=lambda: clock[0]) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        settings = account.settings(
            BACKFILL_START_DATE=DAYS.first.isoformat(), SYNCBIT_REQUESTS_PER_MINUTE="10"
        )
        # What comes between two looks: the newest ten days, then the rest.
        coming = [DayRange(date(2025, 5, 22), DAYS.last), DayRange(DAYS.first, date(2025, 5, 21))]

        def sleep(seconds: float) -> None:
            clock[0] += timedelta(seconds=seconds)
            report(instance, coming.pop(0))

        watch(settings, instance, said.append, now=lambda: clock[0], sleep=sleep)
        assert not account.emulator.calls  # looking costs no request
    assert len(said) == 3
    assert said[0].startswith("0 of 300 days (0%), about 28 requests to go; 10 of 10 requests")
    # 28 requests at 10 a minute, of which 10 may be sent at once.
    assert said[0].endswith("at least 2 min left, until 2025-06-01 08:02.")
    assert said[1].startswith("100 of 300 days (33%), about ")
    assert " min left, until" in said[1]  # 10 s a hundred days, but the budget is slower
    assert said[2] == "300 of 300 days (100%), about 0 requests to go: all days are stored."


def test_it_needs_the_instance_that_dagster_runs_with(tmp_path: Path) -> None:
    done = run([*SYNCBIT, "plan", "--watch"], tmp_path, {"DAGSTER_HOME": ""})
    assert done.returncode == 1
    assert "run this in the project's root, or set DAGSTER_HOME" in done.stderr


def test_a_range_or_a_watch_is_needed(tmp_path: Path) -> None:
    done = run([*SYNCBIT, "plan", "--from", "2025-01-01"], tmp_path, {})
    assert done.returncode == 1
    assert "--from DAY and --to DAY" in done.stderr
