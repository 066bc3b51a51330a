"""A run's log says how far it has come, after each write: days, requests, an expected end."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.defs.run_progress import RunProgress
from syncbit_dagster.sources.traffic import Traffic
from syncbit_dagster.telemetry import RunFigures
from syncbit_dagster_tests.telemetry.stage import NOON

if TYPE_CHECKING:
    from syncbit_dagster_tests.telemetry.stage import Stage

DAYS = DayRange(date(2025, 9, 1), date(2025, 9, 30))
DAILY = ("activity_summary", "heart_rate")
LINE = re.compile(r"The run: (.*)")


def said(stage: Stage) -> list[str]:
    (run,) = stage.instance.get_runs()
    messages = [event.message for event in stage.instance.all_logs(run.run_id)]
    return [found[1] for message in messages if (found := LINE.fullmatch(message))]


def test_daily_assets_count_together(stage: Stage) -> None:
    assert stage.run(DAYS, *DAILY).success
    lines = said(stage)
    # The assets come one by one, the dearest last.
    assert [line.split(" (")[0] for line in lines] == [
        "30 of 60 days",
        "60 of 60 days are stored.",
    ]
    assert all("requests to go; " in line and " until 2025-10-30 " in line for line in lines[:-1])


def test_data_that_nobody_may_read_is_not_waited_for(stage: Stage) -> None:
    stage.account.emulator.untick(
        "https://www.googleapis.com/auth/googlehealth.health_metrics_and_measurements.readonly"
    )
    stage.account.emulator.expire_access_tokens()
    assert stage.run(DAYS, *DAILY).success
    assert said(stage)[-1] == "30 of 30 days are stored."


@pytest.fixture
def progress(stage: Stage) -> tuple[RunProgress, RunFigures]:
    figures = RunFigures()
    return RunProgress(stage.settings, figures, lambda: stage.clock[0]), figures


def test_the_end_is_where_it_goes_at_this_rate(
    stage: Stage, progress: tuple[RunProgress, RunFigures]
) -> None:
    told, figures = progress
    figures.plans("sleep", DAYS, 10)
    figures.plans("heart_rate", DAYS, 90)
    figures.sent("sleep", Traffic(requests=10))
    figures.assets["sleep"].stored = 30
    stage.clock[0] += timedelta(minutes=5)
    assert str(told) == (
        "30 of 60 days (50%), about 90 requests to go; 45 min at the least, until "
        f"{(NOON + timedelta(minutes=50)).astimezone(stage.settings.account.zone):%Y-%m-%d %H:%M}."
    )


def test_the_end_is_not_before_the_budget_allows(
    stage: Stage, progress: tuple[RunProgress, RunFigures]
) -> None:
    told, figures = progress
    quota = stage.settings.account.quota
    figures.plans("sleep", DAYS, 4 * quota.requests)
    assert f"{quota.requests * 4:,} requests to go; 3 min at the least" in str(told)


def test_before_anything_was_sent_only_the_budget_is_known(
    progress: tuple[RunProgress, RunFigures],
) -> None:
    told, figures = progress
    figures.plans("sleep", DAYS, 3)
    assert "0 of 30 days (0%), about 3 requests to go; 0 s at the least, until " in str(told)
