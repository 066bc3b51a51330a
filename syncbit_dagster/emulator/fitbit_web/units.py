"""Units: the header ``Accept-Language`` of a request decides, not the person's profile."""

from __future__ import annotations

from dataclasses import dataclass

_METERS_PER_MILE = 1609.344
_METERS_PER_FOOT = 0.3048
_KG_PER_POUND = 0.45359237
_KG_PER_STONE = 14 * _KG_PER_POUND


@dataclass(frozen=True)
class Units:
    """What one kilometre, metre of elevation, kilogram, centimetre, kelvin amounts to."""

    name: str = "METRIC"
    distance: float = 1.0
    elevation: float = 1.0
    weight: float = 1.0
    height: float = 1.0
    temperature: float = 1.0


METRIC = Units()

_BY_LANGUAGE = {
    "en_US": Units(
        name="en_US",
        distance=1000 / _METERS_PER_MILE,
        elevation=1 / _METERS_PER_FOOT,
        weight=1 / _KG_PER_POUND,
        height=1 / 2.54,
        temperature=1.8,
    ),
    "en_GB": Units(name="en_GB", weight=1 / _KG_PER_STONE),
}


def units_of(accept_language: str | None) -> Units:
    """The units of a request; metric without the header and with any other value."""
    return _BY_LANGUAGE.get(accept_language or "", METRIC)
