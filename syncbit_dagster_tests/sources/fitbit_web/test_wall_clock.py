"""Labels of the wall clock on the line of time: each instant once, each day whole."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import day_end, day_start, to_milliseconds
from syncbit_dagster.sources.fitbit_web import wire
from syncbit_dagster.sources.fitbit_web.wall_clock import place, to_milliseconds_of

NEW_YORK = ZoneInfo("America/New_York")
FORWARD, BACK = date(2024, 3, 10), date(2024, 11, 3)
ZONES = [
    ZoneInfo(name)
    for name in (
        "America/New_York",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Asia/Kolkata",
        "Pacific/Apia",
        "America/Havana",
        "America/St_Johns",
    )
]
# Every change of the clocks of these zones, with some days of no change among them.
CHANGES = [
    (zone, day)
    for zone in ZONES
    for day in map(
        date.fromordinal, range(date(2007, 1, 1).toordinal(), date(2024, 12, 31).toordinal())
    )
    if day_end(day, zone) - day_start(day, zone) != timedelta(days=1)
]


def is_of_one_piece(case: tuple[ZoneInfo, date]) -> bool:
    """Whether a day has time, and none of it shows another date.

    St. John's put its clocks back at 00:01 until 2011: an hour of the day before came again, under
    labels that do not say which date they are of.
    """
    zone, day = case
    start, end = day_start(day, zone), day_end(day, zone)
    hours = range(0, int((end - start).total_seconds()), 600)
    return start < end and all(
        (start + timedelta(seconds=second)).astimezone(zone).date() == day for second in hours
    )


zone_days = st.one_of(
    st.sampled_from(CHANGES),
    st.tuples(st.sampled_from(ZONES), st.dates(date(2007, 1, 1), date(2030, 1, 1))),
).filter(is_of_one_piece)


def bounds(day: date, zone: ZoneInfo) -> tuple[int, int]:
    return to_milliseconds(day_start(day, zone)), to_milliseconds(day_end(day, zone))


def shown(day: date, zone: ZoneInfo, step: int) -> tuple[list[int], list[int]]:
    """The instants of a day at every step from its first, and what the wall clock showed then."""
    start, end = bounds(day, zone)
    instants = list(range(start, end, step * 1000))
    local = [datetime.fromtimestamp(one / 1000, UTC).astimezone(zone) for one in instants]
    return instants, [one.hour * 3600 + one.minute * 60 + one.second for one in local]


def labels_of(seconds: list[int]) -> npt.NDArray[np.int64]:
    return np.array(seconds, np.int64)


@given(zone_days, st.sampled_from([60, 300, 900]))
def test_what_the_clock_showed_leads_back(case: tuple[ZoneInfo, date], step: int) -> None:
    zone, day = case
    instants, seconds = shown(day, zone, step)
    placed = place(labels_of(seconds), day, zone)
    assert placed.times.tolist() == instants
    assert placed.rows.tolist() == list(range(len(instants)))
    assert placed.once == 0


@given(zone_days, st.sampled_from([60, 300, 900]))
def test_a_face_of_labels_is_placed_once_each_inside_the_day(
    case: tuple[ZoneInfo, date], step: int
) -> None:
    zone, day = case
    face = np.arange(0, 86_400, step)
    placed = place(face, day, zone)
    start, end = bounds(day, zone)
    assert (np.diff(placed.times) > 0).all()
    assert ((placed.times >= start) & (placed.times < end)).all()
    assert len(set(placed.rows.tolist())) == len(placed.rows)
    for row, time in zip(placed.rows.tolist(), placed.times.tolist(), strict=True):
        local = datetime.fromtimestamp(time / 1000, UTC).astimezone(zone)
        assert local.hour * 3600 + local.minute * 60 + local.second == face[row]
    # Nothing of the day is left out but the second pass of what came twice.
    _, seconds = shown(day, zone, step)
    assert len(placed.times) == len(set(seconds))
    assert placed.once == len(seconds) - len(set(seconds))


def test_a_plain_day_is_a_shift() -> None:
    placed = place(labels_of([0, 60, 86_340]), date(2024, 6, 1), NEW_YORK)
    start = to_milliseconds(datetime(2024, 6, 1, 4, tzinfo=UTC))
    assert (placed.times - start).tolist() == [0, 60_000, 86_340_000]


def test_skipped_labels_are_dropped() -> None:
    half_hours = labels_of(list(range(0, 5 * 3600, 1800)))
    placed = place(half_hours, FORWARD, NEW_YORK)
    assert half_hours[placed.rows].tolist() == [0, 1800, 3600, 5400, 10_800, 12_600, 14_400, 16_200]
    assert set(np.diff(placed.times).tolist()) == {1_800_000}


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param([3600, 5400, 3600, 5400], id="one pass after the other"),
        pytest.param([3600, 3600, 5400, 5400], id="each label twice"),
    ],
)
def test_repeated_labels_are_the_second_pass(labels: list[int]) -> None:
    placed = place(labels_of(labels), BACK, NEW_YORK)
    first = to_milliseconds(datetime(2024, 11, 3, 5, tzinfo=UTC))
    assert (placed.times - first).tolist() == [0, 1_800_000, 3_600_000, 5_400_000]
    assert labels_of(labels)[placed.rows].tolist() == [3600, 5400, 3600, 5400]
    assert placed.once == 0


def test_readings_of_the_second_pass_need_no_equal_label() -> None:
    # 01:59:58, then the clock is set back: 01:00:03 and 01:00:09 are after it.
    placed = place(labels_of([7198, 3603, 3609, 7201]), BACK, NEW_YORK)
    assert np.diff(placed.times).tolist() == [5000, 6000, 3_592_000]


def test_an_hour_that_is_named_once_is_its_first_pass() -> None:
    placed = place(labels_of([0, 3600, 5400, 7200]), BACK, NEW_YORK)
    start = to_milliseconds(datetime(2024, 11, 3, 4, tzinfo=UTC))
    assert (placed.times - start).tolist() == [0, 3_600_000, 5_400_000, 3 * 3_600_000]
    assert placed.once == 2


def test_no_labels() -> None:
    for day in (FORWARD, BACK, date(2024, 6, 1)):
        assert place(labels_of([]), day, NEW_YORK).times.tolist() == []


@given(st.lists(st.integers(0, 86_399)))
def test_labels_are_read_as_they_are_written(seconds: list[int]) -> None:
    texts = [f"{one // 3600:02}:{one // 60 % 60:02}:{one % 60:02}" for one in seconds]
    assert wire.to_seconds_of_day(texts).tolist() == seconds


@pytest.mark.parametrize(
    "text",
    [
        "24:00:00",
        "00:60:00",
        "00:00:60",
        "0:00:000",
        "00-00-00",
        "00:00:0٣",
        "",
        "00:00",
        "/0:00:00",
    ],
)
def test_other_labels_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"HH:MM:SS|ascii"):
        wire.to_seconds_of_day(["00:00:00", text])


def test_a_wall_clock_reading_means_its_first_pass_unless_told() -> None:
    local = datetime(2024, 11, 3, 1, 30)  # noqa: DTZ001 - what a wall clock showed
    assert to_milliseconds_of(local, NEW_YORK) == to_milliseconds(
        datetime(2024, 11, 3, 5, 30, tzinfo=UTC)
    )
    assert to_milliseconds_of(local, NEW_YORK, fold=1) == to_milliseconds(
        datetime(2024, 11, 3, 6, 30, tzinfo=UTC)
    )
