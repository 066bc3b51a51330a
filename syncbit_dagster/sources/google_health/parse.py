"""From data points to rows of numbers, page by page. JSON ends here.

Rules: unknown fields are ignored; a value that is missing or null is no value; a field that is
missing from a data point that is there is a zero where the catalogue says that zero is measured
(JSON of protocol buffers leaves zeros out), unless a field that nobody documents stands there.
A point, or a value of it, that cannot be read is set aside; the others count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from syncbit_dagster.catalog import METRICS, Zero
from syncbit_dagster.catalog.locations import (
    DailyPoint,
    DailyRollUp,
    LastPoint,
    RollUp,
    SleepSession,
)
from syncbit_dagster.core.civil import civil_day, day_end, day_start, to_milliseconds
from syncbit_dagster.sources import wire
from syncbit_dagster.sources.asking import days_of
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.google_health import sleep, times
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
from syncbit_dagster.sources.rows import Rows
from syncbit_dagster.sources.set_aside import (
    BAD_TIME,
    BAD_VALUE,
    OFF_GRID,
    OUTSIDE,
    RENAMED,
    SetAside,
    counted,
)
from syncbit_dagster.sources.verdict import Shape, of_elements
from syncbit_dagster.sources.wire import ODD, RenamedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.sources.google_health.plan import Part, Request
    from syncbit_dagster.sources.wire import Json

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]

# Fields of a point, or of its value, that are documented and hold no value.
_OF_POINTS = frozenset(
    {"civilEndTime", "civilStartTime", "dataPointName", "dataSource", "endTime", "name"}
    | {"startTime"}
)
_OF_VALUES = frozenset({"createTime", "date", "interval", "metadata", "sampleTime", "updateTime"})
# Documented values that the catalogue has no row for; where one stands, nothing is renamed.
_OPTIONAL = frozenset(
    {"baselineTemperatureCelsius", "relativeNightlyStddev30dCelsius", "standardDeviationPercentage"}
    | {"entropy", "nonRemHeartRateBeatsPerMinute", "cardioFitnessLevel", "estimated"}
    | {"vo2MaxCovariance", "beatsPerMinuteMax", "beatsPerMinuteMin"}
)
_OF_STAGES = frozenset(["ASLEEP", "AWAKE", "DEEP", "LIGHT", "REM", "RESTLESS"])


class Parsed(NamedTuple):
    """What a page holds, and what of it could not be read."""

    rows: list[Rows]
    set_aside: list[SetAside]


def parse(request: Request, points: list[Any], metrics: Iterable[Metric], zone: ZoneInfo) -> Parsed:
    """What one page of a request's answer holds for these metrics.

    Args:
        request: what was asked.
        points: the page's data points.
        metrics: the rows to fill; those that live elsewhere are left alone.
        zone: the account's zone, for the first instants of civil days.

    Raises:
        UnexpectedResponseError: a documented field is renamed in all of the points.
    """
    reader = _READERS[type(request)]
    wanted = [
        (metric, part)
        for metric in metrics
        for part in parts_of(metric)
        if isinstance(part, reader.part) and part.data_type == request.data_type
    ]
    if not wanted:
        return Parsed([], [])
    page = _Page(request, reader, wanted, zone)
    kept = page.placed(page.readable(points))
    rows = [page.values(metric, part, kept) for metric, part in wanted]
    page.name_unknown_choices(kept)
    return Parsed(rows, counted(page.set_aside))


class _Placed(NamedTuple):
    """Data points' values with their times, one element a point."""

    values: list[Json]
    times: Instants
    moments: Instants

    def where(self, kept: npt.NDArray[np.bool_]) -> _Placed:
        if kept.all():
            return self
        values = [value for value, is_kept in zip(self.values, kept, strict=True) if is_kept]
        return _Placed(values, self.times[kept], self.moments[kept])


