"""How the API writes values: the JSON form of protocol buffers (proto3).

64-bit integers are strings, doubles are numbers (NaN is the string ``"NaN"``), durations end in
``s``, and a field whose value is zero is left out. Fragments are ready-made JSON text, because
a page has up to 10,000 of them.
"""

from __future__ import annotations

import math
from datetime import date
from functools import lru_cache

HEALTH_USER_ID = "1234567890"
"""The person, in the names of points."""

_EPOCH = date(1970, 1, 1).toordinal()
_DAY_S = 86_400


def int64(value: int) -> str:
    """A 64-bit integer: ``"42"``, quotes included."""
    return f'"{value}"'


def whole(value: float) -> str:
    """A whole number that is held as a float, as a 64-bit integer."""
    return int64(round(value))


@lru_cache(maxsize=65_536)
def double(value: float) -> str:
    """A double, shortest form that reads back the same."""
    return '"NaN"' if math.isnan(value) else repr(float(value))


@lru_cache(maxsize=8192)
def duration(milliseconds: int) -> str:
    """A duration: ``"1800s"``, ``"1576.800s"``, ``"-14400s"``."""
    sign, (seconds, rest) = "-" * (milliseconds < 0), divmod(abs(milliseconds), 1000)
    return f'"{sign}{seconds}.{rest:03}s"' if rest else f'"{sign}{seconds}s"'


def instant(milliseconds: int) -> str:
    """An instant: ``"2026-11-20T08:00:00Z"``, with a fraction only where there is one."""
    seconds, rest = divmod(milliseconds, 1000)
    days, second = divmod(seconds, _DAY_S)
    fraction = f".{rest:03}" if rest else ""
    return f'"{_iso_date(days)}T{_iso_time(second)}{fraction}Z"'


def civil(wall_milliseconds: int) -> str:
    """A wall-clock reading, counted as if it were UTC, as a CivilDateTime."""
    seconds, rest = divmod(wall_milliseconds, 1000)
    days, second = divmod(seconds, _DAY_S)
    return f'{{"date":{_date(days)},"time":{_time_of_day(second, rest)}}}'


def sample_time(at: int, offset: int) -> str:
    """The time of a sample, with its name, from an instant and the wall clock's lead on it."""
    return (
        f'"sampleTime":{{"physicalTime":{instant(at)},'
        f'"utcOffset":{duration(offset)},'
        f'"civilTime":{civil(at + offset)}}}'
    )


def calendar_date(day: date) -> str:
    """A Date: ``{"year":2026,"month":11,"day":20}``."""
    return _date(day.toordinal() - _EPOCH)


def joined(fields: dict[str, str]) -> str:
    """A JSON object from names and fragments."""
    return "{" + ",".join(f'"{name}":{fragment}' for name, fragment in fields.items()) + "}"


@lru_cache(maxsize=8192)
def _iso_date(days: int) -> str:
    return date.fromordinal(days + _EPOCH).isoformat()


@lru_cache(maxsize=_DAY_S)
def _iso_time(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


@lru_cache(maxsize=8192)
def _date(days: int) -> str:
    day = date.fromordinal(days + _EPOCH)
    return f'{{"year":{day.year},"month":{day.month},"day":{day.day}}}'


@lru_cache(maxsize=_DAY_S)
def _time_of_day(second: int, millisecond: int) -> str:
    parts = {
        "hours": second // 3600,
        "minutes": second // 60 % 60,
        "seconds": second % 60,
        "nanos": millisecond * 1_000_000,
    }
    return joined({name: str(value) for name, value in parts.items() if value})
