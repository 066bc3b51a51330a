"""What a wearable knows about one person, day by day, free of any provider's wire format.

Absent is not zero: a column that is ``None`` was never measured, a minute that is not ``worn`` has
no value at all, and a worn idle minute has the value 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from syncbit_dagster.core.civil import day_end, day_start, to_milliseconds

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from syncbit_dagster.emulator.records import Body, Device, SleepSession

BoolArray: TypeAlias = npt.NDArray[np.bool_]
FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]

MINUTE_MS = 60_000
DAY_MINUTES = 1440

SEDENTARY, LIGHT, MODERATE, VIGOROUS = range(4)
"""Activity levels of a minute."""

NO_ZONE, ZONE_LIGHT, ZONE_MODERATE, ZONE_VIGOROUS, ZONE_PEAK = range(-1, 4)
"""Heart-rate zones of a minute; ``NO_ZONE`` where no heart rate was measured."""


@dataclass(frozen=True, eq=False)
class PersonDay:
    """One civil day, minute by minute, from its first instant: 1380, 1440 or 1500 real minutes.

    All arrays but the heart-rate samples have one element per minute. Steps, distance and floors
    are what was added in that minute. ``calories_kcal`` includes basal burn; it is NaN where
    there is no value, and may have one in a minute off the wrist. Heart-rate samples are instants
    in ascending order, each once.
    """

    day: date
    start_ms: int
    worn: BoolArray
    heart_ms: IntArray
    heart_bpm: IntArray
    steps: IntArray | None = None
    distance_mm: IntArray | None = None
    floors: IntArray | None = None
    altitude_gain_mm: IntArray | None = None
    calories_kcal: FloatArray | None = None
    active_kcal: FloatArray | None = None
    level: IntArray | None = None
    heart_zone: IntArray | None = None


@dataclass(frozen=True)
class DailyValues:
    """The values that exist once a day, most of them from the night that ended on that day.

    Heart rates in beats a minute, variability in milliseconds, oxygen in percent, breaths a
    minute, temperatures in degrees Celsius, VO2 max in ml/kg/min. A baseline temperature of NaN
    says that there are not enough nights yet.
    """

    resting_heart_rate: int | None = None
    hrv_average: float | None = None
    hrv_deep: float | None = None
    oxygen_average: float | None = None
    oxygen_low: float | None = None
    oxygen_high: float | None = None
    respiratory_rate: float | None = None
    skin_temperature: float | None = None
    skin_temperature_baseline: float | None = None
    vo2_max: float | None = None


class Person(Protocol):
    """A person whose data a provider serves. Days outside the history are empty, not errors."""

    @property
    def zone(self) -> ZoneInfo:
        """The account's time zone."""

    @property
    def first_day(self) -> date:
        """The first day of the history; the account exists since then."""

    def day(self, civil_day: date) -> PersonDay:
        """The minutes and heart-rate samples of one day."""

    def daily(self, civil_day: date) -> DailyValues:
        """The once-a-day values of one day; far cheaper than ``day``."""

    def sleep(self, civil_day: date) -> tuple[SleepSession, ...]:
        """The sessions that end on this day, in order of time; they do not overlap."""

    def body(self, civil_day: date) -> Body:
        """The readings of this day."""

    def devices(self, now: datetime) -> tuple[Device, ...]:
        """The devices as their last sync left them."""

    def last_sync(self, now: datetime) -> datetime:
        """The instant up to which the devices' data is on the server; never after ``now``."""


def real_minutes(day: date, zone: ZoneInfo) -> int:
    """How many minutes a civil day really has: 1440, or 60 fewer or more when clocks change."""
    return int((day_end(day, zone) - day_start(day, zone)).total_seconds()) // 60


@lru_cache(maxsize=1024)
def wall_offsets(day: date, zone: ZoneInfo) -> IntArray:
    """Per real minute of the day: local wall clock minus UTC, in milliseconds."""
    first, last = day_start(day, zone), day_end(day, zone)
    count = real_minutes(day, zone)
    minutes = np.arange(count, dtype=np.int64)
    before, after = (_offset_ms(instant, zone) for instant in (first, last))
    if before == after:
        return np.full(count, before, dtype=np.int64)
    # The clocks change once in this day: search the minute.
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if _offset_ms(first + timedelta(minutes=middle), zone) == before:
            low = middle + 1
        else:
            high = middle
    return np.where(minutes < low, before, after)


def minutes_of(day: date, zone: ZoneInfo) -> tuple[IntArray, IntArray]:
    """The real minutes of a day: their instants, and their readings in minutes after midnight."""
    offsets = wall_offsets(day, zone)
    instants = to_milliseconds(day_start(day, zone)) + np.arange(len(offsets)) * MINUTE_MS
    return instants, (instants + offsets) // MINUTE_MS % DAY_MINUTES


def offset_ms(instant_ms: int, zone: ZoneInfo) -> int:
    """Wall clock minus UTC at an instant, in milliseconds."""
    return _offset_ms(datetime.fromtimestamp(instant_ms // 1000, UTC), zone)


def _offset_ms(instant: datetime, zone: ZoneInfo) -> int:
    offset = instant.astimezone(zone).utcoffset()
    return int(offset.total_seconds() * 1000) if offset is not None else 0


def empty_day(day: date, zone: ZoneInfo) -> PersonDay:
    """A day of which nothing is known: no minute worn, no column, no sample."""
    none = np.zeros(0, dtype=np.int64)
    return PersonDay(
        day=day,
        start_ms=to_milliseconds(day_start(day, zone)),
        worn=np.zeros(real_minutes(day, zone), dtype=np.bool_),
        heart_ms=none,
        heart_bpm=none,
    )