class _Page:
    """One page on its way from JSON to numbers; ``set_aside`` is what did not get through."""

    def __init__(
        self, request: Request, reader: _Reader, wanted: list[tuple[Metric, Part]], zone: ZoneInfo
    ) -> None:
        self.request, self.reader, self.wanted, self.zone = request, reader, wanted, zone
        self.field = camel(request.data_type)
        self.metrics = tuple(dict.fromkeys(metric.name for metric, _ in wanted))
        self.set_aside: list[SetAside] = []

    def readable(self, points: list[Any]) -> list[Json]:
        """The points that have their value's field; of a night, each sleep once and complete."""
        paths = [self.reader.path(part, self.request) for _, part in self.wanted]
        is_roll_up = isinstance(self.request, DailyRollUpRequest | RollUpRequest)
        verdict = of_elements(
            points,
            Shape(
                self.field,
                frozenset(map(wire.head, paths)) | _OPTIONAL,
                _OF_POINTS | _OF_VALUES,
                may_be_empty=is_roll_up
                or any(metric.zero is Zero.MEASURED for metric, _ in self.wanted),
            ),
        )
        if verdict.state == "unreadable":
            raise self._renamed()
        for number, reason in verdict.odd.items():
            self.leave_out(self._day_of(points[number]), reason)
        return [
            point
            for number, point in enumerate(points)
            if number not in verdict.odd and point.get(self.field) is not None
        ]

    def placed(self, points: list[Json]) -> _Placed:
        """The points within the days that were asked for, with their times."""
        try:
            found = self._place(points)
        except ODD:
            found = self._place_each(points)
        if isinstance(self.request, SessionsRequest):
            values, kept = sleep.nights(
                found.values,
                found.times,
                found.moments,
                lambda day, reason, is_hole: self.leave_out(
                    self._civil(day), reason, None if is_hole else ()
                ),
            )
            found = found._replace(values=values).where(kept)
        return self._within(found)

    def values(self, metric: Metric, part: Part, placed: _Placed) -> Rows:
        """A metric's values; those that cannot be read are NaN and set aside."""
        try:
            numbers = self.reader.read(placed.values, metric, part, self.request)
        except ODD:
            numbers = self._read_each(metric, part, placed)
        return Rows(metric, part, placed.times, placed.moments, numbers)

    def name_unknown_choices(self, placed: _Placed) -> None:
        """Elements of lists that stand for something that nobody documents, such as a new zone."""
        choices: dict[tuple[str, str], set[str]] = {}
        for _, part in self.wanted:
            for way, key, wanted in wire.choices_in(self.reader.path(part, self.request)):
                choices.setdefault((way, key), set()).add(wanted)
        for (way, key), known in choices.items():
            for value, time in zip(placed.values, placed.times.tolist(), strict=True):
                try:
                    names = {one.get(key) for one in wire.at(value, way) or []}
                except ODD:
                    continue  # set aside already
                if not names <= known | _OF_STAGES:
                    self.leave_out(self._civil(time), f"an unknown `{key}`")

    def leave_out(
        self, day: date | None, reason: str, metrics: tuple[str, ...] | None = None
    ) -> None:
        names = self.metrics if metrics is None else metrics
        self.set_aside.append(SetAside(day, self.request.data_type, reason, names))

    def _place(self, points: list[Json]) -> _Placed:
        values = [point[self.field] for point in points]
        days, moments = self.reader.times(points, values, self.request)
        if days is None and moments is not None:
            return _Placed(values, moments, moments)
        # A day that clocks skipped has no instant of its own: its values would be the next day's.
        is_real = [day_start(day, self.zone) < day_end(day, self.zone) for day in days or ()]
        starts = [to_milliseconds(day_start(day, self.zone)) for day in days or ()]
        midnights = np.array(starts, dtype=np.int64)
        found = _Placed(values, midnights, midnights if moments is None else moments)
        return found.where(np.array(is_real, dtype=np.bool_))

    def _place_each(self, points: list[Json]) -> _Placed:
        """One by one, where the times of one cannot be read."""
        found = [_Placed([], np.empty(0, np.int64), np.empty(0, np.int64))]
        window = self.request.window if isinstance(self.request, RollUpRequest) else None
        for point in points:
            try:
                found.append(self._place([point]))
            except ODD:
                try:
                    whole = times.completed(point, self.field, self.zone, window)
                    found.append(self._place([whole]))
                except ODD:
                    self.leave_out(self._day_of(point), BAD_TIME)
        return _Placed(
            [value for one in found for value in one.values],
            np.concatenate([one.times for one in found]),
            np.concatenate([one.moments for one in found]),
        )

    def _within(self, found: _Placed) -> _Placed:
        request = self.request
        if isinstance(request, RollUpRequest | ReadingsRequest):
            start, end = request.start, request.end
        elif request.days is None:
            return found
        else:
            start, end = request.days.start(self.zone), request.days.end(self.zone)
        low, high = to_milliseconds(start), to_milliseconds(end)
        is_inside = (found.times >= low) & (found.times < high)
        for _ in range(int((~is_inside).sum())):
            self.leave_out(None, OUTSIDE, metrics=())
        found = found.where(is_inside)
        if isinstance(request, RollUpRequest):
            seconds = int(request.window.total_seconds() * 1000)
            is_on_grid = (found.times - low) % seconds == 0
            for time in found.times[~is_on_grid].tolist():
                self.leave_out(self._civil(time), OFF_GRID)
            found = found.where(is_on_grid)
        return found

    def _read_each(self, metric: Metric, part: Part, placed: _Placed) -> Floats:
        numbers, renamed = np.full(len(placed.values), np.nan), 0
        for n, value in enumerate(placed.values):
            try:
                numbers[n] = self.reader.read([value], metric, part, self.request).item()
            except ODD as error:
                is_renamed = isinstance(error, RenamedError)
                renamed += is_renamed
                reason = RENAMED if is_renamed else BAD_VALUE
                self.leave_out(self._civil(placed.times[n].item()), reason, (metric.name,))
        if renamed == len(placed.values):
            raise self._renamed()
        return numbers

    def _renamed(self) -> UnexpectedResponseError:
        return UnexpectedResponseError(
            f"All data points of {self.request.data_type} lack a documented field and have "
            "another one: nothing of them can be read. See whether there is a newer version of "
            "syncbit_dagster."
        )

    def _day_of(self, point: Any) -> date | None:
        """The day of a point that cannot be read, if it says one."""
        found = None
        if isinstance(point, dict):
            others = [one for one in point.values() if isinstance(one, dict)]
            found = times.any_day([point, *others], self.zone)
        days = days_of(self.request, self.zone)
        return days.first if found is None and days and len(days) == 1 else found

    def _civil(self, time: int) -> date:
        return civil_day(datetime.fromtimestamp(time / 1000, UTC), self.zone)


