"""The local wall clock, which is all the time that this API knows: no zone, no offset.

Two days of the year that is not enough, and what the real service did then is not documented. This
is the emulator's choice: what happened in the repeated hour is listed twice, the second pass after
the first, with the same labels; labels that the clocks skip have no data, but where every minute
is listed, they are listed too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.emulator.fitbit_web.errors import invalid, longer_than_a_day
from syncbit_dagster.emulator.person import DAY_MINUTES, minutes_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from syncbit_dagster.emulator.person import BoolArray, IntArray

_DAY_SECONDS = 86_400


def local_time(instant_ms: int, zone: ZoneInfo) -> str:
    """An instant as the person's clock showed it: ``2026-11-20T08:00:30.000``."""
    return wall(instant_ms, zone).isoformat(timespec="milliseconds")


def wall(instant_ms: int, zone: ZoneInfo) -> datetime:
    """The reading of the person's clock at an instant, without zone."""
    instant = datetime.fromtimestamp(instant_ms // 1000, UTC) + timedelta(
        milliseconds=instant_ms % 1000
    )
    return instant.astimezone(zone).replace(tzinfo=None)


@lru_cache(maxsize=_DAY_SECONDS)
def label(second: int) -> str:
    """A second of the day as ``HH:MM:SS``."""
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


class Window(NamedTuple):
    """A part of a day in minutes of the wall clock, both ends included."""

    first: int = 0
    last: int = DAY_MINUTES - 1

    def holds(self, minutes: IntArray) -> BoolArray:
        """Which minutes lie inside."""
        return (minutes >= self.first) & (minutes <= self.last)


def windows_of(days: DayRange, path: Mapping[str, str]) -> list[tuple[date, Window]]:
    """The parts of days that a path asks for with its times, at most 24 hours together."""
    has_times = "start" in path
    start = _minute(path["start"], "start time") if has_times else 0
    end = _minute(path["end"], "end time") if has_times else DAY_MINUTES - 1
    length = (days.last - days.first) / ONE_DAY * DAY_MINUTES + end - start
    if length < 0:
        raise invalid("end time", f"The end {path['end']} is before the start {path['start']}.")
    if length > DAY_MINUTES:
        raise longer_than_a_day()
    return [
        (
            day,
            Window(
                start if day == days.first else 0,
                end if day == days.last else DAY_MINUTES - 1,
            ),
        )
        for day in days
    ]


def _minute(text: str, field: str) -> int:
    try:
        time = datetime.strptime(text, "%H:%M")  # noqa: DTZ007 - a time of day
    except ValueError:
        raise invalid(field, f"Invalid time: {text}") from None
    return time.hour * 60 + time.minute


class Slots(NamedTuple):
    """A day's steps of so many minutes, in the order of time.

    ``starts`` are places in the array that was cut; ``labels`` are minutes after midnight.
    """

    starts: IntArray
    labels: IntArray


def slots_of(wall_minutes: IntArray, step: int) -> Slots:
    """Cut ascending minutes at every new step, and where the clocks were set back."""
    labels = wall_minutes // step * step
    changes = (labels[1:] != labels[:-1]) | (wall_minutes[1:] < wall_minutes[:-1])
    starts = np.concatenate(([0], np.flatnonzero(changes) + 1))[: len(labels)].astype(np.int64)
    return Slots(starts, labels[starts])


def skipped_labels(day: date, zone: ZoneInfo, step: int) -> IntArray:
    """The labels of a day that its clocks never showed."""
    _, shown = minutes_of(day, zone)
    everything = np.arange(0, DAY_MINUTES, step, dtype=np.int64)
    return np.setdiff1d(everything, shown // step * step)
