"""A run whose process is gone gives its place back; one that is only slow is left alone."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.defs import dead_runs
from syncbit_dagster.defs.resources import telemetry as own_metrics
from syncbit_dagster.defs.run_requests import range_run
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.defs.unattended import Daemon
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.processes import Processes, new_barrier
from syncbit_dagster_tests.stores.holder import hold_days, try_days

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.process import BaseProcess
    from pathlib import Path

PERSON = SyntheticPerson(ZoneInfo("Europe/Berlin"), date(2026, 5, 1), seed=4)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MAY = DayRange(date(2026, 5, 1), date(2026, 5, 31))
LAST = DayRange(MAY.last, MAY.last)
LONG_AFTER = 600.0


class Home:
    """An account's Dagster, whose clock is far ahead of the events that tests make."""

    def __init__(self, daemon: Daemon, pauses: list[float]) -> None:
        self.daemon, self.instance, self.pauses = daemon, daemon.instance, pauses
        self.locks = daemon.settings.data_directory / "locks"
        self.while_pausing: Callable[[], object] = lambda: None

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.while_pausing()

    def begin(self, days: DayRange = MAY, job: str = "daily_sync") -> str:
        """A run that has started and said so."""
        request = range_run(days, "fresh", run_key=f"{job} {days}")
        self.daemon.begin(request, job)
        run = self.instance.get_runs(limit=1)[0]
        self.instance.report_engine_event("It has begun.", run)
        return run.run_id

    def look(self, later: float = LONG_AFTER) -> list[str]:
        """The runs that are believed to be alive."""
        runs = self.instance.get_runs()
        alive = dead_runs.end_dead_runs(
            self.daemon.settings,
            self.instance,
            runs,
            sleep=self.pause,
            clock=lambda: time.time() + later,
        )
        return [run.run_id for run in alive]

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        run = self.instance.get_run_by_id(run_id)
        assert run
        return run.status


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with (
        emulated_account(PERSON, tmp_path, now=lambda: NOW) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        yield Home(Daemon("history", account.settings(), instance, lambda: NOW), [])


def test_a_run_that_nobody_works_for_is_ended(home: Home) -> None:
    run_id = home.begin()
    assert home.look() == []
    assert home.status(run_id) is dg.DagsterRunStatus.FAILURE
    assert home.pauses == [dead_runs.PAUSE_SECONDS]
    (failure,) = home.instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert "What it stored stays stored" in failure.user_message + str(failure.dagster_event)


def test_as_long_as_a_process_holds_the_days_it_is_alive(home: Home) -> None:
    processes, barrier = Processes(), new_barrier(2)
    process = processes.start(hold_days, home.locks, MAY, barrier)
    barrier.wait()
    run_id = home.begin()
    assert home.look() == [run_id]
    assert home.pauses == []  # no tick waits for what is seen at once
    process.kill()
    process.join()
    assert home.look() == []


def test_where_nobody_can_tell_it_is_alive(home: Home) -> None:
    run_id = home.begin()
    home.locks.parent.mkdir(exist_ok=True)
    home.locks.write_text("not a directory")
    assert home.look() == [run_id]


def test_a_run_that_has_just_said_something_is_alive(home: Home) -> None:
    run_id = home.begin()
    assert home.look(later=0) == [run_id]
    assert home.look(later=dead_runs.QUIET_SECONDS + 1) == []


def test_who_has_waited_for_the_days_and_gets_them_is_alive(home: Home) -> None:
    """It said nothing while it waited, and for a moment the days are nobody's."""
    processes, barrier = Processes(), new_barrier(2)
    holders: list[BaseProcess] = []

    def hold() -> None:
        holders.append(processes.start(hold_days, home.locks, LAST, barrier))
        barrier.wait()

    home.while_pausing = hold
    run_id = home.begin()
    alive = home.look()
    (holder,) = holders
    holder.kill()
    holder.join()
    assert alive == [run_id]
    assert home.status(run_id) is dg.DagsterRunStatus.STARTED


def test_a_run_that_is_about_to_end_may_say_so(home: Home) -> None:
    run_id = home.begin()
    run = home.instance.get_run_by_id(run_id)
    assert run
    home.while_pausing = lambda: home.instance.report_engine_event("Nearly done.", run)
    assert home.look() == [run_id]
    home.while_pausing = lambda: home.instance.report_run_canceled(run)
    assert run_id in home.look()
    assert home.status(run_id) is dg.DagsterRunStatus.CANCELED


def test_the_history_goes_on_after_a_power_cut(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_runs, "QUIET_SECONDS", -1.0)
    monkeypatch.setattr(dead_runs, "PAUSE_SECONDS", 0.0)
    run_id = home.begin()
    asked = home.daemon.asks()
    assert home.status(run_id) is dg.DagsterRunStatus.FAILURE
    assert asked[0].tags["dagster/asset_partition_range_end"] == str(MAY.last)


def test_what_does_not_fetch_is_left_to_dagster(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A weekly report has a partition that is a day, and holds none."""
    monkeypatch.setattr(dead_runs, "QUIET_SECONDS", -1.0)
    monkeypatch.setattr(dead_runs, "PAUSE_SECONDS", 0.0)
    report = dg.RunRequest(run_key="week", tags={"dagster/partition": "2026-05-25"})
    home.daemon.begin(report, "weekly_reports")
    run = home.instance.get_runs(limit=1)[0]
    home.instance.report_engine_event("It has begun.", run)
    newest = home.daemon.asks()[0]
    assert home.status(run.run_id) is dg.DagsterRunStatus.STARTED
    assert newest.tags["dagster/asset_partition_range_end"] == str(MAY.last)


def test_the_days_are_held_until_a_run_has_told_of_itself(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose days are free has nothing left to do that takes time."""
    processes, free = Processes(), list[bool]()

    def record(*_: object) -> None:
        processes.start(try_days, home.locks, LAST)
        free.extend(processes.results())

    monkeypatch.setattr(own_metrics, "record", record)
    assert home.daemon.execute(range_run(LAST, "fresh", run_key="a day")).success
    assert free == [False]
