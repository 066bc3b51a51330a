"""The habits of the synthetic person: when they sleep, move, and take the watch off.

All times are minutes of the wall clock after midnight. Whether something happens on a day is a
pure function of seed and day, so a day can ask about its neighbours without making them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.core.civil import ONE_DAY
from syncbit_dagster.emulator.person import DAY_MINUTES

if TYPE_CHECKING:
    from datetime import date

    from syncbit_dagster.emulator.person import BoolArray, FloatArray, IntArray

_SATURDAY = 5
_WALK_STRIDE_MM, _RUN_STRIDE_MM = 730, 1080

# Kind of workout: share of heart-rate reserve, steps a minute, longest extra minutes.
_WORKOUTS = ((0.72, 158.0, 30), (0.52, 14.0, 30), (0.60, 0.0, 50), (0.88, 165.0, 10))
_WORKOUT_CHANCE = (0.55, 0.15, 0.6, 0.1, 0.45, 0.6, 0.35)
"""Monday to Sunday."""


def chance(seed: int, what: str, number: int) -> float:
    """A number in [0, 1) that is always the same for the same question."""
    digest = hashlib.blake2b(f"{seed}/{what}/{number}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def watch_off(seed: int, day: date) -> bool:
    """Days without the watch: one now and then, and two in a row in some months."""
    month = day.year * 12 + day.month
    if chance(seed, "gap", month) < 0.35:
        first = 1 + int(26 * chance(seed, "gap day", month))
        if day.day in (first, first + 1):
            return True
    return chance(seed, "off", day.toordinal()) < 0.012


def watch_off_at_night(seed: int, day: date) -> bool:
    """Whether the night that ends on this day has no data."""
    return charges_at_night(seed, day) or watch_off(seed, day) or watch_off(seed, day - ONE_DAY)


def bedtime(seed: int, day: date) -> int:
    """When the night that ends on this day began; negative before midnight."""
    late = 55 if day.weekday() >= _SATURDAY else 0
    return int(-75 + late + 70 * chance(seed, "bed", day.toordinal()))


def wake_up(seed: int, day: date) -> int:
    """When the night ended."""
    weekend = day.weekday() >= _SATURDAY
    return int((475 if weekend else 385) + 50 * chance(seed, "wake", day.toordinal()))


def night(seed: int, day: date) -> list[tuple[int, int]]:
    """Start and end of the sleep of the night that ends on this day; two when it was broken."""
    bed, up = bedtime(seed, day), wake_up(seed, day)
    ordinal = day.toordinal()
    if chance(seed, "broken night", ordinal) >= 0.05:
        return [(bed, up)]
    awake = bed + 185 + int(45 * chance(seed, "awake at", ordinal))
    return [(bed, awake), (awake + 65 + int(35 * chance(seed, "awake for", ordinal)), up)]


def naps(seed: int, day: date) -> list[tuple[int, int]]:
    """Start and end of the naps of the day."""
    ordinal = day.toordinal()
    if chance(seed, "nap", ordinal) >= (0.18 if day.weekday() >= _SATURDAY else 0.04):
        return []
    start = 790 + int(60 * chance(seed, "nap at", ordinal))
    return [(start, start + 61 + int(60 * chance(seed, "nap for", ordinal)))]


def asleep(seed: int, day: date, wall: IntArray) -> BoolArray:
    """The minutes of the night before the day, of its naps and of the night after it."""
    tomorrow = [(start + DAY_MINUTES, DAY_MINUTES) for start, _ in night(seed, day + ONE_DAY)]
    sleeping = np.zeros(len(wall), dtype=np.bool_)
    for start, end in (*night(seed, day), *naps(seed, day), *tomorrow):
        sleeping |= (wall >= start) & (wall < end)
    return sleeping


def charge(seed: int, day: date) -> tuple[int, int] | None:
    """Start and length of the day's charging, on the evenings that have one."""
    ordinal = day.toordinal()
    if chance(seed, "charge", ordinal) >= 0.28:
        return None
    start = 1110 + int(120 * chance(seed, "charge at", ordinal))
    return start, 50 + int(50 * chance(seed, "charge for", ordinal))


