"""From days and metrics to the fewest requests that the API's ranges allow. Pure functions.

A series, a log or a nightly value is asked for by range, both ends included; the longest ranges
are below. Metrics of one series share a request. Intraday values are asked for day by day, there
is no other way. All of a single day's activity and heart rate is in one summary, which the assets
``activity_summary`` and ``heart_rate`` therefore share; it has distances to 10 m only, so that
longer ranges are never put together from summaries.

Sources: Fitbit's own reference; where it says nothing (oxygen, variability, breathing, fitness,
logs), what its clients found to work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from syncbit_dagster.catalog.locations import (
    BodyLog,
    Difference,
    IntradaySeries,
    NightlyValue,
    SleepLog,
    TimeSeries,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from zoneinfo import ZoneInfo

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.core.civil import DayRange

HEART = "heart"
SERIES_DAYS = 1095
HEART_DAYS = 365
SLEEP_DAYS = 100
NIGHTLY_DAYS = 30
BODY_DAYS = 31
LEVELS = {1: "1sec", 60: "1min", 300: "5min", 900: "15min"}

_USER = "/1/user/-"

Part = TimeSeries | NightlyValue | SleepLog | BodyLog | IntradaySeries

# Each request knows its path, what kind of data it is for, and which parts of metrics it holds.


@dataclass(frozen=True)
class SummaryRequest:
    """All of one day's activity, and its heart rate."""

    days: DayRange

    @property
    def kind(self) -> str:
        return "summary"

    @property
    def path(self) -> str:
        return f"{_USER}/activities/date/{self.days.first}.json"

    def holds(self, part: Part) -> bool:
        return isinstance(part, TimeSeries) and part.in_summary is not None


@dataclass(frozen=True)
class SeriesRequest:
    """One activity's daily values."""

    resource: str
    days: DayRange

    @property
    def kind(self) -> str:
        return self.resource

    @property
    def path(self) -> str:
        return f"{_USER}/activities/{self.resource}/date/{_range(self.days)}.json"

    def holds(self, part: Part) -> bool:
        return isinstance(part, TimeSeries) and part.resource == self.resource


@dataclass(frozen=True)
class NightlyRequest:
    """One endpoint's nightly values; ``key`` names their list in the answer, if it has a name."""

    endpoint: str
    key: str | None
    days: DayRange

    @property
    def kind(self) -> str:
        return self.endpoint

    @property
    def path(self) -> str:
        return f"{_USER}/{self.endpoint}/date/{_range(self.days)}.json"

    def holds(self, part: Part) -> bool:
        return isinstance(part, NightlyValue) and part.endpoint == self.endpoint


@dataclass(frozen=True)
class SleepRequest:
    """The sleep logs that belong to some days."""

    days: DayRange

    @property
    def kind(self) -> str:
        return "sleep"

    @property
    def path(self) -> str:
        return f"/1.2/user/-/sleep/date/{_range(self.days)}.json"

    def holds(self, part: Part) -> bool:
        return isinstance(part, SleepLog)


@dataclass(frozen=True)
class BodyRequest:
    """The entries of the log of weights."""

    days: DayRange

    @property
    def kind(self) -> str:
        return "weight"

    @property
    def path(self) -> str:
        return f"{_USER}/body/log/weight/date/{_range(self.days)}.json"

    def holds(self, part: Part) -> bool:
        return isinstance(part, BodyLog)


@dataclass(frozen=True)
class IntradayRequest:
    """One activity's values in the intervals of one day."""

    resource: str
    days: DayRange
    interval_seconds: int

    @property
    def kind(self) -> str:
        return f"{self.resource} intraday"

    @property
    def path(self) -> str:
        level = LEVELS[self.interval_seconds]
        return f"{_USER}/activities/{self.resource}/date/{self.days.first}/1d/{level}.json"

    def holds(self, part: Part) -> bool:
        return isinstance(part, IntradaySeries) and part.resource == self.resource


Request = (
    SummaryRequest | SeriesRequest | NightlyRequest | SleepRequest | BodyRequest | IntradayRequest
)


def plan(
    metrics: Iterable[Metric],
    days: DayRange,
    zone: ZoneInfo,
    interval_seconds: int,
    *,
    summary_has_heart: bool = True,
) -> list[Request]:
    """The requests that together give these metrics for these days, each day once.

    Args:
        metrics: rows that :func:`is_plannable` accepts.
        days: civil days; one that the account's clocks skipped is not asked for by itself.
        zone: the account's zone.
        interval_seconds: length of an intraday interval, a key of :data:`LEVELS`.
        summary_has_heart: whether the heart rate is to be looked for in a day's summary.
    """
    if days.start(zone) == days.end(zone):
        return []
    parts = dict.fromkeys(part for metric in metrics for part in parts_of(metric))
    requests: list[Request] = []
    for part in parts:
        if _is_in_summary(part, days, summary_has_heart=summary_has_heart):
            requests.append(SummaryRequest(days))
        else:
            requests += PLANNERS[type(part)](part, days, zone, interval_seconds)
    return list(dict.fromkeys(requests))


def is_plannable(metric: Metric) -> bool:
    """Whether the API has this metric in a way that this module knows to ask for."""
    return bool(parts_of(metric))


def parts_of(metric: Metric) -> tuple[Part, ...]:
    """The places in the API that a metric is made from; none if nobody knows how."""
    location = metric.fitbit_web
    if isinstance(location, Difference):
        return (location.value, location.minus)
    return (location,) if isinstance(location, Part) else ()


def _is_in_summary(part: Part, days: DayRange, *, summary_has_heart: bool) -> bool:
    return (
        len(days) == 1
        and isinstance(part, TimeSeries)
        and part.in_summary is not None
        and (part.resource != HEART or summary_has_heart)
    )


def _series(location: TimeSeries, days: DayRange, *_: object) -> list[Request]:
    longest = HEART_DAYS if location.resource == HEART else SERIES_DAYS
    return [SeriesRequest(location.resource, part) for part in days.chunks(longest)]


def _nightly(location: NightlyValue, days: DayRange, *_: object) -> list[Request]:
    chunks = days.chunks(NIGHTLY_DAYS)
    return [NightlyRequest(location.endpoint, location.key, part) for part in chunks]


def _sleep(_location: SleepLog, days: DayRange, *_: object) -> list[Request]:
    return [SleepRequest(part) for part in days.chunks(SLEEP_DAYS)]


def _body(_location: BodyLog, days: DayRange, *_: object) -> list[Request]:
    return [BodyRequest(part) for part in days.chunks(BODY_DAYS)]


def _intraday(
    location: IntradaySeries, days: DayRange, zone: ZoneInfo, interval_seconds: int
) -> list[Request]:
    return [
        IntradayRequest(location.resource, day, interval_seconds)
        for day in days.chunks(1)
        if day.start(zone) < day.end(zone)
    ]


def _range(days: DayRange) -> str:
    return f"{days.first}/{days.last}"


PLANNERS: dict[type, Callable[[Any, DayRange, ZoneInfo, int], list[Request]]] = {
    TimeSeries: _series,
    NightlyValue: _nightly,
    SleepLog: _sleep,
    BodyLog: _body,
    IntradaySeries: _intraday,
}
