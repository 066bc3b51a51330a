"""From what a wall clock shows to instants, all of a file or an answer at once.

A *reading* is what a clock shows, as milliseconds since 1970-01-01T00:00 of that same clock. When
clocks go back, a reading has two instants, its first and its last pass; when they go forward, some
readings have none.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from syncbit_dagster.core.civil import ONE_DAY, to_milliseconds

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

IntArray = npt.NDArray[np.int64]

DAY_MS = 86_400_000
EPOCH = date(1970, 1, 1)


def first_pass(readings: IntArray, zone: ZoneInfo) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """When a wall clock showed these readings first, and whether it ever did.

    The readings that clocks skip have no instant.
    """
    if not len(readings):
        return readings, np.ones(0, np.bool_)
    starts, offsets = _offsets(zone, *_years(readings))
    ends = np.append(starts[1:], np.iinfo(np.int64).max // 2) + offsets
    stretch = np.searchsorted(ends, readings, side="right")
    instants = readings - offsets[stretch]
    return instants, instants >= starts[stretch]


def last_pass(readings: IntArray, zone: ZoneInfo) -> IntArray:
    """When a wall clock showed these readings last; a skipped one by the clock before the jump."""
    if not len(readings):
        return readings
    starts, offsets = _offsets(zone, *_years(readings))
    return readings - offsets[np.searchsorted(starts + offsets, readings, side="right") - 1]


def _years(readings: IntArray) -> tuple[int, int]:
    return day_of(int(readings.min())).year, day_of(int(readings.max())).year


@lru_cache(maxsize=256)
def _offsets(zone: ZoneInfo, first_year: int, last_year: int) -> tuple[IntArray, IntArray]:
    """Stretches of one UTC offset in some years: their first instants and the offset, in ms."""
    instant = datetime(max(first_year - 1, 1), 12, 1, tzinfo=UTC)
    starts, offsets = [to_milliseconds(instant)], [_offset(instant, zone)]
    while instant.year <= last_year or instant.month < 2:
        instant += ONE_DAY
        if _offset(instant, zone) != offsets[-1]:
            starts.append(to_milliseconds(_change(instant - ONE_DAY, instant, zone)))
            offsets.append(_offset(instant, zone))
    return np.array(starts), np.array(offsets)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second with the new offset."""
    old = _offset(before, zone)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if _offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(instant: datetime, zone: ZoneInfo) -> int:
    return (instant.astimezone(zone).utcoffset() or timedelta()) // timedelta(milliseconds=1)


def day_of(reading: int) -> date:
    """The date that a reading shows."""
    return EPOCH + timedelta(days=reading // DAY_MS)


def reading_of(day: date) -> int:
    """What a clock shows at the midnight with which a date begins."""
    return (day - EPOCH).days * DAY_MS
