"""What the devices' syncs say: how far the data is, and which days a sync may have changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from syncbit_dagster.core.civil import DayRange, civil_day
from syncbit_dagster.core.samples import decode_labels, to_series
from syncbit_dagster.scheduling.settled_rule import LONGEST_MEMORY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    import pandas as pd

Syncs: TypeAlias = "Mapping[str, datetime]"
"""Each device's last sync, by the device's id."""

# The values of a night come up to an hour after the sync that brought it.
MARGIN = timedelta(hours=1)
LAST_SYNC = "fitbit_device_last_sync_timestamp"
SCALE = "SCALE"


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
        max(min(before[device], at, now) - MARGIN, remembered) if device in before else remembered
        for device, at in moved.items()
    )
    first = max(days.first, civil_day(since, zone))
    last = min(days.last, civil_day(max(moved.values()), zone))
    return DayRange(first, last) if first <= last else None


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
