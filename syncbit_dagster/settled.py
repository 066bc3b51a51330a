"""When a day can no longer change: it has ended, and the device has synced past its end.

Devices keep a week of minutes and a month of daily totals, and send them whenever they meet their
phone: until then a day is provisional, whatever it holds. Pure functions.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from syncbit_dagster.civil import DayRange, civil_day, day_end
from syncbit_dagster.samples import decode_labels, to_series

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    import pandas as pd

State = Literal["settled", "provisional"]
Content = Literal["data", "nothing there", "not yet there"]
Syncs: TypeAlias = "Mapping[str, datetime]"
"""Each device's last sync, by the device's id."""

LAST_SYNC = "fitbit_device_last_sync_timestamp"
SCALE = "SCALE"
# The values of a night come up to an hour after the sync that brought it.
MARGIN = timedelta(hours=1)
# No device keeps more; what has not come by then never will.
LONGEST_MEMORY = timedelta(days=30)


def syncs(devices: pd.DataFrame) -> dict[str, datetime]:
    """The last sync of each device that says one; its sample sits at it."""
    return {
        decode_labels(one.labels)["device_id"]: _instant(one.timestamps.max())
        for one in to_series(devices[devices["metric"] == LAST_SYNC])
    }


def last_sync(devices: pd.DataFrame) -> datetime | None:
    """The latest sync among the devices that are worn; None if none of them says.

    A scale syncs by itself every day, wherever the watch is. Of several watches one is enough: the
    other one may lie in a drawer for ever.
    """
    worn = [
        _instant(one.timestamps.max())
        for one in to_series(devices[devices["metric"] == LAST_SYNC])
        if decode_labels(one.labels)["device_type"] != SCALE
    ]
    return max(worn, default=None)


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


def changed_days(
    before: Syncs, after: Syncs, days: DayRange, zone: ZoneInfo, now: datetime
) -> DayRange | None:
    """Those of the days that may have changed between two looks at the devices.

    A device that has synced brought everything since its sync before: the days that were not
    settled by that, until the day of the new one. One that was never seen before may bring all
    that a device remembers.

    Args:
        before: the syncs at the first look.
        after: the syncs at the second look. A sync that is earlier than before (a clock was
            corrected) counts as well.
        days: what may be asked for.
        zone: the account's.
        now: aware; the instant of the second look.
    """
    moved = {device: at for device, at in after.items() if before.get(device) != at}
    if not moved:
        return None
    remembered = now - LONGEST_MEMORY
    since = min(
        max(min(before[device], at) - MARGIN, remembered) if device in before else remembered
        for device, at in moved.items()
    )
    first = max(days.first, civil_day(since, zone))
    last = min(days.last, civil_day(max(moved.values()), zone))
    return DayRange(first, last) if first <= last else None


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
