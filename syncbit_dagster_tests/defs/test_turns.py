"""A run whose days another run is at work on: it waits, and asks the provider for nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.run_requests import range_run
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.processes import Processes, new_barrier
from syncbit_dagster_tests.stores.holder import hold_days

if TYPE_CHECKING:
    from pathlib import Path

PERSON = SyntheticPerson(ZoneInfo("Europe/Berlin"), date(2026, 5, 1), seed=4)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MAY = DayRange(date(2026, 5, 1), date(2026, 5, 31))


def test_a_run_begins_when_the_other_has_ended(tmp_path: Path) -> None:
    asked: list[int] = []
    with (
        emulated_account(PERSON, tmp_path, now=lambda: NOW) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        settings, processes, barrier = account.settings(), Processes(), new_barrier(2)
        locks = settings.data_directory / "locks"
        other = processes.start(hold_days, locks, DayRange(MAY.last, MAY.last), barrier)
        barrier.wait()

        def pause(_: float) -> None:
            asked.append(len(account.emulator.calls))
            if len(asked) == 3:
                other.kill()
                other.join()

        job = build_definitions(settings, sleep=pause).resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey("heart_rate")],
            tags=range_run(MAY, "fresh", run_key="a").tags,
        )
        assert asked == [0, 0, 0]
        assert len(account.emulator.calls) > 0
    assert len(result.asset_materializations_for_node("heart_rate")) == len(MAY)
