"""Where a provider keeps a value: the vocabulary of the catalogue's provider columns.

A ``path`` walks through JSON objects by dots and picks one element of a list by ``[key=value]``:
``timeInHeartRateZones[heartRateZone=PEAK].duration``. ``divide_by`` turns the provider's unit
into the metric's (millimetres / 1,000,000 = kilometres; division of whole numbers by a power of
ten is exact to the last bit, multiplication is not).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DailyRollUp:
    """Google Health: a value of ``dailyRollUp``, one per civil day."""

    data_type: str
    path: str
    divide_by: float = 1


@dataclass(frozen=True)
class RollUp:
    """Google Health: a value of ``rollUp``, one per window. ``raw_path``: in the single reading."""

    data_type: str
    path: str
    divide_by: float = 1
    raw_path: str | None = None


@dataclass(frozen=True)
class DailyPoint:
    """Google Health: a field of a ``daily-*`` data point. ``minus_path`` is subtracted from it."""

    data_type: str
    path: str
    minus_path: str | None = None


@dataclass(frozen=True)
class SleepSession:
    """Google Health: a field of sleep sessions, of the main sleep or summed over all of a day."""

    path: str
    of: str = "all sleeps"
    divide_by: float = 1


@dataclass(frozen=True)
class LastPoint:
    """Google Health: a field of the last data point of a day."""

    data_type: str
    path: str
    divide_by: float = 1


@dataclass(frozen=True)
class PairedDevice:
    """Google Health: a field of each paired device."""

    path: str


GoogleHealthLocation = (
    DailyRollUp | RollUp | DailyPoint | SleepSession | LastPoint | PairedDevice | None
)


@dataclass(frozen=True)
class WebField:
    """Fitbit Web API: a field of an endpoint's answer."""

    endpoint: str
    path: str = "value"


@dataclass(frozen=True)
class TakeoutField:
    """Google Takeout: a field of a kind of file, named by the part before its date."""

    file: str
    path: str = "value"
    divide_by: float = 1
