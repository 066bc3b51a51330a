"""A person out of a Google Takeout export: the Fitbit folder with its many JSON files.

What the files hold, and what is made of it
- ``steps-*``, ``distance-*`` (centimetres), ``heart_rate-*``: UTC, sparse, numbers as text.
- ``calories-*``: wall clock without zone, always 1440 rows a day. The hour that clocks skip has
  rows without minutes: dropped. The hour that comes twice has rows once: they count for the
  first pass, the second pass has no calories.
- ``resting_heart_rate-*``: by date; 0.0 or no date stands for no value.
- ``sleep-*``, ``weight-*``: see ``takeout_records.py``.

A minute or second that occurs twice, in one file or in overlapping ones, counts once with its
largest value: real exports repeat a minute with its count and with 0.

Any minute that has steps, distance or a heart rate counts as worn; calories are filled in for
every minute of a day, so they tell nothing of that. The files tell nothing of floors, altitude,
activity levels and active calories; and of heart-rate zones only totals of days, which no minute
can be given. All of that stays absent.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from syncbit_dagster.core.civil import civil_day, day_end, day_start, to_milliseconds
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.emulator.person import (
    MINUTE_MS,
    DailyValues,
    PersonDay,
    real_minutes,
    wall_offsets,
)
from syncbit_dagster.emulator.records import Body, Device, DeviceKind
from syncbit_dagster.emulator.takeout_records import body_by_day, rows, sleep_by_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from syncbit_dagster.emulator.person import BoolArray, FloatArray, IntArray
    from syncbit_dagster.emulator.records import SleepSession

_SECOND_MS = 1000
_MM_PER_CM = 10
_KEPT_DAYS = 400


class _Series:
    """Times in ascending order, each once, and a value each."""

    def __init__(self, times: IntArray, values: FloatArray) -> None:
        order = np.lexsort((values, times))
        times, values = times[order], values[order]
        last = np.append(times[1:] != times[:-1], True)[: len(times)]
        self.times = times[last]
        self.values = values[last]

    def between(self, first: int, end: int) -> tuple[IntArray, FloatArray]:
        """The part in a closed-open range of times."""
        part = slice(*np.searchsorted(self.times, (first, end)))
        return self.times[part], self.values[part]


class TakeoutPerson:
    """A ``Person`` out of an export folder; the files may be gzipped and in subfolders."""

    def __init__(self, folder: Path, zone: ZoneInfo) -> None:
        self.zone = zone
        self._steps = _series(folder, "steps", _number)
        self._distance = _series(folder, "distance", _number)
        self._heart = _series(folder, "heart_rate", lambda value: float(value["bpm"]))
        self._calories = _series(folder, "calories", _number)
        self._resting = dict(_resting_heart_rates(folder))
        self._sleep = sleep_by_day(folder, zone)
        self._body = body_by_day(folder, zone)
        spans = list(self._spans())
        if not spans:
            raise ConfigError(
                f"{folder} has no Fitbit files; it needs steps-*.json, heart_rate-*.json or others "
                "of a Takeout export."
            )
        self.first_day = civil_day(min(first for first, _ in spans), zone)
        self.end = max(end for _, end in spans)
        self.day = lru_cache(maxsize=_KEPT_DAYS)(self._day)

    @property
    def last_day(self) -> date:
        """The last day that has any data."""
        return civil_day(self.end - timedelta(milliseconds=1), self.zone)

    def last_sync(self, now: datetime) -> datetime:
        """The end of the data: an export does not grow."""
        return min(self.end, now)

    def daily(self, civil_day: date) -> DailyValues:
        """Resting heart rate, to whole beats; the other values are not in these files."""
        return DailyValues(resting_heart_rate=self._resting.get(civil_day))

    def sleep(self, civil_day: date) -> tuple[SleepSession, ...]:
        """The sessions of the files that end on this day."""
        return self._sleep.get(civil_day, ())

    def body(self, civil_day: date) -> Body:
        """The readings of the files; they hold no heights."""
        return self._body.get(civil_day, Body())

    def devices(self, now: datetime) -> tuple[Device, ...]:
        """A tracker, since there is data. The files do not tell its charge."""
        return (Device("1", DeviceKind.TRACKER, "Tracker", None, self.last_sync(now)),)

    def _spans(self) -> Iterator[tuple[datetime, datetime]]:
        """The first instant and the end of every kind of data."""
        for series, length in (
            (self._steps, MINUTE_MS),
            (self._distance, MINUTE_MS),
            (self._heart, _SECOND_MS),
        ):
            if len(series.times):
                yield _utc(int(series.times[0])), _utc(int(series.times[-1]) + length)
        dates = {*self._resting, *self._sleep, *self._body}
        if len(self._calories.times):
            dates |= {_utc(int(self._calories.times[at])).date() for at in (0, -1)}
        for day in dates:
            yield day_start(day, self.zone), day_end(day, self.zone)

    def _day(self, civil_day: date) -> PersonDay:
        start_ms = to_milliseconds(day_start(civil_day, self.zone))
        count = real_minutes(civil_day, self.zone)
        end_ms = start_ms + count * MINUTE_MS
        heart_ms, heart_bpm = self._heart.between(start_ms, end_ms)
        worn = np.zeros(count, dtype=np.bool_)
        worn[(heart_ms - start_ms) // MINUTE_MS] = True
        steps = _by_minute(self._steps, start_ms, end_ms, worn)
        distance = _by_minute(self._distance, start_ms, end_ms, worn)
        return PersonDay(
            day=civil_day,
            start_ms=start_ms,
            worn=worn,
            heart_ms=heart_ms,
            heart_bpm=np.rint(heart_bpm).astype(np.int64),
            steps=steps,
            distance_mm=None if distance is None else distance * _MM_PER_CM,
            calories_kcal=self._calories_of(civil_day, start_ms),
        )

    def _calories_of(self, civil_day: date, start_ms: int) -> FloatArray | None:
        """Calories of the real minutes, NaN where the file has no row for a minute."""
        offsets = wall_offsets(civil_day, self.zone)
        wall = start_ms + np.arange(len(offsets), dtype=np.int64) * MINUTE_MS + offsets
        if not len(wall):
            return None
        rows, values = self._calories.between(int(wall.min()), int(wall.max()) + MINUTE_MS)
        if not len(rows):
            return None
        result = np.full(len(wall), np.nan)
        readings, first_pass = np.unique(wall, return_index=True)
        _, in_wall, in_rows = np.intersect1d(readings, rows, return_indices=True)
        result[first_pass[in_wall]] = values[in_rows]
        return result


def _by_minute(series: _Series, start_ms: int, end_ms: int, worn: BoolArray) -> IntArray | None:
    """The day's column, 0 where no row says more, and its minutes marked as worn."""
    times, values = series.between(start_ms, end_ms)
    if not len(times):
        return None
    minutes = (times - start_ms) // MINUTE_MS
    column = np.zeros(len(worn), dtype=np.int64)
    column[minutes] = np.rint(values).astype(np.int64)
    worn[minutes] = True
    return column