def charges_at_night(seed: int, day: date) -> bool:
    """Whether the watch was on the charger during the night that ends on this day."""
    return chance(seed, "night charge", day.toordinal()) < 0.04


def worn(seed: int, day: date, wall: IntArray) -> BoolArray:
    """Without showers, charging and days off."""
    if watch_off(seed, day):
        return np.zeros(len(wall), dtype=np.bool_)
    ordinal = day.toordinal()
    up = wake_up(seed, day)
    off = np.zeros(len(wall), dtype=np.bool_)
    if chance(seed, "shower", ordinal) < 0.85:
        start = up + 8 + int(20 * chance(seed, "shower at", ordinal))
        off |= _between(wall, start, 14 + int(22 * chance(seed, "shower for", ordinal)))
    charging = charge(seed, day)
    if charging is not None:
        off |= _between(wall, *charging)
    if watch_off_at_night(seed, day):
        off |= wall < up
    if watch_off_at_night(seed, day + ONE_DAY):
        off |= wall >= DAY_MINUTES + bedtime(seed, day + ONE_DAY)
    return ~off


def movement(
    seed: int, day: date, wall: IntArray, sleeping: BoolArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Per minute: steps to expect, share of heart-rate reserve, stride in millimetres."""
    count = len(wall)
    pottering = ~sleeping & (rng.random(count) < 0.22)
    cadence = np.where(pottering, rng.gamma(1.6, 9.0, count), 0.0)
    effort = np.where(pottering, 0.06 + 0.001 * cadence, 0.0)
    stride = np.full(count, _WALK_STRIDE_MM, dtype=np.int64)
    for start, minutes in _walks(seed, day):
        inside = _between(wall, start, minutes) & ~sleeping
        cadence[inside] = rng.normal(106, 7, count)[inside].clip(min=0)
        effort[inside] = rng.normal(0.30, 0.05, count)[inside].clip(0.05, 0.6)
    workout = _workout(seed, day)
    if workout is not None:
        start, minutes, level, rate = workout
        inside = _between(wall, start, minutes) & ~sleeping
        cadence[inside] = rng.normal(rate, 0.06 * rate, count)[inside].clip(min=0)
        effort[inside] = rng.normal(level, 0.05, count)[inside].clip(0.1, 1.0)
        stride[inside] = _RUN_STRIDE_MM
    return cadence, effort, stride


def _walks(seed: int, day: date) -> list[tuple[int, int]]:
    """Start and length of the day's walks."""

    def one(name: str, start: int, spread: int, shortest: int, longest: int) -> tuple[int, int]:
        begin = start + int(spread * chance(seed, f"{name} at", day.toordinal()))
        length = shortest + int((longest - shortest) * chance(seed, name, day.toordinal()))
        return begin, length

    if day.weekday() >= _SATURDAY:
        return [one("errand", 620, 60, 8, 30), one("outing", 840, 120, 25, 140)]
    return [
        one("to work", 470, 25, 11, 19),
        one("lunch", 735, 40, 6, 25),
        one("from work", 1030, 60, 11, 22),
    ]


def _workout(seed: int, day: date) -> tuple[int, int, float, float] | None:
    """Start, length, effort and cadence of the day's workout."""
    ordinal = day.toordinal()
    if chance(seed, "workout", ordinal) >= _WORKOUT_CHANCE[day.weekday()]:
        return None
    kind = int(len(_WORKOUTS) * chance(seed, "workout kind", ordinal))
    effort, cadence, extra = _WORKOUTS[kind]
    start = 560 if day.weekday() >= _SATURDAY else 1105
    minutes = 24 + int(extra * chance(seed, "workout for", ordinal))
    return start + int(40 * chance(seed, "workout at", ordinal)), minutes, effort, cadence


def _between(wall: IntArray, start: int, minutes: int) -> BoolArray:
    return (wall >= start) & (wall < start + minutes)
