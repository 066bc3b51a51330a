"""From rows to series: the sum, the mean or the last of each day or interval. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncbit_dagster.catalog.locations import TakeoutReadings, TakeoutSleep
from syncbit_dagster.core.civil import ONE_DAY, day_start, to_milliseconds
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.sources.takeout.kinds import chain
from syncbit_dagster.sources.takeout.rows import NO_ROWS, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.catalog.locations import TakeoutLocation
    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.core.wall_clock import IntArray

RAW = 1  # interval in seconds that stands for "every reading", where a mean is asked for


class Tile(NamedTuple):
    """Consecutive civil days and their ``edges``: the first instant of each, and the end (ms)."""

    days: DayRange
    edges: IntArray

    @classmethod
    def of(cls, days: DayRange, zone: ZoneInfo) -> Tile:
        edges = [day_start(day, zone) for day in (*days, days.last + ONE_DAY)]
        return cls(days, np.array(list(map(to_milliseconds, edges)), dtype=np.int64))

    def cut(self, rows: Rows) -> Rows:
        """The rows within these days."""
        return rows.where((rows.times >= self.edges[0]) & (rows.times < self.edges[-1]))

    def day(self, times: IntArray) -> IntArray:
        """Which of the days each instant lies in; a day that clocks skip has none."""
        return np.searchsorted(self.edges, times, side="right") - 1


def preferred(
    metric: Metric, rows_of: Callable[[TakeoutLocation], Rows], tile: Tile
) -> list[tuple[TakeoutLocation, Rows]]:
    """A metric's rows within a tile: of each day those of the first of its places that has any."""
    found: list[tuple[TakeoutLocation, Rows]] = []
    missing = np.diff(tile.edges) > 0  # a day that the clocks skip misses nothing
    for place in chain(metric):
        if not missing.any():
            break
        rows = tile.cut(rows_of(place))
        day = tile.day(rows.times)
        found.append((place, rows.where(missing[day])))
        missing[day] = False
    return found


def to_series(
    metric: Metric,
    found: Iterable[tuple[TakeoutLocation, Rows]],
    tile: Tile,
    interval: int | None,
    labels: Mapping[str, str],
) -> Series:
    """A metric's series from the rows of its places, no two of which share a day.

    Args:
        metric: the row of the catalogue.
        found: rows within the tile.
        tile: the days.
        interval: length of an interval in seconds; None for daily values.
        labels: the account's labels.
    """
    parts = [
        (rows.times, rows.values / getattr(place, "divide_by", 1))
        for place, rows in ((place, reduced(place, rows, tile, interval)) for place, rows in found)
    ]
    times = np.concatenate([NO_ROWS.times, *(times for times, _ in parts)])
    values = np.concatenate([NO_ROWS.values, *(values for _, values in parts)])
    if len(parts) > 1:
        order = np.argsort(times)
        times, values = times[order], values[order]
    return Series(metric.name, encode_labels({**labels, **metric.labels}), times, values)


def reduced(place: TakeoutLocation, rows: Rows, tile: Tile, interval: int | None) -> Rows:
    """One row for each day, or for each interval of that many seconds, that has any.

    Intervals are counted from the first instant of their day.
    """
    if isinstance(place, TakeoutReadings):
        rows = _once(rows)
        if place.of == "mean" and interval == RAW:
            return rows
        starts = tile.edges[tile.day(rows.times)]
        if interval is not None:
            starts += (rows.times - starts) // (interval * 1000) * (interval * 1000)
        return _sums(rows._replace(times=starts), is_mean=place.of == "mean")
    order = np.argsort(rows.times, kind="stable")
    rows = Rows(tile.edges[tile.day(rows.times)][order], rows.values[order])
    if isinstance(place, TakeoutSleep) and place.of == "all sleeps":
        return _sums(rows)
    return rows.where(_is_last(rows.times))


def _once(rows: Rows) -> Rows:
    """In order of time; of several rows of one instant, the one with the largest value.

    Real exports repeat a minute with its count and with 0.
    """
    if (np.diff(rows.times) > 0).all():
        return rows
    order = np.lexsort((rows.values, rows.times))
    rows = Rows(rows.times[order], rows.values[order])
    return rows.where(_is_last(rows.times))


def _is_last(times: IntArray) -> npt.NDArray[np.bool_]:
    """Whether a row is the last of those that share its time; they follow each other."""
    return np.append(np.diff(times) != 0, True)[: len(times)]


def _sums(rows: Rows, *, is_mean: bool = False) -> Rows:
    if not len(rows.times):
        return rows
    is_last = _is_last(rows.times)
    firsts = np.concatenate([[0], np.flatnonzero(is_last)[:-1] + 1])
    sums = np.add.reduceat(rows.values, firsts)
    if is_mean:
        sums /= np.diff(np.append(firsts, len(rows.times)))
    return Rows(rows.times[firsts], sums)
