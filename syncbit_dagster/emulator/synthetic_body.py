"""The scale of the synthetic person and the charge of both devices.

Most mornings they step on the scale, which knows weight and body fat; on some days twice; now and
then they enter a weight by hand. Their height they entered once, when the account was made. The
scale syncs through the phone, like the tracker.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.core.civil import ONE_DAY, civil_day, day_start, to_milliseconds
from syncbit_dagster.emulator import habits
from syncbit_dagster.emulator.habits import chance
from syncbit_dagster.emulator.person import minutes_of
from syncbit_dagster.emulator.records import Body, Device, DeviceKind, Reading

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

_HEIGHT_MM = 1_790
_BATTERY_PER_HOUR = 0.6
_LOWEST_BATTERY = 4
_LONGEST_CHARGE_DAYS = 8
_SCALE_BATTERY_DAYS = 280


def body(seed: int, first_day: date, day: date, zone: ZoneInfo) -> Body:
    """The readings of one day."""
    if day < first_day:
        return Body()
    ordinal = day.toordinal()
    heights = _readings(day, zone, [(0, _HEIGHT_MM, True)]) if day == first_day else ()
    morning = habits.wake_up(seed, day) + 2 + int(6 * chance(seed, "weighs at", ordinal))
    grams = _grams(seed, day)
    if chance(seed, "weighs by hand", ordinal) < 0.05:
        by_hand = 500.0 * round(grams / 500)
        return Body(_readings(day, zone, [(morning + 60, by_hand, True)]), heights=heights)
    if chance(seed, "weighs", ordinal) >= 0.55:
        return Body(heights=heights)
    weighed = [(morning, grams, False)]
    if chance(seed, "weighs again", ordinal) < 0.12:
        weighed.append((morning + 13 * 60, grams + 700, False))
    percent = round(22 + (grams - 78_000) / 700 + 0.4 * chance(seed, "fat", ordinal), 1)
    return Body(
        _readings(day, zone, weighed), _readings(day, zone, [(morning, percent, False)]), heights
    )


def devices(seed: int, first_day: date, synced: datetime, zone: ZoneInfo) -> tuple[Device, ...]:
    """A tracker and a scale, as the sync at this instant left them."""
    lasted = (civil_day(synced, zone) - first_day).days % _SCALE_BATTERY_DAYS
    return (
        Device("1", DeviceKind.TRACKER, "Emulated Tracker", _charge(seed, synced, zone), synced),
        Device(
            "2",
            DeviceKind.SCALE,
            "Emulated Scale",
            100 - 90 * lasted // _SCALE_BATTERY_DAYS,
            _last_weighing(seed, first_day, synced, zone),
        ),
    )


def _grams(seed: int, day: date) -> float:
    """A wave of years, a season and the day's water; scales show 100 grams."""
    ordinal = day.toordinal()
    wave = 2_400 * math.sin(2 * math.pi * ordinal / 1_700)
    season = 700 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 15) / 365.25)
    return 100.0 * round((78_000 + wave + season + 900 * chance(seed, "water", ordinal)) / 100)


def _readings(
    day: date, zone: ZoneInfo, entries: list[tuple[int, float, bool]]
) -> tuple[Reading, ...]:
    """Readings at minutes of the wall clock; those entered by hand at odd milliseconds."""
    instants, wall = minutes_of(day, zone)
    found = []
    for minute, value, is_manual in entries:
        at = np.flatnonzero(wall >= minute)
        if len(at):
            at_ms = int(instants[at[0]]) + (22_749 if is_manual else 31_000)
            found.append(Reading(str(at_ms), at_ms, float(value), is_manual))
    return tuple(found)


def _charge(seed: int, synced: datetime, zone: ZoneInfo) -> int:
    """Full at the end of each charging, then steadily less."""
    today = civil_day(synced, zone)
    for back in range(_LONGEST_CHARGE_DAYS):
        day = today - back * ONE_DAY
        ends = [habits.wake_up(seed, day)] if habits.charges_at_night(seed, day) else []
        evening = habits.charge(seed, day)
        if evening is not None:
            ends.append(sum(evening))
        for end in sorted(ends, reverse=True):
            full = day_start(day, zone) + timedelta(minutes=end)
            if full <= synced:
                used = _BATTERY_PER_HOUR * ((synced - full) / timedelta(hours=1))
                return max(100 - int(used), _LOWEST_BATTERY)
    return _LOWEST_BATTERY


def _last_weighing(seed: int, first_day: date, synced: datetime, zone: ZoneInfo) -> datetime | None:
    """When the scale was last stood on; ``None`` before the first time."""
    day = civil_day(synced, zone)
    while day >= first_day:
        for reading in reversed(body(seed, first_day, day, zone).weights):
            if not reading.is_manual and reading.at_ms <= to_milliseconds(synced):
                return datetime.fromtimestamp(reading.at_ms / 1000, UTC)
        day -= ONE_DAY
    return None
