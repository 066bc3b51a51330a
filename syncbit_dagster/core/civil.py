"""Civil days and instants: two types of thing, and the only place that turns one into the other.

A *civil day* is a ``datetime.date`` in the account's IANA zone. An *instant* is an aware
``datetime``, here always in UTC. Days tile time: a day lasts from its first instant to the first
instant of the next day, which makes 23, 24, 25, 23.5 or 24.5 hours, or none at all (Apia skipped
2011-12-30).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


def real_clock() -> datetime:
    """The present instant, by this machine."""
    return datetime.now(UTC)


@lru_cache(maxsize=65_536)
def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a civil day, in UTC.

    Local midnight where it exists. Where clocks jump over midnight (Sao Paulo until 2018), the
    instant of the jump. Where midnight happens twice, the first one.
    """
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    if midnight.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, time()):
        return midnight
    # Midnight is inside a gap: search the jump, to the second. No gap is longer than a day.
    before, after = midnight - 2 * ONE_DAY, midnight + ONE_DAY
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).date() >= day:
            after = middle
        else:
            before = middle
    return after


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after a civil day, in UTC."""
    return day_start(day + ONE_DAY, zone)


def civil_day(instant: datetime, zone: ZoneInfo) -> date:
    """The civil day that an aware instant lies in: ``day_start(d) <= instant < day_end(d)``."""
    day = require_aware(instant).astimezone(zone).date()
    while instant < day_start(day, zone):
        day -= ONE_DAY
    while instant >= day_end(day, zone):
        day += ONE_DAY
    return day


def require_aware(instant: datetime) -> datetime:
    """The instant itself; a naive one is a programming error and raises ``ValueError``."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; instants are aware, always")
    return instant


def to_milliseconds(instant: datetime) -> int:
    """Milliseconds since the Unix epoch, exact for whole-millisecond instants."""
    return (require_aware(instant) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@dataclass(frozen=True, order=True)
class DayRange:
    """Consecutive civil days, both ends included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"{self.last} is before {self.first}; a range of days runs forward")

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(len(self)))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"

    def start(self, zone: ZoneInfo) -> datetime:
        """The first instant of the first day."""
        return day_start(self.first, zone)

    def end(self, zone: ZoneInfo) -> datetime:
        """The first instant after the last day."""
        return day_end(self.last, zone)

    def chunks(self, days: int) -> list[DayRange]:
        """Split into ranges of at most ``days`` days: the fewest, in order, each day once."""
        firsts = range(0, len(self), days)
        return [
            DayRange(
                self.first + timedelta(days=n),
                min(self.first + timedelta(days=n + days - 1), self.last),
            )
            for n in firsts
        ]
