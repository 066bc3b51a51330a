"""The source as a whole: ranges, batches, what is read, what it knows of itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.catalog import ASSETS, METRICS, asset_named
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.sources.base import Planned
from syncbit_dagster.sources.takeout import TakeoutSource
from syncbit_dagster.sources.takeout import source as module
from syncbit_dagster.sources.takeout.archive import ExportFile
from syncbit_dagster_tests.sources.takeout.exports import (
    BERLIN,
    day_rows,
    fetched,
    minutes,
    source,
    write_folder,
)

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.sources.base import Source

FIRST = date(2021, 6, 1)
LENGTH = 100
DAYS = DayRange(FIRST, FIRST + timedelta(days=LENGTH - 1))


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A hundred days of three readings each, in files of a day and of a month."""
    readings = {
        f"heart_rate-{day}.json": minutes(noon(day), [{"bpm": 60 + n} for n in range(3)])
        for day in DAYS
    }
    steps = {
        f"steps-{month.first}.json": [row for day in month for row in minutes(noon(day), ["9"])]
        for month in DAYS.chunks(30)
    }
    return write_folder(tmp_path, readings | steps)


def test_it_is_a_source(folder: Path) -> None:
    found: Source = source(folder)
    assert found.plan(asset_named("sleep"), DAYS) == Planned.exactly(0)
    assert found.fetch_current(asset_named("devices")).samples.empty
    found.close()


def test_what_an_export_has() -> None:
    lacking = {asset.name for asset in ASSETS if not TakeoutSource.has(asset)}
    assert lacking == {"intraday_floors", "intraday_elevation", "devices"}
    assert {metric.asset for metric in METRICS if metric.takeout}.isdisjoint(lacking)


def test_batches_tile_the_range(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_PER_BATCH", 100)
    monkeypatch.setattr(module, "TILE_DAYS", 10)
    batches = list(source(folder).fetch(asset_named("intraday_heart_rate"), DAYS))
    assert [len(batch.days) for batch in batches] == [40, 40, 20]
    assert [len(batch.samples) for batch in batches] == [120, 120, 60]
    assert {batch.requests for batch in batches} == {0}
    (whole,) = source(folder).fetch(asset_named("intraday_steps"), DAYS)
    assert whole.days == DAYS


def test_a_day_is_the_same_alone_and_in_a_range(folder: Path) -> None:
    found = source(folder)
    whole = fetched(found, "intraday_heart_rate", DAYS)["fitbit_heart_rate_intraday"]
    alone: dict[int, float] = {}
    for day in DAYS:
        alone |= fetched(found, "intraday_heart_rate", DayRange(day, day))[
            "fitbit_heart_rate_intraday"
        ]
    assert alone == whole
    assert len(whole) == 3 * LENGTH


def test_days_without_a_file_have_no_samples(folder: Path) -> None:
    found = source(folder)
    for first in (date(2019, 1, 1), date(2030, 1, 1)):
        days = DayRange(first, first + timedelta(days=40))
        assert fetched(found, "activity_summary", days) == {}
        assert fetched(found, "sleep", days) == {}


def test_each_file_is_read_once_and_only_if_needed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = ExportFile.read

    def reading(file: ExportFile) -> bytes:
        read.append(file.name)
        return real(file)

    monkeypatch.setattr(ExportFile, "read", reading)
    found = source(folder)
    assert read == []
    fetched(found, "intraday_heart_rate", DayRange(date(2021, 6, 20), date(2021, 6, 20)))
    assert read == [f"heart_rate-2021-06-{day}.json" for day in (19, 20, 21)]
    read.clear()
    fetched(source(folder), "intraday_heart_rate", DAYS)
    fetched(source(folder), "intraday_steps", DAYS)
    assert len(read) == len(set(read)) == LENGTH + 4


def test_what_is_covered(folder: Path) -> None:
    found = source(folder)
    assert found.covered == DAYS
    assert found.profile() == Profile(zone=None, first_day=FIRST)
    # In Auckland, noon in UTC is midnight of the day after.
    auckland = source(folder, ZoneInfo("Pacific/Auckland")).covered
    assert auckland == DayRange(FIRST + timedelta(days=1), DAYS.last + timedelta(days=1))


def test_nothing_is_covered_by_files_without_values(tmp_path: Path) -> None:
    nobody = [{"date": None, "value": 0.0}]
    files = {
        "steps-2021-06-01.json": [],
        "resting_heart_rate-2021-01-01.json": day_rows(FIRST, nobody),
    }
    found = source(write_folder(tmp_path, files))
    assert found.covered is None
    assert found.profile() == Profile()


def test_a_damaged_first_file_does_not_hide_the_others(folder: Path) -> None:
    damaged = {f"heart_rate-{FIRST}.json": "[", f"steps-{FIRST}.json": "["}
    found = source(write_folder(folder, damaged))
    assert found.covered == DayRange(FIRST + timedelta(days=1), DAYS.last)
    assert len(found.problems) == 2
    assert len(found.problems_of(asset_named("intraday_heart_rate"))) == 1


@pytest.mark.parametrize(
    ("content", "zone"),
    [
        ("id,full_name,timezone,member_since\nA1,Ann,Europe/Berlin,2019-05-01\n", BERLIN),
        ("id,full_name,timezone\nA1,Ann,Mars/Olympus\n", None),
        ("id,full_name,timezone\nA1,Ann,../../etc/passwd\n", None),
        ("id,full_name,timezone\nA1,Ann,\n", None),
        ("id,full_name\nA1,Ann\n", None),
        ("id,full_name,timezone\n", None),
        ("", None),
    ],
)
def test_the_zone_of_the_profile(
    folder: Path, content: str, zone: ZoneInfo | None, caplog: pytest.LogCaptureFixture
) -> None:
    write_folder(folder, {"Profile.csv": content}, inside="Takeout/Fitbit/Your Profile")
    found = source(folder)
    assert found.profile() == Profile(zone=zone, first_day=FIRST)
    assert found.problems == []
    assert "Ann" not in caplog.text + repr(found.profile())
