"""Numbers and days as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.catalog.units import unit_named
from syncbit_dagster.scheduling.backfill_plan import stretches

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from syncbit_dagster.core.civil import DayRange

_COUNTED = ("steps", "floors", "awakenings")
NO_BREAK = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"


def amount(value: float, unit: str) -> str:
    """A number with its unit; an hour or more of minutes as hours and minutes."""
    if unit == "min" and abs(value) >= 60:
        return duration(value)
    shown, decimals, _ = unit_named(unit)
    text = number(value, decimals)
    if text == "1" and unit in _COUNTED:
        shown = shown.removesuffix("s")
    return f"{text}{NO_BREAK}{shown}"


def number(value: float, places: int) -> str:
    """A number with thousands separated; a zero has no sign."""
    rounded = round(value, places) + 0.0
    return f"{rounded:,.{places}f}".replace("-", _MINUS)


def signed(value: float, unit: str) -> str:
    """A change, with its sign."""
    text = amount(abs(value), unit)
    is_nothing = not any(digit in text for digit in "123456789")
    return f"±{text}" if is_nothing else f"{'+' if value > 0 else _MINUS}{text}"


def duration(minutes: float) -> str:
    """Minutes as hours and minutes."""
    hours, rest = divmod(round(abs(minutes)), 60)
    sign = _MINUS if minutes < 0 else ""
    return f"{sign}{hours}{NO_BREAK}h{NO_BREAK}{rest:02d}{NO_BREAK}min"


def clock(hours: float) -> str:
    """Hours after some midnight as the clock shows them."""
    minutes = round(hours * 60) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def day_text(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"


def days_text(days: DayRange) -> str:
    """A range of days, saying nothing twice: ``1 - 30 November 2026``."""
    first, last = days.first, days.last
    end = f"{last.day} {last:%B %Y}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} \N{EN DASH} {end}"
    start = f"{first.day} {first:%B}" + ("" if first.year == last.year else f" {first.year}")
    return f"{start} \N{EN DASH} {end}"


def listed(days: Iterable[date]) -> str:
    """Single days and stretches of days, the oldest first."""
    return ", ".join(
        day_text(one.first) if len(one) == 1 else f"{day_text(one.first)} to {day_text(one.last)}"
        for one in reversed(stretches(days))
    )


def count(number_of: int, thing: str) -> str:
    """``1 day``, ``2 days``."""
    return f"{number_of:,} {thing}{'' if number_of == 1 else 's'}"
