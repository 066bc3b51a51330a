"""From answers to rows of numbers. JSON ends here.

Rules: unknown fields are ignored; a value that is missing or null is no value; days that were not
asked for are left out. Everything else is an :class:`UnexpectedResponseError`, never a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from syncbit_dagster.core.civil import day_end, day_start, to_milliseconds
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.fitbit_web import sleep, wire
from syncbit_dagster.sources.fitbit_web.intraday import read_intervals
from syncbit_dagster.sources.fitbit_web.plan import (
    BodyRequest,
    IntradayRequest,
    NightlyRequest,
    SeriesRequest,
    SleepRequest,
    SummaryRequest,
    parts_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.catalog.locations import BodyLog, NightlyValue, SleepLog, TimeSeries
    from syncbit_dagster.sources.fitbit_web.plan import Part, Request
    from syncbit_dagster.sources.fitbit_web.wire import Json


class Rows(NamedTuple):
    """Values of one part of one metric; arrays of one length.

    ``times`` is the timestamp that a sample would have, ``moments`` the order in which the values
    of one timestamp were measured (both int64 milliseconds); ``values`` are float64, NaN where
    there is none.
    """

    metric: Metric
    part: Part
    times: npt.NDArray[np.int64]
    moments: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


class Parsed(NamedTuple):
    """What an answer holds, and what a reader should know about a day of it."""

    rows: list[Rows]
    notes: dict[date, str]


def parse(request: Request, answer: Any, metrics: Iterable[Metric], zone: ZoneInfo) -> Parsed:
    """What a request's answer holds for these metrics.

    Args:
        request: what was asked.
        answer: the answer's JSON; None where the API has nothing for these nights.
        metrics: the rows to fill; those that live elsewhere are left alone.
        zone: the account's zone.

    Raises:
        UnexpectedResponseError: an answer that the API does not document.
        PermissionMissingError: an answer without the values that only some apps may have.
    """
    wanted = [
        (metric, part) for metric in metrics for part in parts_of(metric) if request.holds(part)
    ]
    try:
        if isinstance(request, IntradayRequest):
            times, values, note = read_intervals(request, answer, zone)
            rows = [Rows(metric, part, times, times, values) for metric, part in wanted]
            return Parsed(rows, {request.days.first: note} if note else {})
        return Parsed(_daily(request, answer, wanted, zone), {})
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnexpectedResponseError(
            f"The answer to {request.path} is not as documented ({type(error).__name__})."
        ) from None


def _daily(
    request: Request, answer: Any, wanted: list[tuple[Metric, Part]], zone: ZoneInfo
) -> list[Rows]:
    entries_of, day_of, moment_of, value_of = _READERS[type(request)]
    found = [(day_of(request, entry), entry) for entry in entries_of(request, answer)]
    # A day that clocks skipped has no instant of its own: its values would be the next day's.
    found = [
        (day, entry)
        for day, entry in found
        if request.days.first <= day <= request.days.last
        and day_start(day, zone) < day_end(day, zone)
    ]
    if isinstance(request, SeriesRequest | NightlyRequest):
        _require_different([day for day, _ in found])
    times = np.array([to_milliseconds(day_start(day, zone)) for day, _ in found], np.int64)
    moments = np.array([moment_of(entry) for _, entry in found], np.int64)
    return [
        Rows(
            metric,
            part,
            times,
            moments,
            wire.to_floats([value_of(entry, part, zone) for _, entry in found]),
        )
        for metric, part in wanted
    ]


def _require_different(days: list[date]) -> None:
    if len(set(days)) != len(days):
        raise ValueError("a day comes twice")


def _at_once(_entry: Json) -> int:
    return 0


def _summary_entries(_request: SummaryRequest, answer: Json) -> list[Json]:
    answer["summary"].keys()  # an object
    return [answer]


def _summary_day(request: SummaryRequest, _answer: Json) -> date:
    return request.days.first


def _summary_value(answer: Json, part: TimeSeries, _zone: ZoneInfo) -> Any:
    assert part.in_summary is not None  # noqa: S101 - the request holds only such parts
    return wire.at(answer, part.in_summary)


def _series_entries(request: SeriesRequest, answer: Json) -> list[Json]:
    entries: list[Json] = answer[f"activities-{request.resource}"]
    return entries


def _day(_request: Request, entry: Json) -> date:
    return wire.to_day(entry["dateTime"])


def _series_value(entry: Json, part: TimeSeries, _zone: ZoneInfo) -> Any:
    value = wire.at(entry, part.path)
    if value is None and part.absent_is_zero and wire.at(entry, "value") is not None:
        return 0
    return value


def _nightly_entries(request: NightlyRequest, answer: Any) -> list[Json]:
    if answer is None:
        return []
    entries: list[Json] | Json = answer[request.key] if request.key else answer
    return [entries] if isinstance(entries, dict) else entries  # of one day, it may be no list


def _nightly_value(entry: Json, part: NightlyValue, _zone: ZoneInfo) -> Any:
    value = wire.at(entry, part.path)
    return wire.to_middle(value) if part.is_range else value


def _sleep_entries(_request: SleepRequest, answer: Json) -> list[Json]:
    return sleep.unique(answer["sleep"] if "sleep" in answer else _pending(answer))


def _pending(answer: Json) -> list[Json]:
    """No log yet: it is still worked on. Anything else without logs is no answer."""
    if answer["meta"]["state"] != "pending":
        raise ValueError("neither logs nor a pending state")
    return []


def _sleep_day(_request: SleepRequest, log: Json) -> date:
    return wire.to_day(log["dateOfSleep"])


def _sleep_value(log: Json, part: SleepLog, zone: ZoneInfo) -> Any:
    return sleep.field(log, part, zone)


def _body_entries(_request: BodyRequest, answer: Json) -> list[Json]:
    entries: list[Json] = answer["weight"]
    return entries


def _body_day(_request: BodyRequest, entry: Json) -> date:
    return wire.to_day(entry["date"])


def _body_moment(entry: Json) -> int:
    return int(wire.to_seconds_of_day([entry["time"]])[0])


def _body_value(entry: Json, part: BodyLog, _zone: ZoneInfo) -> Any:
    return wire.at(entry, part.path)


# For each kind of request: the entries of its answer, the day of an entry, the order of entries of
# one day, and how a value is read.
_READERS: dict[
    type,
    tuple[
        Callable[..., list[Json]], Callable[..., date], Callable[[Json], int], Callable[..., Any]
    ],
] = {
    SummaryRequest: (_summary_entries, _summary_day, _at_once, _summary_value),
    SeriesRequest: (_series_entries, _day, _at_once, _series_value),
    NightlyRequest: (_nightly_entries, _day, _at_once, _nightly_value),
    SleepRequest: (_sleep_entries, _sleep_day, _at_once, _sleep_value),
    BodyRequest: (_body_entries, _body_day, _body_moment, _body_value),
}
