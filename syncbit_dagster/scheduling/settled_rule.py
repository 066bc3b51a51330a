"""When a day can no longer change: it has ended, and the device has synced past its end.

Devices keep a week of minutes and a month of daily totals, and send them whenever they meet their
phone: until then a day is provisional, whatever it holds. Pure functions.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from syncbit_dagster.core.civil import day_end

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from syncbit_dagster.core.civil import DayRange

State = Literal["settled", "provisional"]
Content = Literal["data", "nothing there", "not yet there"]

# The values of a night come up to an hour after the sync that brought it.
MARGIN = timedelta(hours=1)
# No device keeps more; what has not come by then never will.
LONGEST_MEMORY = timedelta(days=30)


def may_change(days: DayRange, zone: ZoneInfo, now: datetime) -> bool:
    """Whether a device's sync could still change any of the days."""
    return now - days.end(zone) < LONGEST_MEMORY


def state_of(day: date, zone: ZoneInfo, synced: datetime | None, now: datetime) -> State:
    """Whether a day is settled.

    Args:
        day: a civil day of the zone.
        zone: the account's.
        synced: the last sync of any device that is worn; None if nobody knows.
        now: aware.
    """
    end = day_end(day, zone)
    has_synced = synced is not None and synced >= end + MARGIN
    return "settled" if has_synced or now - end >= LONGEST_MEMORY else "provisional"


def content_of(state: State, samples: int) -> Content:
    """What a day's number of samples means: an empty day is not always over."""
    if samples:
        return "data"
    return "nothing there" if state == "settled" else "not yet there"
