"""Days of 23, 25, 23.5 and 24.5 hours, and one that was skipped."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.core.civil import DayRange, day_end, day_start, to_milliseconds
from syncbit_dagster_tests.sources.takeout.exports import (
    fetched,
    minutes,
    sleep_log,
    source,
    write_folder,
)

if TYPE_CHECKING:
    from pathlib import Path

MINUTE = 60_000
CHANGES = [  # zone, day, its minutes, those of its wall clock that are real
    ("America/New_York", date(2021, 3, 14), 1380, 1380),
    ("America/New_York", date(2021, 11, 7), 1500, 1440),
    ("America/New_York", date(2021, 6, 11), 1440, 1440),
    ("Australia/Sydney", date(2021, 4, 4), 1500, 1440),
    ("Australia/Sydney", date(2021, 10, 3), 1380, 1380),
    ("Australia/Lord_Howe", date(2021, 4, 4), 1470, 1440),
    ("Australia/Lord_Howe", date(2021, 10, 3), 1410, 1410),
    ("America/Sao_Paulo", date(2018, 11, 4), 1380, 1380),  # at midnight, which does not exist
    ("America/Sao_Paulo", date(2018, 2, 17), 1500, 1440),  # at midnight: 23:00 comes twice
    ("Pacific/Apia", date(2011, 12, 30), 0, 0),
    ("Pacific/Apia", date(2011, 12, 29), 1440, 1440),
]


def neighbours(day: date) -> DayRange:
    return DayRange(day - timedelta(days=2), day + timedelta(days=2))


@pytest.mark.parametrize(("name", "day", "length", "real"), CHANGES)
def test_calories_follow_the_wall_clock(
    tmp_path: Path, name: str, day: date, length: int, real: int
) -> None:
    """1440 rows, whatever happens: a skipped hour is dropped, a repeated one is its first pass."""
    zone = ZoneInfo(name)
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - as the file has it
    rows = minutes(midnight, [str(n) for n in range(1440)])
    found = source(write_folder(tmp_path, {f"calories-{day}.json": rows}), zone)
    samples = fetched(found, "intraday_calories", neighbours(day)).get(
        "fitbit_calories_intraday", {}
    )
    assert len(samples) == real
    start, end = (to_milliseconds(each) for each in (day_start(day, zone), day_end(day, zone)))
    assert end - start == length * MINUTE
    seen = set()
    for instant, value in samples.items():
        assert start <= instant < end
        local = datetime.fromtimestamp(instant / 1000, UTC).astimezone(zone)
        assert (local.hour * 60 + local.minute, local.fold) == (value, 0)
        seen.add(value)
    assert len(seen) == real
    totals = fetched(found, "activity_summary", neighbours(day))
    assert totals == ({"fitbit_calories_total": {start: sum(seen)}} if real else {})


@pytest.mark.parametrize(("name", "day", "length", "real"), CHANGES)
@pytest.mark.parametrize("interval", [60, 300, 900])
def test_intervals_count_from_the_first_instant(
    tmp_path: Path, name: str, day: date, length: int, real: int, interval: int
) -> None:
    """Files in UTC know nothing of clock changes: every real minute is there."""
    zone = ZoneInfo(name)
    del real
    asked = neighbours(day)
    first, end = asked.start(zone), asked.end(zone)
    count = int((end - first).total_seconds()) // 60
    rows = minutes(first - timedelta(hours=1), ["1"] * (count + 120))
    found = source(
        write_folder(tmp_path, {f"steps-{asked.first}.json": rows}), zone, interval=interval
    )
    samples = fetched(found, "intraday_steps", asked)["fitbit_steps_intraday"]
    assert sum(samples.values()) == count
    totals = fetched(found, "activity_summary", asked)["fitbit_steps_total"]
    start = to_milliseconds(day_start(day, zone))
    alone = fetched(found, "intraday_steps", DayRange(day, day)).get("fitbit_steps_intraday", {})
    assert sum(alone.values()) == length
    assert len(alone) == length * 60 // interval
    assert all((instant - start) % (interval * 1000) == 0 for instant in alone)
    if length:
        assert totals[start] == length
    assert len(totals) == sum(day_start(each, zone) < day_end(each, zone) for each in asked)


SLEEPS = [  # start and end as written, hours that passed, start and end in UTC; New York
    ("2021-11-06T22:00:00", "2021-11-07T06:00:00", 9.0, "2021-11-07T02:00", "2021-11-07T11:00"),
    ("2021-11-06T22:00:00", "2021-11-07T01:30:00", 3.5, "2021-11-07T02:00", "2021-11-07T05:30"),
    ("2021-11-06T22:00:00", "2021-11-07T01:30:00", 4.5, "2021-11-07T02:00", "2021-11-07T06:30"),
    ("2021-11-07T01:30:00", "2021-11-07T09:00:00", 8.5, "2021-11-07T05:30", "2021-11-07T14:00"),
    ("2021-11-07T01:30:00", "2021-11-07T09:00:00", 7.5, "2021-11-07T06:30", "2021-11-07T14:00"),
    ("2021-03-13T22:00:00", "2021-03-14T06:00:00", 7.0, "2021-03-14T03:00", "2021-03-14T10:00"),
    ("2021-03-14T02:30:00", "2021-03-14T06:00:00", 2.5, "2021-03-14T07:30", "2021-03-14T10:00"),
]


@pytest.mark.parametrize(("start", "end", "hours", "first", "last"), SLEEPS)
def test_sleeps_over_a_change(
    tmp_path: Path, start: str, end: str, hours: float, first: str, last: str
) -> None:
    """A reading that came twice is the pass that fits the log's duration."""
    log = sleep_log(1, f"{start}.000", f"{end}.000", duration=hours * 3_600_000)
    path = write_folder(tmp_path, {f"sleep-{start[:10]}.json": [log]})
    day = date.fromisoformat(end[:10])
    found = fetched(source(path, ZoneInfo("America/New_York")), "sleep", neighbours(day))
    (begun,) = found["fitbit_sleep_start_timestamp"].values()
    ((midnight, ended),) = found["fitbit_sleep_end_timestamp"].items()
    assert begun == datetime.fromisoformat(f"{first}Z").timestamp()
    assert ended == datetime.fromisoformat(f"{last}Z").timestamp()
    assert midnight == to_milliseconds(day_start(day, ZoneInfo("America/New_York")))


def test_a_day_that_was_skipped_has_no_value(tmp_path: Path) -> None:
    """Its label would stand at the first instant of the day after."""
    apia = ZoneInfo("Pacific/Apia")
    head = "timestamp,daily_respiratory_rate\n"
    lines = [f"2011-12-{day}T00:00:00,{day}\n" for day in (29, 30, 31)]
    name = "Daily Respiratory Rate Summary - 2011-12-29.csv"
    found = source(write_folder(tmp_path, {name: head + "".join(lines)}), apia)
    assert fetched(found, "breathing_rate", neighbours(date(2011, 12, 30))) == {
        "fitbit_breathing_rate_bpm": {
            to_milliseconds(day_start(date(2011, 12, day), apia)): day for day in (29, 31)
        }
    }
