"""A person whose devices sync, and whose watch is worn, when a test says so."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syncbit_dagster.emulator.person import DailyValues, PersonDay, empty_day
from syncbit_dagster.emulator.records import Device, DeviceKind
from syncbit_dagster.emulator.synthetic import SyntheticPerson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncbit_dagster.emulator.records import SleepSession

BERLIN = ZoneInfo("Europe/Berlin")
KINDS = {"1": DeviceKind.TRACKER, "2": DeviceKind.SCALE, "3": DeviceKind.TRACKER}


class Wearer(SyntheticPerson):
    """A ``Person`` of Berlin, since the beginning of 2025.

    Args:
        synced: the last sync of the watch, device ``1``.
        off: days on which the watch is off.
    """

    def __init__(self, synced: datetime, off: Iterable[date] = ()) -> None:
        super().__init__(BERLIN, date(2025, 1, 1), seed=3)
        self.syncs: dict[str, datetime | None] = {"1": synced}
        self.off = frozenset(off)

    def last_sync(self, now: datetime) -> datetime:
        return max([at for at in self.syncs.values() if at], default=now)

    def devices(self, now: datetime) -> tuple[Device, ...]:  # noqa: ARG002 - the protocol's
        return tuple(
            Device(name, KINDS[name], "Emulated", 80, at) for name, at in self.syncs.items()
        )

    def daily(self, civil_day: date) -> DailyValues:
        return DailyValues() if civil_day in self.off else super().daily(civil_day)

    def _day(self, civil_day: date) -> PersonDay:
        return empty_day(civil_day, BERLIN) if civil_day in self.off else super()._day(civil_day)

    def _sleep(self, civil_day: date) -> tuple[SleepSession, ...]:
        return () if civil_day in self.off else super()._sleep(civil_day)
