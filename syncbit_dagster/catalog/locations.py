"""Where a provider keeps a value: the vocabulary of the catalogue's provider columns.

A ``path`` walks through JSON objects by dots and picks one element of a list by ``[key=value]``:
``timeInHeartRateZones[heartRateZone=PEAK].duration``. ``divide_by`` turns the provider's unit
into the metric's (millimetres / 1,000,000 = kilometres; division of whole numbers by a power of
ten is exact to the last bit, multiplication is not).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal


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
    """Google Health: a field of the sleeps that end on a day.

    Summed over all sleeps, or of the main one; ``percent_of`` makes it a share of another field;
    ``is_instant`` says that the field is a time, taken as unix seconds.
    """

    path: str
    of: Literal["all sleeps", "main sleep"] = "all sleeps"
    percent_of: str | None = None
    is_instant: bool = False
    data_type: ClassVar[str] = "sleep"


@dataclass(frozen=True)
class LastPoint:
    """Google Health: a field of a day's last data point, or of all points of the history."""

    data_type: str
    path: str
    divide_by: float = 1
    whole_history: bool = False


@dataclass(frozen=True)
class OverSquare:
    """Google Health: a day's last value divided by the square of another one, known by then."""

    value: LastPoint
    divisor: LastPoint


@dataclass(frozen=True)
class PairedDevice:
    """Google Health: a field of each paired device; ``is_instant`` as for sleeps."""

    path: str
    is_instant: bool = False


GoogleHealthLocation = (
    DailyRollUp | RollUp | DailyPoint | SleepSession | LastPoint | OverSquare | PairedDevice
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
