"""From the columns of files to the rows of one metric: an instant and a number each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from syncbit_dagster.catalog import Zero
from syncbit_dagster.catalog.locations import (
    TakeoutDay,
    TakeoutLog,
    TakeoutReadings,
    TakeoutSleep,
)
from syncbit_dagster.core.civil import civil_day, day_end, day_start, to_milliseconds
from syncbit_dagster.core.wall_clock import DAY_MS, day_of, first_pass, last_pass
from syncbit_dagster.sources.takeout.kinds import (
    SLEEP_DURATION,
    SLEEP_END,
    SLEEP_ID,
    SLEEP_IS_MAIN,
    SLEEP_START,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.catalog.locations import TakeoutLocation
    from syncbit_dagster.core.wall_clock import IntArray
    from syncbit_dagster.sources.takeout.columns import Columns
    from syncbit_dagster.sources.takeout.tables import FloatArray


class Rows(NamedTuple):
    """Values of one metric in the order of the files: ``times`` are instants (ms)."""

    times: IntArray
    values: FloatArray

    def where(self, kept: npt.NDArray[np.bool_]) -> Rows:
        return Rows(self.times[kept], self.values[kept])


MISSING = str(None)
NO_ROWS = Rows(np.empty(0, np.int64), np.empty(0))


def rows_of(metric: Metric, place: TakeoutLocation, columns: Columns, zone: ZoneInfo) -> Rows:
    """The rows of a metric that hold a value.

    A row of a day has the day's first instant, a sleep the instant of its end.
    """
    rows = _READERS[type(place)](place, columns, zone)
    is_value = ~np.isnan(rows.values)
    if metric.zero is Zero.NO_VALUE:
        is_value &= rows.values != 0
    return rows if is_value.all() else rows.where(is_value)


def _instants(place: TakeoutReadings | TakeoutLog, columns: Columns, zone: ZoneInfo) -> Rows:
    rows = Rows(columns.times[place.time], columns.numbers[place.path])
    if place.clock == "UTC":
        return rows
    instants, is_real = first_pass(rows.times, zone)
    return Rows(instants, rows.values).where(is_real)


def _readings(place: TakeoutReadings, columns: Columns, zone: ZoneInfo) -> Rows:
    if place.where:
        field, text = place.where
        columns = columns.where(columns.texts[field] == text)
    return _instants(place, columns, zone)


def _days(place: TakeoutDay, columns: Columns, zone: ZoneInfo) -> Rows:
    values = columns.numbers[place.path]
    if place.minus_path:
        values = values - columns.numbers[place.minus_path]
    if place.over_path:
        whole = columns.numbers[place.over_path]
        values = values / np.where(whole == 0, np.nan, whole)
    labels, label = np.unique(columns.times[place.time] // DAY_MS, return_inverse=True)
    days = [day_of(number * DAY_MS) for number in labels.tolist()]
    starts = np.array([to_milliseconds(day_start(day, zone)) for day in days], dtype=np.int64)
    is_real = np.array([day_start(day, zone) < day_end(day, zone) for day in days], dtype=np.bool_)
    return Rows(starts[label], values).where(is_real[label])


def _sleeps(place: TakeoutSleep, columns: Columns, zone: ZoneInfo) -> Rows:
    # A log that stands in several files counts once, as the last of them has it.
    ids = [one if one != MISSING else n for n, one in enumerate(columns.texts[SLEEP_ID].tolist())]
    newest = dict(zip(ids, range(len(columns)), strict=True))
    is_newest = np.zeros(len(columns), np.bool_)
    is_newest[list(newest.values())] = True
    columns = columns.where(is_newest)
    starts, ends = _sleep_instants(columns, zone)
    instants = {SLEEP_START: starts, SLEEP_END: ends}
    values = instants[place.path] / 1000 if place.is_instant else columns.numbers[place.path]
    rows = Rows(ends, values)
    if place.of == "main sleep":
        rows = rows.where(_is_main(columns, ends, zone))
    return rows


def _is_main(columns: Columns, ends: IntArray, zone: ZoneInfo) -> npt.NDArray[np.bool_]:
    """The logs that say so; of a day where none does, the longest that says nothing."""
    flags = columns.texts[SLEEP_IS_MAIN]
    is_main: npt.NDArray[np.bool_] = flags == str(True)
    unsaid = np.flatnonzero(flags == MISSING)
    if not len(unsaid):
        return is_main
    days = [civil_day(datetime.fromtimestamp(end / 1000, UTC), zone) for end in ends.tolist()]
    said = {days[n] for n in np.flatnonzero(is_main).tolist()}
    lengths = np.nan_to_num(columns.numbers[SLEEP_DURATION])
    for day in {days[n] for n in unsaid.tolist()} - said:
        is_main[max((n for n in unsaid.tolist() if days[n] == day), key=lengths.item)] = True
    return is_main


def _sleep_instants(columns: Columns, zone: ZoneInfo) -> tuple[IntArray, IntArray]:
    """When sleeps began and ended.

    Where a reading came twice, its pass is the one that fits the log's duration, else the first;
    a reading that the clocks skipped is taken by the clock before the change.
    """
    passes = []
    for field in (SLEEP_START, SLEEP_END):
        last = last_pass(columns.times[field], zone)
        first, is_real = first_pass(columns.times[field], zone)
        passes.append((np.where(is_real, first, last), last))
    pairs = [(start, end) for start in passes[0] for end in passes[1]]
    duration = np.nan_to_num(columns.numbers[SLEEP_DURATION], nan=0.0)
    misfit = np.array([np.abs(end - start - duration) for start, end in pairs])
    best = np.where(duration > 0, misfit.argmin(axis=0), 0)
    starts, ends = (np.array(side) for side in zip(*pairs, strict=True))
    row = np.arange(len(columns))
    return starts[best, row], ends[best, row]


_READERS: dict[type, Callable[[Any, Columns, ZoneInfo], Rows]] = {
    TakeoutReadings: _readings,
    TakeoutDay: _days,
    TakeoutSleep: _sleeps,
    TakeoutLog: _instants,
}
