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
class Reading:
    """Google Health: where a single data point has its value, and the instant it stands for."""

    path: str
    time: Literal["sampleTime.physicalTime", "interval.startTime"] = "interval.startTime"


@dataclass(frozen=True)
class RollUp:
    """Google Health: a value of ``rollUp``, one per window; ``reading``: in the single points."""

    data_type: str
    path: str
    divide_by: float = 1
    reading: Reading | None = None


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
    """Google Health: a field of each paired device; ``is_instant`` as for sleeps.

    ``text_path`` is a field that says it in a word (``High``), where there is no number.
    """

    path: str
    is_instant: bool = False
    text_path: str | None = None


GoogleHealthLocation = (
    DailyRollUp | RollUp | DailyPoint | SleepSession | LastPoint | OverSquare | PairedDevice
)


@dataclass(frozen=True)
class TimeSeries:
    """Fitbit Web API: a value of an activity time series, one per civil day.

    ``in_summary`` is its place in the summary of a single day, where that has it.
    ``absent_is_zero``: a field that is missing from a value that is there is a zero (of the active
    zone minutes only those of zones that have some are written, beside their sum).
    ``worn_if`` says which values prove that the device was worn: on days on which it was not, the
    series are filled with zeros, and the minutes at rest with the whole day.
    """

    resource: str
    path: str = "value"
    in_summary: str | None = None
    absent_is_zero: bool = False
    worn_if: Literal["above zero", "below a day"] | None = None


@dataclass(frozen=True)
class Difference:
    """Fitbit Web API: a day's value of one series minus that of another."""

    value: TimeSeries
    minus: TimeSeries


@dataclass(frozen=True)
class NightlyValue:
    """Fitbit Web API: a value of an endpoint that has one per night.

    ``key`` names the list in the answer; None where the answer is the list. ``is_range`` says that
    the value may be a text like ``44-48``, which stands for its middle.
    """

    endpoint: str
    key: str | None
    path: str
    is_range: bool = False


@dataclass(frozen=True)
class SleepLog:
    """Fitbit Web API: a field of the sleep logs of a day; the words as for sessions.

    ``classic_path`` is its place in a log without stages, where that has it.
    """

    path: str
    of: Literal["all sleeps", "main sleep"] = "all sleeps"
    classic_path: str | None = None
    is_instant: bool = False


@dataclass(frozen=True)
class BodyLog:
    """Fitbit Web API: a field of a day's last entry in the log of weights."""

    path: str


@dataclass(frozen=True)
class IntradaySeries:
    """Fitbit Web API: the values of an activity in the intervals of a day.

    ``zero_is_absent``: calories include the basal rate, so that a 0 among them says that nothing
    is known, whereas a 0 of the others may be a minute at rest or one without the device.
    """

    resource: str
    zero_is_absent: bool = False


@dataclass(frozen=True)
class WebDevice(PairedDevice):
    """Fitbit Web API: the same of each device."""


FitbitWebLocation = (
    TimeSeries | Difference | NightlyValue | SleepLog | BodyLog | IntradaySeries | WebDevice
)


@dataclass(frozen=True)
class TakeoutReadings:
    """Google Takeout: a field of rows that each stand for an instant.

    A day or an interval has the sum or the mean of its rows. ``file`` is the kind of file: its name
    without the date. ``time`` is read by ``clock``: UTC, or the wall clock of the account's zone.
    ``where`` keeps the rows that have a text in another field. Days without a row are looked up
    in ``or_else``; so it is for all of Takeout's locations.
    """

    file: str
    path: str = "value"
    divide_by: float = 1
    time: str = "dateTime"
    clock: Literal["UTC", "wall"] = "UTC"
    where: tuple[str, str] | None = None
    of: Literal["sum", "mean"] = "sum"
    or_else: TakeoutReadings | None = None


@dataclass(frozen=True)
class TakeoutDay:
    """Google Takeout: a field of rows that each stand for the civil day in ``time``.

    ``minus_path`` is subtracted from it, ``over_path`` divides it. ``worn_if`` as for time series:
    days without the device, and days to come, are filled in the same way.
    """

    file: str
    path: str = "value"
    time: str = "dateTime"
    minus_path: str | None = None
    over_path: str | None = None
    worn_if: Literal["above zero", "below a day"] | None = None
    or_else: TakeoutDay | None = None


@dataclass(frozen=True)
class TakeoutSleep:
    """Google Takeout: a field of the sleep logs that end on a day; the words as for sessions."""

    path: str
    of: Literal["all sleeps", "main sleep"] = "all sleeps"
    is_instant: bool = False
    file: ClassVar[str] = "sleep.json"


@dataclass(frozen=True)
class TakeoutLog:
    """Google Takeout: a field of a day's last row; ``time`` may be two fields, ``date+time``."""

    file: str
    path: str
    divide_by: float = 1
    time: str = "timestamp"
    clock: Literal["UTC", "wall"] = "UTC"
    or_else: TakeoutLog | None = None


TakeoutLocation = TakeoutReadings | TakeoutDay | TakeoutSleep | TakeoutLog
