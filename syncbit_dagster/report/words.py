"""Numbers, days and names as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.scheduling.backfill_plan import stretches

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.core.civil import DayRange

# How a unit reads behind a number, and how many decimals mean something.
_UNITS: dict[str, tuple[str, int]] = {
    "steps": ("steps", 0),
    "km": ("km", 1),
    "kcal": ("kcal", 0),
    "min": ("min", 0),
    "floors": ("floors", 0),
    "m": ("m", 0),
    "bpm": ("bpm", 0),
    "%": ("%", 1),
    "breaths/min": ("breaths/min", 1),
    "ms": ("ms", 1),
    "ml/kg/min": ("ml/kg/min", 1),
    "K from baseline": ("K", 2),
    "kg": ("kg", 1),
    "kg/m2": ("kg/m²", 1),
    "awakenings": ("awakenings", 0),
}
_UNIT_ENDINGS = (
    "_intraday",
    "_total",
    "_timestamp",
    "_percent",
    "_bpm",
    "_ms",
    "_km",
    "_kg",
    "_celsius",
)
_SPELLED = {
    "bmi": "BMI",
    "hrv": "HRV",
    "rem": "REM",
    "rmssd": "RMSSD",
    "spo2": "SpO\N{SUBSCRIPT TWO}",
    "vo2": "VO\N{SUBSCRIPT TWO}",
    "wake": "awake",
}
_COUNTED = ("steps", "floors", "awakenings")
NO_BREAK = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"


def decimals(unit: str) -> int:
    """How many decimals a unit's numbers are shown with."""
    return _UNITS.get(unit, (unit, 1))[1]


def unit_text(unit: str) -> str:
    """A unit behind a number."""
    return _UNITS.get(unit, (unit, 1))[0]


def amount(value: float, unit: str) -> str:
    """A number with its unit; an hour or more of minutes as hours and minutes."""
    if unit == "min" and abs(value) >= 60:
        return duration(value)
    text = number(value, decimals(unit))
    shown = unit_text(unit)
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


def metric_title(row: Metric) -> str:
    """A metric's name as a title, without the unit that follows it anyway."""
    name = row.name.removeprefix("fitbit_")
    for ending in _UNIT_ENDINGS:
        name = name.removesuffix(ending)
    return label_title(name)


def label_title(value: str) -> str:
    """A label's value or a name of the catalogue as a title."""
    text = " ".join(_SPELLED.get(word, word) for word in value.split("_") if word)
    return text[:1].upper() + text[1:]