def _series(folder: Path, kind: str, value_of: Callable[[Any], float]) -> _Series:
    known = [row for row in rows(folder, kind) if row["value"] is not None]
    values = np.array([value_of(row["value"]) for row in known], dtype=np.float64)
    return _Series(_milliseconds([row["dateTime"] for row in known]), values)


def _resting_heart_rates(folder: Path) -> Iterator[tuple[date, int]]:
    for row in rows(folder, "resting_heart_rate"):
        value = row["value"]
        if value["date"] and value["value"]:
            day = datetime.strptime(value["date"], "%m/%d/%y").replace(tzinfo=UTC).date()
            yield day, round(value["value"])


def _number(value: str) -> float:
    return float(value)


def _milliseconds(texts: list[str]) -> npt.NDArray[np.int64]:
    """``MM/DD/YY HH:MM:SS`` as milliseconds of that reading, all at once."""
    if not texts:
        return np.zeros(0, dtype=np.int64)
    digits = np.array(texts, dtype="S17").view(np.uint8).reshape(-1, 17).astype(np.int64) - ord("0")
    month, day, year, hour, minute, second = (
        digits[:, at] * 10 + digits[:, at + 1] for at in range(0, 17, 3)
    )
    months = ((2000 - 1970 + year) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + day - 1
    seconds: npt.NDArray[np.int64] = ((days * 24 + hour) * 60 + minute) * 60 + second
    return seconds * _SECOND_MS


def _utc(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
