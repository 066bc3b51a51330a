"""Times as the files write them, all of a file at once, as readings (``core/wall_clock.py``).

In a file of UTC a reading is the instant already; a wall clock's becomes one by the account's zone.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np

from syncbit_dagster.core.wall_clock import DAY_MS, EPOCH, IntArray, reading_of

FIRST_YEAR_BEFORE_ANY_EXPORT = 70
_LAST = reading_of(date(2100, 1, 1))
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
    if int(year) >= FIRST_YEAR_BEFORE_ANY_EXPORT:  # a scale that lost its clock begins in 1970
        raise ValueError("a year that no export has")
    return (date(2000 + int(year), int(month), int(day)) - EPOCH).days


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
