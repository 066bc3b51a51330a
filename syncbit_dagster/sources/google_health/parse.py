"""From data points to rows of numbers, page by page. JSON ends here.

Rules: unknown fields are ignored; a value that is missing, null or NaN is no value; a field that
is missing from a data point that is there is a zero where the catalogue says that zero is measured
(JSON of protocol buffers leaves zeros out). Everything else is an
:class:`UnexpectedResponseError`, never a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from syncbit_dagster.catalog import Zero
from syncbit_dagster.catalog.locations import (
    DailyPoint,
    DailyRollUp,
    LastPoint,
    RollUp,
    SleepSession,
)
from syncbit_dagster.core.civil import day_start, to_milliseconds
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.google_health import wire
from syncbit_dagster.sources.google_health.client import camel
from syncbit_dagster.sources.google_health.plan import (
    DailyPointsRequest,
    DailyRollUpRequest,
    PointsRequest,
    ReadingsRequest,
    RollUpRequest,
    SessionsRequest,
    parts_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.sources.google_health.plan import Part, Request
    from syncbit_dagster.sources.google_health.wire import Json


class Rows(NamedTuple):
    """Values of one part of one metric, in no order; arrays of one length.

    ``times`` is the timestamp that a sample would have, ``moments`` the instant at which the value
    was measured (both int64 milliseconds); ``values`` are float64, NaN where there is none.
    """

    metric: Metric
    part: Part
    times: npt.NDArray[np.int64]
    moments: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


def parse(
    request: Request, points: list[Any], metrics: Iterable[Metric], zone: ZoneInfo
) -> list[Rows]:
    """What one page of a request's answer holds for these metrics.

    Args:
        request: what was asked.
        points: the page's data points.
        metrics: the rows to fill; those that live elsewhere are left alone.
        zone: the account's zone, for the first instants of civil days.

    Raises:
        UnexpectedResponseError: a value or a time that the API does not document.
    """
    kind, times_of, read = _READERS[type(request)]
    field = camel(request.data_type)
    try:
        present = [point for point in points if point.get(field) is not None]
        values = [point[field] for point in present]
        times, moments = times_of(present, values, zone, request)
        return [
            Rows(metric, part, times, moments, read(values, metric, part, request))
            for metric in metrics
            for part in parts_of(metric)
            if isinstance(part, kind) and part.data_type == request.data_type
        ]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnexpectedResponseError(
            f"A data point of {request.data_type} is not as documented ({type(error).__name__})."
        ) from None


Times = tuple["npt.NDArray[np.int64]", "npt.NDArray[np.int64]"]


def _midnights(days: Iterable[date], zone: ZoneInfo) -> npt.NDArray[np.int64]:
    return np.array([to_milliseconds(day_start(day, zone)) for day in days], dtype=np.int64)


def _day_times(points: list[Json], _values: list[Json], zone: ZoneInfo, _request: Request) -> Times:
    days = _midnights((wire.to_day(one["civilStartTime"]["date"]) for one in points), zone)
    return days, days


def _date_times(
    _points: list[Json], values: list[Json], zone: ZoneInfo, _request: Request
) -> Times:
    days = _midnights((wire.to_day(value["date"]) for value in values), zone)
    return days, days


def _window_times(
    points: list[Json], _values: list[Json], _zone: ZoneInfo, _request: Request
) -> Times:
    starts = wire.to_instants([point["startTime"] for point in points])
    return starts, starts


def _reading_times(
    _points: list[Json], values: list[Json], _zone: ZoneInfo, request: ReadingsRequest
) -> Times:
    kind, field = request.reading.time.split(".")
    instants = wire.to_instants([value[kind][field] for value in values])
    return instants, instants


def _point_times(
    _points: list[Json], values: list[Json], zone: ZoneInfo, _request: Request
) -> Times:
    instants = wire.to_instants([value["sampleTime"]["physicalTime"] for value in values])
    days = (wire.to_day(value["sampleTime"]["civilTime"]["date"]) for value in values)
    return _midnights(days, zone), instants


def _session_times(
    _points: list[Json], values: list[Json], zone: ZoneInfo, _request: Request
) -> Times:
    """A session belongs to the day on which it ended, by the offset that its device had then."""
    spans = [value["interval"] for value in values]
    days = (wire.day_of(span["endTime"], span["endUtcOffset"]) for span in spans)
    return _midnights(days, zone), wire.to_instants([span["endTime"] for span in spans])


Values = "npt.NDArray[np.float64]"


def _absent(metric: Metric) -> float | None:
    return 0 if metric.zero is Zero.MEASURED else None


def _scaled(
    values: list[Json], metric: Metric, part: DailyRollUp | RollUp | LastPoint, _request: Request
) -> npt.NDArray[np.float64]:
    return wire.to_floats(wire.all_at(values, part.path, _absent(metric))) / part.divide_by


def _reading(
    values: list[Json], metric: Metric, part: RollUp, request: ReadingsRequest
) -> npt.NDArray[np.float64]:
    return (
        wire.to_floats(wire.all_at(values, request.reading.path, _absent(metric))) / part.divide_by
    )


def _daily_point(
    values: list[Json], metric: Metric, part: DailyPoint, _request: Request
) -> npt.NDArray[np.float64]:
    numbers = wire.to_floats(wire.all_at(values, part.path, _absent(metric)))
    if part.minus_path:
        numbers = numbers - wire.to_floats(wire.all_at(values, part.minus_path))
    return numbers


def _session(
    values: list[Json], metric: Metric, part: SleepSession, _request: Request
) -> npt.NDArray[np.float64]:
    if part.is_instant:
        numbers = wire.to_unix_seconds(wire.all_at(values, part.path))
    else:
        numbers = wire.to_floats(wire.all_at(values, part.path, _absent(metric)))
    if part.percent_of:
        whole = wire.to_floats(wire.all_at(values, part.percent_of))
        whole[whole == 0] = np.nan
        numbers = numbers / whole * 100
    if part.of == "main sleep":
        is_main = [wire.at(value, "metadata.mainSleep") is True for value in values]
        numbers = np.where(is_main, numbers, np.nan)
    return numbers


# For each kind of request: the locations it serves, where its data points carry their time, and
# how a value is read.
_READERS: dict[type, tuple[type, Callable[..., Times], Callable[..., Any]]] = {
    DailyRollUpRequest: (DailyRollUp, _day_times, _scaled),
    RollUpRequest: (RollUp, _window_times, _scaled),
    ReadingsRequest: (RollUp, _reading_times, _reading),
    DailyPointsRequest: (DailyPoint, _date_times, _daily_point),
    SessionsRequest: (SleepSession, _session_times, _session),
    PointsRequest: (LastPoint, _point_times, _scaled),
}
