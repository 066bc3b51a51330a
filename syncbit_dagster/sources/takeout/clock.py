"""Times as the files write them, all of a file at once.

A *reading* is what a clock shows, as milliseconds since 1970-01-01T00:00 of that same clock. In a
file of UTC it is the instant already; a wall clock's reading becomes one by the account's zone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from syncbit_dagster.civil import ONE_DAY, to_milliseconds

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

IntArray = npt.NDArray[np.int64]

DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)
_LAST = (date(2100, 1, 1) - _EPOCH).days * DAY_MS
_WIDTH = len("MM/DD/YY HH:MM:SS")
_SEPARATORS = {2: "/", 5: "/", 8: " ", 11: ":", 14: ":"}
_DIGITS = [at for at in range(_WIDTH) if at not in _SEPARATORS]
_ISO_CHARACTERS = b"0123456789-:.T "


def to_readings(texts: list[str]) -> IntArray:
    """``MM/DD/YY HH:MM:SS`` or ISO 8601, with or without ``Z``, as readings.

    Raises:
        ValueError: a text is neither, or is no date or time of day.
    """
    if not texts:
        return np.empty(0, np.int64)
    return _american(texts) if texts[0][2:3] == "/" else _iso(texts)


def _american(texts: list[str]) -> IntArray:
    characters = np.frombuffer("".join(texts).encode("ascii"), dtype=np.uint8)
    table = characters.reshape(-1, _WIDTH)  # a text of another length ends here or below
    if len(table) != len(texts):
        raise ValueError("a time of another length")
    if any((table[:, at] != ord(separator)).any() for at, separator in _SEPARATORS.items()):
        raise ValueError("not MM/DD/YY HH:MM:SS")
    digits = table.T - np.uint8(ord("0"))
    if (digits[_DIGITS] > 9).any():
        raise ValueError("not a digit")
    tens = digits.astype(np.int32) * 10
    hour, minute, second = (tens[at] + digits[at + 1] for at in (9, 12, 15))
    if (hour > 23).any() or (minute > 59).any() or (second > 59).any():
        raise ValueError("no time of day")
    # Rows of one day follow each other: the eight bytes of a date are looked at once a day.
    dates = np.ascontiguousarray(table[:, :8]).view(np.int64).ravel()
    firsts = np.concatenate([[0], np.flatnonzero(np.diff(dates)) + 1])
    days = np.array([_american_day(texts[first][:8]) for first in firsts], dtype=np.int64)
    day = np.repeat(days, np.diff(np.append(firsts, len(texts))))
    readings: IntArray = day * DAY_MS + ((hour * 60 + minute) * 60 + second).astype(np.int64) * 1000
    return readings


@lru_cache(maxsize=4096)
def _american_day(text: str) -> int:
    month, day, year = text.split("/")
    return (date(2000 + int(year), int(month), int(day)) - _EPOCH).days


def _iso(texts: list[str]) -> IntArray:
    bare = [text.removesuffix("Z") for text in texts]
    # numpy also takes words ("now") and years alone; neither has ten of these characters.
    if min(map(len, bare)) < len("YYYY-MM-DD"):
        raise ValueError("not a date")
    if "".join(bare).encode("ascii").translate(None, _ISO_CHARACTERS):
        raise ValueError("not ISO 8601")
    readings = np.array(bare, dtype="datetime64[ms]").astype(np.int64)
    if readings.min() < 0 or readings.max() > _LAST:
        raise ValueError("a year that no export has")
    return readings


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
    return _EPOCH + timedelta(days=reading // DAY_MS)
