"""When a day can no longer change: it has ended, and the device has synced past its end.

Devices keep a week of minutes and a month of daily totals, and send them whenever they meet their
phone: until then a day is provisional, whatever it holds. Pure functions.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from syncbit_dagster.core.civil import day_end

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.core.samples import Series

State = Literal["settled", "provisional"]
Content = Literal["data", "nothing there", "not yet there"]

# No device keeps more; what has not come by then never will.
LONGEST_MEMORY = timedelta(days=30)


def may_change(days: DayRange, zone: ZoneInfo, now: datetime) -> bool:
    """Whether a device's sync could still change any of the days."""
    return now - days.end(zone) < LONGEST_MEMORY


def data_until(synced: datetime | None, answer: Iterable[Series]) -> datetime | None:
    """How far the data is: the last sync, or the newest reading where nobody says when that was.

    A zero is no reading: some providers fill the time to come with zeros.

    Args:
        synced: the last sync of any device that is worn; None if nobody knows.
        answer: what the provider gave.
    """
    if synced is not None:
        return synced
    newest = [int(one.timestamps[one.values > 0].max(initial=-1)) for one in answer]
    last = max(newest, default=-1)
    return datetime.fromtimestamp(last / 1000, UTC) if last >= 0 else None


def state_of(day: date, zone: ZoneInfo, until: datetime | None, now: datetime) -> State:
    """Whether a day is settled.

    Args:
        day: a civil day of the zone.
        zone: the account's.
        until: how far the data is (:func:`data_until`); None if nobody knows.
        now: aware.
    """
    end = day_end(day, zone)
    is_complete = until is not None and min(until, now) >= end
    return "settled" if is_complete or now - end >= LONGEST_MEMORY else "provisional"


def content_of(state: State, samples: int) -> Content:
    """What a day's number of samples means: an empty day is not always over."""
    if samples:
        return "data"
    return "nothing there" if state == "settled" else "not yet there"
