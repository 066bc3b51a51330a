"""From days and metrics to the fewest requests that the API's caps allow. Pure functions.

The caps (Google Health API v4, discovery document 20261030, and what clients measured):

* ``dailyRollUp`` and ``rollUp`` cover at most 14 days for four data types, 90 for the others;
* a page of ``rollUp`` has at most 10,000 windows, and window x page size may not pass the cap;
* lists have no longest range.

One request asks for one data type; metrics of the same data type share it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from syncbit_dagster.catalog.locations import (
    DailyPoint,
    DailyRollUp,
    LastPoint,
    OverSquare,
    RollUp,
    SleepSession,
)
from syncbit_dagster.core.civil import ONE_DAY, DayRange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from zoneinfo import ZoneInfo

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.catalog.locations import Reading

SHORT_CAP_DAYS = 14
LONG_CAP_DAYS = 90
SHORT_CAP_TYPES = frozenset(
    {"active-minutes", "calories-in-heart-rate-zone", "heart-rate", "total-calories"}
)
MOST_WINDOWS = 10_000
SERVED_POINTS = 5_000  # of a page; the API documents 10,000, live accounts got half of that
SERVED_SESSIONS = 25
RAW = 1  # interval in seconds that stands for "every reading"


@dataclass(frozen=True)
class DailyRollUpRequest:
    """Daily values of one data type in civil days."""

    data_type: str
    days: DayRange


@dataclass(frozen=True)
class RollUpRequest:
    """Values of one data type in windows counted from ``start``, all on one page."""

    data_type: str
    start: datetime
    end: datetime
    window: timedelta
    page_size: int


@dataclass(frozen=True)
class DailyPointsRequest:
    """The ``daily-*`` data points of civil days."""

    data_type: str
    days: DayRange


@dataclass(frozen=True)
class ReadingsRequest:
    """Every single reading of one data type between two instants."""

    data_type: str
    reading: Reading
    start: datetime
    end: datetime


@dataclass(frozen=True)
class SessionsRequest:
    """The sessions of one data type that end on civil days."""

    data_type: str
    days: DayRange


@dataclass(frozen=True)
class PointsRequest:
    """The data points of one data type on civil days; of the whole history without days."""

    data_type: str
    days: DayRange | None


Request = (
    DailyRollUpRequest
    | RollUpRequest
    | DailyPointsRequest
    | ReadingsRequest
    | SessionsRequest
    | PointsRequest
)
Part = DailyRollUp | RollUp | DailyPoint | SleepSession | LastPoint
# How long lists are: a night and sometimes a nap, the heart every three seconds, a weight.
USUAL_A_DAY = {
    DailyPointsRequest: 1,
    SessionsRequest: 1.3,
    ReadingsRequest: 30_000,
    PointsRequest: 2,
}
# A reading a second, and more of the others than anybody logs.
MOST_A_DAY = {DailyPointsRequest: 1, SessionsRequest: 4, ReadingsRequest: 86_400, PointsRequest: 20}


def cap_days(data_type: str) -> int:
    """The longest range of a roll-up of this data type, in days."""
    return SHORT_CAP_DAYS if data_type in SHORT_CAP_TYPES else LONG_CAP_DAYS


def plan(
    metrics: Iterable[Metric], days: DayRange, zone: ZoneInfo, interval_seconds: int
) -> list[Request]:
    """The requests that together give these metrics for these days, each day once.

    Args:
        metrics: rows that :func:`is_plannable` accepts.
        days: civil days.
        zone: the account's zone.
        interval_seconds: length of an intraday interval; :data:`RAW` for every reading.
    """
    # Metrics that live in one data type ask for the same, and share the request.
    return list(
        dict.fromkeys(
            request
            for metric in metrics
            for part in parts_of(metric)
            for request in PLANNERS[type(part)](part, days, zone, interval_seconds)
        )
    )


def pages(request: Request, points_a_day: Mapping[type, float]) -> int:
    """How many pages a request's answer has; roll-ups are planned to have one.

    Args:
        request: any.
        points_a_day: by the kind of request.
    """
    match request:
        case DailyPointsRequest() | SessionsRequest() | PointsRequest(days=DayRange()):
            days = float(len(request.days or ()))
        case ReadingsRequest():
            days = (request.end - request.start) / ONE_DAY
        case _:
            return 1
    page = SERVED_SESSIONS if isinstance(request, SessionsRequest) else SERVED_POINTS
    return max(1, math.ceil(days * points_a_day[type(request)] / page))


def is_plannable(metric: Metric) -> bool:
    """Whether the API has this metric in a way that this module knows to ask for."""
    return bool(parts_of(metric))


def parts_of(metric: Metric) -> tuple[Part, ...]:
    """The places in the API that a metric is made from; none if nobody knows how."""
    location = metric.google_health
    if isinstance(location, OverSquare):
        return (location.value, location.divisor)
    return (location,) if isinstance(location, Part) else ()


def _daily_roll_ups(
    location: DailyRollUp, days: DayRange, _zone: ZoneInfo, _interval: int
) -> list[Request]:
    data_type = location.data_type
    return [DailyRollUpRequest(data_type, part) for part in days.chunks(cap_days(data_type))]


def _daily_points(
    location: DailyPoint, days: DayRange, _zone: ZoneInfo, _interval: int
) -> list[Request]:
    return [DailyPointsRequest(location.data_type, days)]


def _sessions(
    location: SleepSession, days: DayRange, _zone: ZoneInfo, _interval: int
) -> list[Request]:
    return [SessionsRequest(location.data_type, days)]


def _points(location: LastPoint, days: DayRange, _zone: ZoneInfo, _interval: int) -> list[Request]:
    return [PointsRequest(location.data_type, None if location.whole_history else days)]


def _intervals(
    location: RollUp, days: DayRange, zone: ZoneInfo, interval_seconds: int
) -> list[Request]:
    if interval_seconds == RAW and location.reading:
        # A day of readings is some pages anyway, and as much as should be in memory as JSON.
        return [
            ReadingsRequest(location.data_type, location.reading, day.start(zone), day.end(zone))
            for day in days.chunks(1)
        ]
    window = timedelta(seconds=interval_seconds)
    page_size = min(MOST_WINDOWS, timedelta(days=cap_days(location.data_type)) // window)
    requests: list[Request] = []
    for start, end in _aligned_stretches(days, zone, window):
        first = start
        while first < end:
            last = min(first + page_size * window, end)
            requests.append(RollUpRequest(location.data_type, first, last, window, page_size))
            first = last
    return requests


def _aligned_stretches(
    days: DayRange, zone: ZoneInfo, window: timedelta
) -> list[tuple[datetime, datetime]]:
    """Stretches of days in which every day begins at a whole number of windows from the first.

    Windows are counted from the start of the range, intervals from the day's first instant: both
    agree as long as no day's length is off the window's grid, which no clock change of this
    century is (they are of 30 or 60 minutes).
    """
    stretches: list[tuple[datetime, datetime]] = []
    start = days.start(zone)
    for part in days.chunks(1):
        if (part.end(zone) - start) % window:
            stretches.append((start, part.end(zone)))
            start = part.end(zone)
    if start < days.end(zone):
        stretches.append((start, days.end(zone)))
    return stretches


PLANNERS: dict[type, Callable[[Any, DayRange, ZoneInfo, int], list[Request]]] = {
    DailyRollUp: _daily_roll_ups,
    RollUp: _intervals,
    DailyPoint: _daily_points,
    SleepSession: _sessions,
    LastPoint: _points,
}
