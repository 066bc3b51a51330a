"""Nights whose numbers agree, and nights whose numbers do not."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import concat, to_series
from syncbit_dagster.quality.sleep import stages_match_sleep
from syncbit_dagster_tests.quality.builders import daily, evidence, one_day
from syncbit_dagster_tests.sources.takeout.exports import source

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.quality import Outcome

NIGHT = one_day("2025-10-26")
UP = 1_761_458_400.0  # 07:00 on that day


def night(
    *,
    asleep: float | None = 420,
    in_bed: float | None = 465,
    start: float | None = UP - 465 * 60,
    deep: float | None = 70,
    light: float | None = 260,
    rem: float | None = 90,
) -> Outcome:
    """A night with all of its numbers, or with others; None leaves one out."""
    values = {
        "minutes_total": asleep,
        "time_in_bed_minutes": in_bed,
        "start_timestamp": start,
        "end_timestamp": UP,
    }
    stages = {"deep": deep, "light": light, "rem": rem, "wake": 45.0}
    samples = [
        daily(f"fitbit_sleep_{name}", {NIGHT.first: value})
        for name, value in values.items()
        if value is not None
    ]
    samples += [
        daily("fitbit_sleep_stage_minutes", {NIGHT.first: value}, stage=stage)
        for stage, value in stages.items()
        if value is not None
    ]
    return stages_match_sleep(evidence("sleep", NIGHT, samples))


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"light": 257},  # each number is cut to whole minutes
        {"asleep": 500},  # and a classic nap of 80 minutes, which has no stages
        {"deep": None, "light": None, "rem": None},  # a classic night
        {"deep": None, "light": 330},  # a night without deep sleep
        {"deep": None, "light": None, "asleep": 520, "rem": 90},  # a short night beside a long nap
        {"in_bed": None},
        {"start": None},
        {"asleep": None},  # the night is still being worked on
        {"start": UP - 465.5 * 60},
    ],
    ids=str,
)
def test_numbers_that_agree(numbers: dict[str, float | None]) -> None:
    outcome = night(**numbers)
    assert outcome.checked == 1
    assert not outcome.findings


@pytest.mark.parametrize(
    ("numbers", "subject", "found", "expected"),
    [
        ({"rem": 150}, "deep + light + rem", "480 min", "420 min asleep"),
        ({"rem": None}, "deep + light + rem", "330 min", "420 min asleep"),
        ({"in_bed": 425}, "time in bed", "425 min", "465 min from start to end"),
        ({"start": UP + 60}, "time in bed", "465 min", "-1 min from start to end"),
    ],
    ids=["too many minutes", "a stage is missing", "a bed too short", "up before to bed"],
)
def test_numbers_that_do_not_agree(
    numbers: dict[str, float | None], subject: str, found: str, expected: str
) -> None:
    (finding,) = night(**numbers).findings
    assert (finding.subject, finding.found, finding.expected) == (subject, found, expected)
    assert finding.days == NIGHT


def test_nights_without_anything_are_not_checked() -> None:
    assert stages_match_sleep(evidence("sleep", NIGHT)).checked == 0


@pytest.mark.recordings
def test_real_nights(recordings: Path) -> None:
    """A month of real nights and naps, classic ones and two long sleeps a day among them."""
    chicago, days = ZoneInfo("America/Chicago"), DayRange(date(2021, 6, 11), date(2021, 7, 10))
    export = source(recordings / "data" / "takeout_us_central_2021-06", chicago)
    samples = concat(batch.samples for batch in export.fetch(asset_named("sleep"), days))
    export.close()
    outcome = stages_match_sleep(evidence("sleep", days, to_series(samples), zone=chicago))
    assert outcome.checked == len(days)
    assert not outcome.findings
