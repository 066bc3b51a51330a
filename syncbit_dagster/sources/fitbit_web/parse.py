"""From answers to rows of numbers. JSON ends here.

Rules: unknown fields are ignored; a value that is missing or null is no value; days that were not
asked for are left out. An entry, or a value of it, that cannot be read is set aside; the others
count. An answer of another shape is an :class:`UnexpectedResponseError`, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from syncbit_dagster.core.civil import day_end, day_start, to_milliseconds
from syncbit_dagster.sources import wire
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.fitbit_web import sleep
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
from syncbit_dagster.sources.fitbit_web.wire import to_middle, to_seconds_of_day
from syncbit_dagster.sources.rows import Rows
from syncbit_dagster.sources.set_aside import (
    BAD_TIME,
    BAD_VALUE,
    OUTSIDE,
    RENAMED,
    SetAside,
    counted,
)
from syncbit_dagster.sources.verdict import Shape, of_elements, of_list
from syncbit_dagster.sources.wire import ODD, RenamedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from zoneinfo import ZoneInfo

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.catalog.locations import BodyLog, NightlyValue, SleepLog, TimeSeries
    from syncbit_dagster.sources.fitbit_web.plan import Part, Request
    from syncbit_dagster.sources.wire import Json

_BESIDE = frozenset({"dateTime", "date", "logId", "source", "time", "meta", "pagination"})


class Parsed(NamedTuple):
    """What an answer holds, what a reader should know about a day of it, what was set aside."""

    rows: list[Rows]
    notes: dict[date, str]
    set_aside: list[SetAside]


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
    names = tuple(dict.fromkeys(metric.name for metric, _ in wanted))
    try:
        if isinstance(request, IntradayRequest):
            found = read_intervals(request, answer, zone)
            rows = [
                Rows(metric, part, found.times, found.times, found.values)
                for metric, part in wanted
            ]
            day = request.days.first
            left_out = [SetAside(day, request.kind, one, names) for one in found.left_out]
            return Parsed(rows, {day: found.note} if found.note else {}, counted(left_out))
        return _Daily(request, wanted, names, zone).parse(answer)
    except ODD as error:
        raise _unreadable(request, type(error).__name__) from None


class _Daily:
    """An answer with values of days on its way to numbers."""

    def __init__(
        self,
        request: Request,
        wanted: list[tuple[Metric, Part]],
        names: tuple[str, ...],
        zone: ZoneInfo,
    ) -> None:
        self.request, self.wanted, self.names, self.zone = request, wanted, names, zone
        self.reader = _READERS[type(request)]
        self.set_aside: list[SetAside] = []

    def parse(self, answer: Any) -> Parsed:
        entries = self._readable(self.reader.entries(self.request, answer))
        placed = [one for entry in entries if (one := self._place(entry)) is not None]
        if isinstance(self.request, SleepRequest):
            placed = sleep.nights(placed)
        days = [day for day, _, _ in placed]
        times = np.array([to_milliseconds(day_start(day, self.zone)) for day in days], np.int64)
        moments = np.array([moment for _, moment, _ in placed], np.int64)
        rows = [
            Rows(metric, part, times, moments, np.array(self._values(metric, part, placed)))
            for metric, part in self.wanted
        ]
        return Parsed(rows, {}, counted(self.set_aside))

    def _readable(self, entries: list[Any]) -> list[Json]:
        fields = {wire.head(self.reader.path(part)) for _, part in self.wanted}
        verdict = of_elements(entries, Shape("", frozenset(fields) | self.reader.fields, _BESIDE))
        if verdict.state == "unreadable":
            raise _unreadable(self.request, verdict.reason)
        for number, reason in verdict.odd.items():
            self._leave_out(self._day_of(entries[number]), reason, self.names)
        return [entry for number, entry in enumerate(entries) if number not in verdict.odd]

    def _place(self, entry: Json) -> tuple[date, int, Json] | None:
        """An entry with its day and its order within that; None: it does not count."""
        try:
            day, moment = self.reader.day(self.request, entry), self.reader.moment(entry)
        except ODD:
            self._leave_out(None, BAD_TIME, self.names)
            return None
        if not self.request.days.first <= day <= self.request.days.last:
            self._leave_out(None, OUTSIDE, ())
            return None
        # A day that clocks skipped has no instant of its own: its values would be the next day's.
        is_real = day_start(day, self.zone) < day_end(day, self.zone)
        return (day, moment, entry) if is_real else None

    def _values(
        self, metric: Metric, part: Part, placed: list[tuple[date, int, Json]]
    ) -> list[float]:
        numbers, renamed = [], 0
        for day, _, entry in placed:
            try:
                numbers.append(wire.to_floats([self.reader.value(entry, part, self.zone)]).item())
            except ODD as error:
                is_renamed = isinstance(error, RenamedError)
                renamed += is_renamed
                self._leave_out(day, RENAMED if is_renamed else BAD_VALUE, (metric.name,))
                numbers.append(np.nan)
        if renamed and renamed == len(placed):
            raise _unreadable(self.request, RENAMED)
        return numbers

    def _day_of(self, entry: Any) -> date | None:
        try:
            return self.reader.day(self.request, entry)
        except ODD:
            return None

    def _leave_out(self, day: date | None, reason: str, metrics: tuple[str, ...]) -> None:
        self.set_aside.append(SetAside(day, self.request.kind, reason, metrics))


def _unreadable(request: Request, why: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"The answer to {request.path} is not as documented ({why}); nothing of it counts."
    )


def _listed(answer: Any, key: str) -> list[Any]:
    verdict = of_list(answer, key, others=_BESIDE, may_be_left_out=False)
    if verdict.state == "unreadable":
        raise ValueError(verdict.reason)
    found: list[Any] = answer[key]
    return found


def _at_once(_entry: Json) -> int:
    return 0


def _summary_entries(_request: SummaryRequest, answer: Json) -> list[Any]:
    if not isinstance(answer["summary"], dict):
        raise TypeError("a summary is expected")
    return [answer]


def _summary_day(request: SummaryRequest, _answer: Json) -> date:
    return request.days.first


def _summary_value(answer: Json, part: TimeSeries, _zone: ZoneInfo) -> Any:
    assert part.in_summary is not None  # noqa: S101 - the request holds only such parts
    return wire.at(answer, part.in_summary)


def _series_entries(request: SeriesRequest, answer: Any) -> list[Any]:
    return _listed(answer, f"activities-{request.resource}")


def _day(_request: Request, entry: Json) -> date:
    return wire.to_day(entry["dateTime"])


def _series_value(entry: Json, part: TimeSeries, _zone: ZoneInfo) -> Any:
    value = wire.at(entry, part.path)
    if value is None and part.absent_is_zero and (whole := wire.at(entry, "value")) is not None:
        if not all(name.endswith("ActiveZoneMinutes") for name in whole.keys() - _OF_ZONES):
            raise RenamedError("a field that nobody documents")
        return 0
    return value


_OF_ZONES = frozenset({"activeZoneMinutes"})


def _nightly_entries(request: NightlyRequest, answer: Any) -> list[Any]:
    if answer is None:
        return []
    if isinstance(answer, dict) and request.key in answer:
        entries = answer[request.key]
    elif isinstance(answer, dict) and request.key and not answer:
        raise ValueError(f"has no `{request.key}`")
    else:
        entries = answer if request.key is None else _listed(answer, request.key)
    if isinstance(entries, dict):  # of one day, it may be no list
        return [entries] if entries else []
    if not isinstance(entries, list):
        raise TypeError("a list is expected")
    return entries


def _nightly_value(entry: Json, part: NightlyValue, _zone: ZoneInfo) -> Any:
    value = wire.at(entry, part.path)
    return to_middle(value) if part.is_range else value


def _sleep_entries(_request: SleepRequest, answer: Any) -> list[Any]:
    if "sleep" in answer:
        return _listed(answer, "sleep")
    if answer["meta"]["state"] != "pending":  # no log yet: it is still worked on
        raise ValueError("neither logs nor a pending state")
    return []


def _sleep_day(_request: SleepRequest, log: Json) -> date:
    """The day on which a log ended, by the wall clock of its device."""
    return wire.to_day(log["dateOfSleep"] if log.get("dateOfSleep") else log["endTime"][:10])


def _sleep_value(log: Json, part: SleepLog, zone: ZoneInfo) -> Any:
    return sleep.field(log, part, zone)


def _body_entries(_request: BodyRequest, answer: Any) -> list[Any]:
    return _listed(answer, "weight")


def _body_day(_request: BodyRequest, entry: Json) -> date:
    return wire.to_day(entry["date"])


def _body_moment(entry: Json) -> int:
    return int(to_seconds_of_day([entry["time"]])[0])


def _body_value(entry: Json, part: BodyLog, _zone: ZoneInfo) -> Any:
    return wire.at(entry, part.path)


def _path(part: Part) -> str:
    return getattr(part, "path", "value")


@dataclass(frozen=True)
class _Reader:
    """How the answer to one kind of request is read.

    Attributes:
        entries: the answer's entries.
        day: of an entry.
        value: of a part in an entry.
        moment: the order of entries of one day.
        path: where a part's value stands.
        fields: other fields of an entry with values.
    """

    entries: Callable[..., list[Any]]
    day: Callable[..., date]
    value: Callable[..., Any]
    moment: Callable[[Json], int] = _at_once
    path: Callable[[Any], str] = _path
    fields: frozenset[str] = frozenset()


_READERS: dict[type, _Reader] = {
    SummaryRequest: _Reader(
        _summary_entries, _summary_day, _summary_value, path=lambda part: part.in_summary
    ),
    SeriesRequest: _Reader(_series_entries, _day, _series_value),
    NightlyRequest: _Reader(_nightly_entries, _day, _nightly_value),
    SleepRequest: _Reader(
        _sleep_entries, _sleep_day, _sleep_value, fields=frozenset({"levels", "timeInBed"})
    ),
    BodyRequest: _Reader(_body_entries, _body_day, _body_value, _body_moment),
}
