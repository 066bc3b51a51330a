"""Runs of the same days go one after the other, in the order in which they began."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from syncbit_dagster.config import load_settings
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.names import ACCOUNT_TAG
from syncbit_dagster.defs.runs import RANGE_END_TAG, RANGE_START_TAG
from syncbit_dagster.defs.turns import LONGEST_SECONDS, TurnError, wait_for_turn
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulated import emulated_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.config import Settings

STARTING, STARTED = dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED
MAY, LATER = ("2026-05-01", "2026-05-31"), ("2026-06-01", "2026-06-30")
OTHER = {ACCOUNT_TAG: "ben"}
LOG = logging.getLogger(__name__)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"DATA_DIR": str(tmp_path)}, secrets_directory=tmp_path / "none")


@dataclass
class Runs:
    """Dagster's own record of runs, and those that a pause ends."""

    settings: Settings
    instance: dg.DagsterInstance
    pauses: list[float] = field(default_factory=list)
    ending: list[dg.DagsterRun] = field(default_factory=list)

    def add(
        self,
        days: tuple[str, str] | None = MAY,
        *assets: str,
        status: dg.DagsterRunStatus = STARTED,
        tags: dict[str, str] | None = None,
    ) -> dg.DagsterRun:
        selection = frozenset(dg.AssetKey(name) for name in assets) or None
        ranges = dict(zip((RANGE_START_TAG, RANGE_END_TAG), days, strict=True)) if days else {}
        run = self.instance.run_storage.add_run(
            dg.DagsterRun(
                job_name="history",
                asset_selection=selection,
                status=dg.DagsterRunStatus.NOT_STARTED,
                tags={**ranges, **(tags or {})},
            )
        )
        if status in (STARTING, STARTED):
            self.report(run, dg.DagsterEventType.PIPELINE_STARTING)
        if status is STARTED:
            self.start(run)
        return run

    def start(self, run: dg.DagsterRun) -> None:
        self.report(run, dg.DagsterEventType.PIPELINE_START)

    def report(self, run: dg.DagsterRun, kind: dg.DagsterEventType) -> None:
        self.instance.report_dagster_event(dg.DagsterEvent(kind.value, run.job_name), run.run_id)

    def turn_of(self, run: dg.DagsterRun) -> int:
        """How often the run had to pause before its turn."""
        self.pauses.clear()
        wait_for_turn(self.settings, self.instance, run, LOG, sleep=self.pause)
        return len(self.pauses)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if self.ending:
            self.report(self.ending.pop(0), dg.DagsterEventType.PIPELINE_SUCCESS)


@pytest.fixture
def runs(settings: Settings) -> Iterator[Runs]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Runs(settings, instance)


def test_the_second_waits_until_the_first_has_ended(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    first = runs.add(MAY, "sleep")
    second = runs.add(MAY, "sleep")
    assert runs.turn_of(first) == 0
    runs.ending = [first]
    with caplog.at_level(logging.INFO):
        assert runs.turn_of(second) == 1
    assert f"Run {first.run_id} is at work on the same days" in caplog.text


def test_three_go_in_the_order_in_which_they_began(runs: Runs) -> None:
    third = runs.add(MAY, "sleep", status=dg.DagsterRunStatus.NOT_STARTED)
    first = runs.add(MAY, "sleep")
    second = runs.add(MAY, "sleep")
    runs.report(third, dg.DagsterEventType.PIPELINE_STARTING)
    runs.start(third)
    assert runs.turn_of(first) == 0
    runs.ending = [first, second]
    assert runs.turn_of(third) == 2


def test_one_that_is_about_to_begin_is_awaited_until_it_is_known_which_was_first(
    runs: Runs,
) -> None:
    about_to = runs.add(MAY, "sleep", status=STARTING)
    own = runs.add(MAY, "sleep")
    began = 3

    def pause(seconds: float) -> None:
        runs.pauses.append(seconds)
        if len(runs.pauses) == began:
            runs.start(about_to)

    wait_for_turn(runs.settings, runs.instance, own, LOG, sleep=pause)
    assert len(runs.pauses) == began
    runs.ending = [own]
    assert runs.turn_of(about_to) == 1


@pytest.mark.parametrize(
    ("days", "assets", "tags"),
    [
        (LATER, ["sleep"], {}),  # the next piece of the history
        (MAY, ["heart_rate"], {}),
        (None, ["devices"], {}),
        (MAY, [], OTHER),  # another account's schedule
        (None, [], {}),  # a report
    ],
)
def test_what_has_nothing_in_common_goes_side_by_side(
    runs: Runs, days: tuple[str, str] | None, assets: list[str], tags: dict[str, str]
) -> None:
    one = runs.add(days, *assets, tags=tags)
    other = runs.add(MAY, "sleep", "body")
    assert runs.turn_of(one) == runs.turn_of(other) == 0


@pytest.mark.parametrize("days", [("2026-05-31", "2026-06-02"), ("2026-04-01", "2026-05-01"), MAY])
def test_a_schedules_run_names_no_asset_and_means_all(runs: Runs, days: tuple[str, str]) -> None:
    history = runs.add(MAY, "sleep")
    morning = runs.add(days)
    runs.ending = [history]
    assert runs.turn_of(morning) == 1


def test_what_is_only_queued_comes_later(runs: Runs) -> None:
    runs.add(MAY, "sleep", status=dg.DagsterRunStatus.NOT_STARTED)
    assert runs.turn_of(runs.add(MAY, "sleep")) == 0


def test_an_hour_is_enough(runs: Runs) -> None:
    stuck = runs.add(MAY, "sleep")
    with pytest.raises(TurnError, match=f"Run {stuck.run_id} is at work .* terminate it"):
        runs.turn_of(runs.add(MAY, "sleep"))
    assert sum(runs.pauses) == LONGEST_SECONDS


def test_a_run_asks_the_provider_for_nothing_before_its_turn(runs: Runs, tmp_path: Path) -> None:
    person = SyntheticPerson(ZoneInfo("Europe/Berlin"), date(2026, 5, 1), seed=4)
    earlier = runs.add(MAY, "heart_rate")
    asked: list[int] = []
    with emulated_account(person, tmp_path, now=lambda: datetime(2026, 6, 1, 12, tzinfo=UTC)) as it:

        def pause(_: float) -> None:
            asked.append(len(it.emulator.calls))
            if len(asked) == 3:
                runs.report(earlier, dg.DagsterEventType.PIPELINE_FAILURE)

        job = build_definitions(it.settings(), sleep=pause).resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(
            instance=runs.instance,
            asset_selection=[dg.AssetKey("heart_rate")],
            tags=dict(zip((RANGE_START_TAG, RANGE_END_TAG), MAY, strict=True)),
        )
        assert asked == [0, 0, 0]
        assert len(it.emulator.calls) > 0
    assert len(result.asset_materializations_for_node("heart_rate")) == 31
