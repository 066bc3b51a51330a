"""What a store holds of some days, day by day and hour by hour, ready to be plotted.

Absent stays absent: a day or an hour without a sample is NaN here and a gap in every plot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from syncbit_dagster.catalog import Zero
from syncbit_dagster.core.civil import day_start, to_milliseconds
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.stores.base import Slice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.stores.base import Store

Floats: TypeAlias = npt.NDArray[np.float64]
HOURS = 24
DAYS_AT_ONCE = 31  # of readings every second, a month is as much as should be in memory
# Every zone's clock is a whole number of quarters of an hour away from UTC.
QUARTER = 15 * 60 * 1000


@dataclass(frozen=True)
class Reading:
    """One series of a period.

    Attributes:
        row: its row of the metric table.
        labels: the values of the labels that tell it from the other series of its metric.
        values: float64, NaN where there is no sample; shape (days,), or (24, days) for an intraday
            series: the mean or the sum of each hour of the account's clock.
    """

    row: Metric
    labels: tuple[str, ...]
    values: Floats

    @property
    def is_there(self) -> bool:
        return not bool(np.isnan(self.values).all())

    @property
    def by_day(self) -> npt.NDArray[np.bool_]:
        """Which days have any sample."""
        there: npt.NDArray[np.bool_] = (
            np.count_nonzero(~np.isnan(np.atleast_2d(self.values)), axis=0) > 0
        )
        return there


@dataclass(frozen=True)
class Period:
    """Some civil days of an account's zone and what is known of them."""

    days: DayRange
    zone: ZoneInfo
    readings: tuple[Reading, ...]

    @property
    def with_data(self) -> npt.NDArray[np.bool_]:
        """Which days have any sample of any series."""
        found = [one.by_day for one in self.readings]
        return np.any(found, axis=0) if found else np.zeros(len(self.days), dtype=bool)

    def of(self, rows: Iterable[Metric]) -> tuple[Reading, ...]:
        """The readings of some rows that have any sample, in the order of the rows."""
        return tuple(
            one for row in rows for one in self.readings if one.row is row and one.is_there
        )


def is_amount(row: Metric) -> bool:
    """Whether a row's values add up (steps), rather than being a level (a heart rate).

    What can be a measured zero is an amount; a level of zero is nobody's.
    """
    return row.zero is Zero.MEASURED


def read_period(
    store: Store,
    labels: Mapping[str, str],
    zone: ZoneInfo,
    days: DayRange,
    rows: Sequence[Metric],
    intraday: frozenset[str] | set[str],
) -> Period:
    """Read all rows of some days.

    Args:
        store: where the samples are.
        labels: the account's.
        zone: the account's; its midnights bound the days, its clock counts the hours.
        days: what to read.
        rows: of the metric table.
        intraday: names of the assets whose series have several samples a day.

    Raises:
        StoreError: the store is down or refuses.
    """
    daily = [row for row in rows if row.asset not in intraday]
    hourly = [row for row in rows if row.asset in intraday]
    found = _daily(_read(store, labels, zone, days, daily), daily, zone, days)
    if hourly:
        pieces = [
            _hourly(_read(store, labels, zone, piece, hourly), hourly, zone, piece)
            for piece in days.chunks(DAYS_AT_ONCE)
        ]
        found += [
            Reading(first.row, first.labels, np.concatenate([one.values for one in same], axis=1))
            for same in zip(*pieces, strict=True)
            for first in same[:1]
        ]
    order = {id(row): number for number, row in enumerate(rows)}
    return Period(days, zone, tuple(sorted(found, key=lambda one: order[id(one.row)])))


def _read(
    store: Store,
    labels: Mapping[str, str],
    zone: ZoneInfo,
    days: DayRange,
    rows: Sequence[Metric],
) -> list[Series]:
    names = tuple(dict.fromkeys(row.name for row in rows))
    if not names:
        return []
    return store.read(Slice(names, labels, days.start(zone), days.end(zone)))


def _daily(
    series: Sequence[Series], rows: Sequence[Metric], zone: ZoneInfo, days: DayRange
) -> list[Reading]:
    """Each day's sample; of several (a device's battery) the last."""
    starts = _day_starts(zone, days)
    found: list[Reading] = []
    for row in rows:
        for one in series:
            own = decode_labels(one.labels)
            if one.metric == row.name and row.labels.items() <= own.items():
                values = np.full(len(days), np.nan)
                values[np.searchsorted(starts, one.timestamps, side="right") - 1] = one.values
                given = tuple(own[name] for name in row.provider_labels if name in own)
                found.append(Reading(row, (*row.labels.values(), *given), values))
    return found


def _hourly(
    series: Sequence[Series], rows: Sequence[Metric], zone: ZoneInfo, days: DayRange
) -> list[Reading]:
    """One reading a row, with or without samples."""
    found = []
    for row in rows:
        own = [
            one
            for one in series
            if one.metric == row.name and row.labels.items() <= decode_labels(one.labels).items()
        ]
        instants = np.concatenate([np.empty(0, np.int64), *(one.timestamps for one in own)])
        values = np.concatenate([np.empty(0), *(one.values for one in own)])
        table = hour_table(instants, values, zone, days, adds_up=is_amount(row))
        found.append(Reading(row, tuple(row.labels.values()), table))
    return found


def hour_table(
    instants: npt.NDArray[np.int64],
    values: Floats,
    zone: ZoneInfo,
    days: DayRange,
    *,
    adds_up: bool,
) -> Floats:
    """The sum or the mean of each hour that the account's clock shows on each day.

    An hour that the clock shows twice is one; an hour that it skips has no value.

    Args:
        instants: int64 milliseconds.
        values: one an instant.
        zone: the account's.
        days: civil days; all instants lie in them.
        adds_up: sum instead of mean.

    Returns:
        float64 of shape (24, days), NaN where there is no sample.
    """
    quarters, position = np.unique(instants // QUARTER, return_inverse=True)
    counts = np.bincount(position, minlength=len(quarters))
    sums = np.bincount(position, weights=values, minlength=len(quarters))
    clock = pd.DatetimeIndex((quarters * QUARTER).astype("datetime64[ms]"), tz="UTC")
    hours = clock.tz_convert(zone).hour.to_numpy(np.int64)
    # A quarter may begin before its day where midnight is skipped; the day is of its first sample.
    first = np.full(len(quarters), np.iinfo(np.int64).max)
    np.minimum.at(first, position, instants)
    day = np.searchsorted(_day_starts(zone, days), first, side="right") - 1
    cell = hours * len(days) + day
    size = HOURS * len(days)
    total = np.bincount(cell, weights=sums, minlength=size)
    count = np.bincount(cell, weights=counts, minlength=size)
    result = np.full(size, np.nan)
    there = count > 0
    result[there] = total[there] if adds_up else total[there] / count[there]
    return result.reshape(HOURS, len(days))


def _day_starts(zone: ZoneInfo, days: DayRange) -> npt.NDArray[np.int64]:
    return np.array([to_milliseconds(day_start(day, zone)) for day in days], dtype=np.int64)
