"""What a check looks at: consecutive days of one asset, and all that is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import DayRange, day_start, to_milliseconds
from syncbit_dagster.core.samples import decode_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.core.samples import Series

RAW_SECONDS = 1
"""The interval that stands for every reading: such samples lie on no grid."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Consecutive days of one asset.

    Attributes:
        asset: the row of the catalogue.
        days: the civil days.
        zone: of the days.
        today: the civil day that is not over; its values still change.
        interval_seconds: length of the intervals; it only matters for an intraday asset.
        series: what the store holds of the days: the asset's metrics, and for an intraday asset
            the daily total that belongs to it.
        recorded: how many samples the last materialization of a day told of, None if it did not
            say; a day that is not a key was never materialized.
        wanted: those of the days that are collected without anybody asking; None if none are.
    """

    asset: Asset
    days: DayRange
    zone: ZoneInfo
    today: date
    interval_seconds: int
    series: Sequence[Series]
    recorded: Mapping[date, int | None]
    wanted: DayRange | None

    @cached_property
    def bounds(self) -> npt.NDArray[np.int64]:
        """The first instant of each day, and of the day after the last one; milliseconds."""
        instants = [day_start(day, self.zone) for day in self.days] + [self.days.end(self.zone)]
        return np.array([to_milliseconds(instant) for instant in instants], dtype=np.int64)

    @cached_property
    def own_series(self) -> list[Series]:
        """Those of the asset itself."""
        names = {metric.name for metric in metrics_of(self.asset.name)}
        return [one for one in self.series if one.metric in names]

    def day(self, number: int | np.integer[Any]) -> DayRange:
        """The day of a number, which counts from 0."""
        day = self.days.first + timedelta(days=int(number))
        return DayRange(day, day)

    def day_numbers(self, timestamps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """In which day instants (milliseconds) lie; those outside count to the nearest day."""
        found = np.searchsorted(self.bounds, timestamps, side="right") - 1
        numbers: npt.NDArray[np.int64] = np.clip(found, 0, len(self.days) - 1)
        return numbers


def daily_values(evidence: Evidence, metric: str, **labels: str) -> npt.NDArray[np.float64]:
    """The value of a daily metric on each day; NaN where it has none."""
    values = np.full(len(evidence.days), np.nan)
    for one in evidence.series:
        if one.metric == metric and labels.items() <= decode_labels(one.labels).items():
            values[evidence.day_numbers(one.timestamps)] = one.values
    return values


def counts_by_day(evidence: Evidence) -> npt.NDArray[np.int64]:
    """How many samples of the asset's own metrics each day has."""
    counts = np.zeros(len(evidence.days), dtype=np.int64)
    for one in evidence.own_series:
        counts += np.bincount(evidence.day_numbers(one.timestamps), minlength=len(counts))
    return counts


def wall_clock(evidence: Evidence, timestamp: int) -> str:
    """An instant (milliseconds) as it reads on the wall, to the second, with its offset."""
    local = datetime.fromtimestamp(timestamp / 1000, UTC).astimezone(evidence.zone)
    return local.isoformat(timespec="seconds").partition("T")[2]
