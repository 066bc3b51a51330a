"""The same export twice: straight from its files, and through the emulated Fitbit Web API."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.takeout import TakeoutPerson
from syncbit_dagster_tests.sources.fitbit_web.emulated import emulated_person
from syncbit_dagster_tests.sources.takeout.exports import source
from syncbit_dagster_tests.sources.takeout.test_same_as_google import REPOSITORY, everything

if TYPE_CHECKING:
    from pathlib import Path

CHICAGO = ZoneInfo("America/Chicago")
LONG_AFTER = datetime(2026, 11, 1, 0, 30, tzinfo=UTC)  # in the middle of a window of requests
DAYS = DayRange(date(2021, 6, 11), date(2021, 6, 25))


class Difference(NamedTuple):
    """How the Web API's samples may differ from the export's.

    ``within``: the values, where both have one; ``is_alone``: the Web API has days or minutes that
    the export has not, with a value of ``alone`` if that is not None.
    """

    metrics: tuple[str, ...]
    reason: str
    within: float = 0
    is_alone: bool = False
    alone: float | None = 0.0


DIFFERENCES = (
    Difference(
        ("fitbit_calories_total",),
        "The Web API rounds a day's calories to whole kilocalories.",
        within=0.5,
    ),
    Difference(
        ("fitbit_steps_intraday", "fitbit_distance_intraday"),
        "The Web API fills minutes without a row with 0; from the export they are no sample.",
        is_alone=True,
    ),
    Difference(
        ("fitbit_active_minutes", "fitbit_active_zone_minutes"),
        "The Web API has zeros for what this export has no files of.",
        is_alone=True,
    ),
    Difference(
        ("fitbit_active_calories",),
        "An export has no basal calories to subtract; the Web API's difference of two numbers is "
        "only as good as what the server knows of them.",
        is_alone=True,
        alone=None,
    ),
    Difference(
        ("fitbit_floors_total", "fitbit_elevation_meters"),
        "The Web API says 0 where there was no altimeter.",
        is_alone=True,
    ),
    Difference(
        ("fitbit_sleep_minutes_total", "fitbit_sleep_stage_minutes"),
        "Each rounds minutes in its own way: the export's summary is Fitbit's own.",
        within=3,
    ),
    Difference(
        ("fitbit_sleep_awakenings",),
        "Of a sleep without stages the export counts no awakenings.",
        is_alone=True,
    ),
    Difference(
        ("fitbit_sleep_efficiency_percent",),
        "The export has Fitbit's own score of those days, the Web API minutes asleep over minutes "
        "in bed.",
        within=60,
    ),
)


@pytest.mark.recordings
def test_recorded_days(recordings: Path, tmp_path: Path) -> None:
    folder = recordings / "data" / "takeout_us_central_2021-06"
    person = TakeoutPerson(folder, CHICAGO)
    variables = {"INTRADAY_DETAIL_LEVEL": "1min", "INTRADAY_HEART_RATE_DETAIL": "1sec"}
    with (
        emulated_person(person, tmp_path, now=lambda: LONG_AFTER) as emulated,
        emulated.fitbit_web(**variables) as web,
    ):
        theirs = everything(web, DAYS)
        account = web.account
    export = source(folder, CHICAGO, heart_rate_interval=1)
    ours = everything(type(export)(account, export.reader, export.interval_of), DAYS)
    expected = {metric: row for row in DIFFERENCES for metric in row.metrics}
    different = set()
    for name in sorted(ours.keys() | theirs.keys()):
        metric, here, there = name.partition("{")[0], ours.get(name, {}), theirs.get(name, {})
        if here == pytest.approx(there, rel=1e-9, abs=1e-9):
            continue
        different.add(metric)
        row = expected[metric]
        assert here.keys() <= there.keys(), name
        assert all(abs(here[at] - there[at]) <= row.within for at in here), name
        alone = {value for at, value in there.items() if at not in here}
        assert row.is_alone or not alone, name
        assert row.alone is None or alone <= {row.alone}, name
    assert different == set(expected)
    # What everything else depends on is equal to the last sample.
    assert len(ours['fitbit_heart_rate_intraday{"device":"fitbit","user":"default"}']) > 150_000


def test_the_differences_are_documented() -> None:
    text = " ".join((REPOSITORY / "docs" / "takeout.md").read_text().split())
    for row in DIFFERENCES:
        assert row.reason in text
