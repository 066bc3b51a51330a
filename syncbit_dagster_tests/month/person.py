"""A person on a journey, whose devices sync at the instants of a plan."""

from __future__ import annotations

import struct
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syncbit_dagster.emulator.records import Device, DeviceKind
from syncbit_dagster_tests.defs.wearer import Wearer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date


class Traveller(Wearer):
    """One whose wall clock may be that of a journey, whatever the account's zone is.

    Args:
        zone: of the wall clock that the devices show.
        syncs: of the watch, ascending; before the first one, nothing has arrived.
        scale_syncs: of the scale, which syncs without the phone and brings nothing of the watch.
        off: days on which the watch is off.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        syncs: Sequence[datetime],
        scale_syncs: Sequence[datetime],
        off: Iterable[date],
    ) -> None:
        super().__init__(syncs[0], off)
        self.zone = zone
        self.watch_syncs = list(syncs)
        self.scale_syncs = list(scale_syncs)

    def last_sync(self, now: datetime) -> datetime:
        return _last(self.watch_syncs, now)

    def devices(self, now: datetime) -> tuple[Device, ...]:
        return (
            Device("1", DeviceKind.TRACKER, "Emulated Tracker", 80, self.last_sync(now)),
            Device("2", DeviceKind.SCALE, "Emulated Scale", 60, _last(self.scale_syncs, now)),
        )


def _last(syncs: Sequence[datetime], now: datetime) -> datetime:
    return syncs[bisect_right(syncs, now) - 1]


def zone_of(name: str, first: timedelta, changes: Sequence[tuple[datetime, timedelta]]) -> ZoneInfo:
    """A zone made of its changes, as a time zone file has it (RFC 8536, version 1).

    Args:
        name: its key.
        first: ahead of UTC, before the first change.
        changes: from when on a clock is how far ahead.
    """
    instants = [int(at.timestamp()) for at, _ in changes]
    offsets = [first, *(ahead for _, ahead in changes)]
    designation = b"-00\0"
    content = b"".join(
        (
            b"TZif" + bytes(16),
            struct.pack(">6l", 0, 0, 0, len(instants), len(offsets), len(designation)),
            struct.pack(f">{len(instants)}l", *instants),
            bytes(range(1, len(offsets))),
            *(struct.pack(">lBB", ahead // timedelta(seconds=1), 0, 0) for ahead in offsets),
            designation,
        )
    )
    return ZoneInfo.from_file(BytesIO(content), key=name)


def changes_of(zone: ZoneInfo, year: int) -> list[tuple[datetime, timedelta]]:
    """The changes of a real zone within a year, to the hour."""
    hour, found = datetime(year, 1, 1, tzinfo=UTC), []
    while hour.year == year:
        before, after = ahead_of_utc(zone, hour - timedelta(hours=1)), ahead_of_utc(zone, hour)
        if before != after:
            found.append((hour, after))
        hour += timedelta(hours=1)
    return found


def ahead_of_utc(zone: ZoneInfo, instant: datetime) -> timedelta:
    """What a clock of the zone shows beyond UTC."""
    ahead = instant.astimezone(zone).utcoffset()
    assert ahead is not None
    return ahead