def _day_times(points: list[Json], _values: list[Json], _request: Request) -> Any:
    return [times.to_civil_day(one["civilStartTime"]["date"]) for one in points], None


def _date_times(_points: list[Json], values: list[Json], _request: Request) -> Any:
    return [times.to_civil_day(value["date"]) for value in values], None


def _window_times(points: list[Json], _values: list[Json], _request: Request) -> Any:
    return None, times.to_instants([point["startTime"] for point in points])


def _reading_times(_points: list[Json], values: list[Json], request: ReadingsRequest) -> Any:
    kind, field = request.reading.time.split(".")
    return None, times.to_instants([value[kind][field] for value in values])


def _point_times(_points: list[Json], values: list[Json], _request: Request) -> Any:
    spans = [value["sampleTime"] for value in values]
    days = [times.to_civil_day(span["civilTime"]["date"]) for span in spans]
    return days, times.to_instants([span["physicalTime"] for span in spans])


def _session_times(_points: list[Json], values: list[Json], _request: Request) -> Any:
    """A session belongs to the day on which it ended, by the offset that its device had then."""
    spans = [value["interval"] for value in values]
    days = [times.day_of(span["endTime"], span["endUtcOffset"]) for span in spans]
    return days, times.to_instants([span["endTime"] for span in spans])


def _numbers(values: list[Json], metric: Metric, part: Any, path: str) -> Floats:
    if metric.zero is not Zero.MEASURED:
        return wire.to_floats(wire.all_at(values, path))
    known = _documented(type(part).__name__, part.data_type, path)
    return wire.to_floats(wire.all_at(values, path, 0, known))


def _scaled(
    values: list[Json], metric: Metric, part: DailyRollUp | RollUp | LastPoint, request: Request
) -> Floats:
    return _numbers(values, metric, part, _path(part, request)) / part.divide_by


def _daily_point(values: list[Json], metric: Metric, part: DailyPoint, _request: Request) -> Floats:
    numbers = _numbers(values, metric, part, part.path)
    if part.minus_path:
        # The baseline of the first nights is "NaN", as documented.
        numbers = numbers - wire.to_floats(wire.all_at(values, part.minus_path), nan=True)
    return numbers


def _session(values: list[Json], metric: Metric, part: SleepSession, _request: Request) -> Floats:
    if part.is_instant:
        texts = wire.all_at(values, part.path)
        if None in texts:
            raise KeyError("a session has both its ends")
        numbers = times.to_unix_seconds(texts)
    else:
        numbers = _numbers(values, metric, part, part.path)
    if part.percent_of:
        whole = wire.to_floats(wire.all_at(values, part.percent_of))
        whole[whole == 0] = np.nan
        numbers = numbers / whole * 100
    if part.of == "main sleep":
        is_main = [wire.at(value, "metadata.mainSleep") is True for value in values]
        numbers = np.where(is_main, numbers, np.nan)
    return numbers


def _path(part: Part, request: Request) -> str:
    """Where a part's value stands in the answer to this kind of request."""
    return request.reading.path if isinstance(request, ReadingsRequest) else part.path


@cache
def _documented(kind: str, data_type: str, path: str) -> frozenset[str]:
    """All names that may stand beside a missing field which then is a zero."""
    paths = {
        part.path
        for metric in METRICS
        for part in parts_of(metric)
        if type(part).__name__ == kind and part.data_type == data_type
    }
    paths = paths if path in paths else {path}  # a single reading has one field alone
    names = frozenset(name for one in paths for name in wire.names_in(one))
    return names | _OF_VALUES | (sleep.DOCUMENTED if kind == SleepSession.__name__ else frozenset())


@dataclass(frozen=True)
class _Reader:
    """How the answer to one kind of request is read.

    Attributes:
        part: the locations that it serves.
        times: the points' civil days (None: they are no days) and instants (None: the days').
        read: a metric's values.
        path: where a part's value stands.
    """

    part: type
    times: Callable[..., tuple[list[date] | None, Instants | None]]
    read: Callable[..., Floats]
    path: Callable[[Any, Any], str] = _path


_READERS: dict[type, _Reader] = {
    DailyRollUpRequest: _Reader(DailyRollUp, _day_times, _scaled),
    RollUpRequest: _Reader(RollUp, _window_times, _scaled),
    ReadingsRequest: _Reader(RollUp, _reading_times, _scaled),
    DailyPointsRequest: _Reader(DailyPoint, _date_times, _daily_point),
    SessionsRequest: _Reader(SleepSession, _session_times, _session),
    PointsRequest: _Reader(LastPoint, _point_times, _scaled),
}
