"""Nights on the clock: when the main sleeps began and ended, and how regular that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.report import words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.report.period import Floats, Reading

HOURS = 24.0
FEWEST_NIGHTS = 3
_SATURDAY = 5


@dataclass(frozen=True)
class Nights:
    """Main sleeps, one a day of a period; NaN where there is none.

    Attributes:
        start: hours on the clock since the day's midnight; negative before it.
        end: the same.
        minutes: how long it really took, whatever the clock did meanwhile.
    """

    start: Floats
    end: Floats
    minutes: Floats


def nights_of(starts: Reading, ends: Reading, days: DayRange, zone: ZoneInfo) -> Nights:
    """The nights of a period from their first and last instants, unix seconds."""
    start = on_the_clock(starts.values, days, zone)
    end = on_the_clock(ends.values, days, zone)
    both = ~np.isnan(start) & ~np.isnan(end)
    return Nights(
        np.where(both, start, np.nan),
        np.where(both, end, np.nan),
        np.where(both, (ends.values - starts.values) / 60, np.nan),
    )


def on_the_clock(unix_seconds: Floats, days: DayRange, zone: ZoneInfo) -> Floats:
    """Instants, one a day, as hours on the zone's clock since their day's midnight."""
    hours = np.full(len(days), np.nan)
    for number, (day, instant) in enumerate(zip(days, unix_seconds.tolist(), strict=True)):
        if not np.isnan(instant):
            local = datetime.fromtimestamp(instant, UTC).astimezone(zone).replace(tzinfo=None)
            hours[number] = (local - datetime.combine(day, time())).total_seconds() / 3600
    return hours


def middle_and_spread(hours: Floats) -> tuple[float, float]:
    """Mean and standard deviation of times of day, in hours, on the circle of the clock.

    23:50 and 00:10 are 20 minutes apart, and their mean is midnight.
    """
    angles = 2 * np.pi * hours[~np.isnan(hours)] / HOURS
    mean = np.exp(1j * angles).mean()
    spread = np.sqrt(max(-2 * np.log(min(abs(mean), 1.0)), 0.0))
    return float(np.angle(mean) % (2 * np.pi) * HOURS / 2 / np.pi), float(
        spread * HOURS / 2 / np.pi
    )


def regularity(nights: Nights, days: DayRange) -> str:
    """How regular the nights are, in a sentence or two; empty where too few are known."""
    known = ~np.isnan(nights.start)
    if known.sum() < FEWEST_NIGHTS:
        return ""
    bed, bed_spread = middle_and_spread(nights.start)
    up, up_spread = middle_and_spread(nights.end)
    text = (
        f"Usually to bed at {words.clock(bed)} (± {words.amount(bed_spread * 60, 'min')}) and up "
        f"at {words.clock(up)} (± {words.amount(up_spread * 60, 'min')})."
    )
    weekend = np.array([day.weekday() >= _SATURDAY for day in days])
    middles = (nights.start + nights.end) / 2
    sides = [middles[known & chosen] for chosen in (weekend, ~weekend)]
    if min(map(len, sides)) < 2:
        return text
    later = (middle_and_spread(sides[0])[0] - middle_and_spread(sides[1])[0] + 12) % HOURS - 12
    how = "later" if later >= 0 else "earlier"
    return f"{text} At weekends the middle of the night is {_minutes(later)} {how}."


def _minutes(hours: float) -> str:
    return words.amount(abs(hours) * 60, "min")


def clock_texts(hours: Floats) -> Sequence[str]:
    """Each time as the clock shows it; empty where there is none."""
    return ["" if np.isnan(one) else words.clock(one) for one in hours.tolist()]
