"""Civil days and instants, on the days that break naive code."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import (
    DayRange,
    civil_day,
    day_end,
    day_start,
    require_aware,
    to_milliseconds,
)

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Havana",
        "America/St_Johns",
        "Europe/Berlin",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Australia/Sydney",
        "Pacific/Apia",
        "Pacific/Chatham",
    )
]


@pytest.mark.parametrize(
    ("zone", "day", "minutes"),
    [
        ("America/New_York", date(2024, 3, 10), 1380),
        ("America/New_York", date(2024, 11, 3), 1500),
        ("Australia/Sydney", date(2024, 10, 6), 1380),
        ("Australia/Sydney", date(2024, 4, 7), 1500),
        ("Australia/Lord_Howe", date(2024, 10, 6), 1410),
        ("Australia/Lord_Howe", date(2024, 4, 7), 1470),
        ("America/Sao_Paulo", date(2018, 11, 4), 1380),  # clocks jump over midnight
        ("America/Sao_Paulo", date(2018, 2, 17), 1500),  # the last hour happens twice
        ("America/Havana", date(2024, 11, 3), 1500),  # the first hour happens twice
        ("Pacific/Apia", date(2011, 12, 30), 0),  # skipped
        ("Asia/Kolkata", date(2024, 3, 10), 1440),
    ],
)
def test_a_day_has_as_many_minutes_as_it_really_has(zone: str, day: date, minutes: int) -> None:
    length = day_end(day, ZoneInfo(zone)) - day_start(day, ZoneInfo(zone))
    assert length == timedelta(minutes=minutes)


def test_a_day_without_midnight_begins_at_the_jump() -> None:
    start = day_start(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo"))
    assert start == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert start.astimezone(ZoneInfo("America/Sao_Paulo")).hour == 1


def test_a_gap_that_begins_before_midnight_is_found() -> None:
    # Toronto, 1919: clocks went from 23:30 on 30 March to 00:30 on 31 March.
    start = day_start(date(1919, 3, 31), ZoneInfo("America/Toronto"))
    assert start.astimezone(ZoneInfo("America/Toronto")).strftime("%H:%M") == "00:30"


@given(
    st.sampled_from(ZONES),
    st.integers(1_100_000_000, 2_050_000_000).map(lambda s: datetime.fromtimestamp(s, UTC)),
)
def test_every_instant_lies_in_exactly_one_day(zone: ZoneInfo, instant: datetime) -> None:
    day = civil_day(instant, zone)
    assert day_start(day, zone) <= instant < day_end(day, zone)


@given(st.sampled_from(ZONES), st.dates(date(1995, 1, 1), date(2035, 1, 1)))
def test_days_tile_time(zone: ZoneInfo, day: date) -> None:
    start, end = day_start(day, zone), day_end(day, zone)
    assert start.tzinfo is UTC
    assert timedelta(0) <= end - start <= timedelta(hours=26)
    assert end == day_start(day + timedelta(days=1), zone)
    if start < end:
        assert start.astimezone(zone).date() == day
        just_before = (start - timedelta(seconds=1)).astimezone(zone).date()
        assert just_before < day or zone.key == "America/St_Johns"  # 23:01 came twice there


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 1000), st.integers(1, 100))
def test_chunks_cover_every_day_once_with_the_fewest_ranges(
    first: date, length: int, size: int
) -> None:
    days = DayRange(first, first + timedelta(days=length))
    chunks = days.chunks(size)
    assert [day for chunk in chunks for day in chunk] == list(days)
    assert max(map(len, chunks)) <= size
    assert len(chunks) == -(-len(days) // size)


def test_a_range_runs_forward() -> None:
    with pytest.raises(ValueError, match="runs forward"):
        DayRange(date(2024, 1, 2), date(2024, 1, 1))


def test_a_naive_instant_is_refused() -> None:
    naive = datetime(2024, 1, 1)  # noqa: DTZ001 - what is tested
    for convert in (require_aware, to_milliseconds):
        with pytest.raises(ValueError, match="no time zone"):
            convert(naive)


def test_milliseconds_are_exact() -> None:
    instant = datetime(2024, 1, 1, 0, 0, 0, 7000, tzinfo=ZoneInfo("Asia/Kolkata"))
    assert to_milliseconds(instant) == 1_704_047_400_007
