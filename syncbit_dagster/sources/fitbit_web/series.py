"""From rows to series: what a day has several of becomes its one sample. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncbit_dagster.catalog import Zero
from syncbit_dagster.catalog.locations import BodyLog, Difference, IntradaySeries, SleepLog
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.sources.fitbit_web.wear_time import worn_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.sources.fitbit_web.parse import Rows

    Times = npt.NDArray[np.int64]
    Values = npt.NDArray[np.float64]


class Found(NamedTuple):
    """A metric's values, one a timestamp: int64 milliseconds, float64."""

    metric: Metric
    times: Times
    values: Values


def to_series(
    metrics: Iterable[Metric], rows: Iterable[Rows], labels: Mapping[str, str], zone: ZoneInfo
) -> list[Series]:
    """One series a metric of an asset, from the rows of all requests.

    Args:
        metrics: the asset's rows of the catalogue.
        rows: what was read, in any order.
        labels: the account's labels.
        zone: the account's zone.
    """
    kept = [_known(one) for one in rows]
    found = [_combined(metric, [one for one in kept if one.metric is metric]) for metric in metrics]
    return [
        Series(metric.name, encode_labels({**labels, **metric.labels}), times, values)
        for metric, times, values in map(_without_impossible_zeros, worn_values(found, zone))
    ]


def _known(rows: Rows) -> Rows:
    """Only the rows that hold a value."""
    is_known = ~np.isnan(rows.values)
    return rows._replace(
        times=rows.times[is_known], moments=rows.moments[is_known], values=rows.values[is_known]
    )


def _combined(metric: Metric, rows: list[Rows]) -> Found:
    location = metric.fitbit_web
    if isinstance(location, Difference):
        value = _joined([one for one in rows if one.part == location.value])
        minus = _joined([one for one in rows if one.part == location.minus])
        return Found(metric, *_difference(value, minus))
    times, moments, values = _joined(rows)
    if isinstance(location, SleepLog) and location.of == "all sleeps":
        return Found(metric, *_sums(times, values))
    if isinstance(location, SleepLog | BodyLog):
        return Found(metric, *_last_of_each(times, moments, values))
    return Found(metric, times, values)


def _joined(rows: list[Rows]) -> tuple[Times, Times, Values]:
    return (
        np.concatenate([np.empty(0, np.int64), *(one.times for one in rows)]),
        np.concatenate([np.empty(0, np.int64), *(one.moments for one in rows)]),
        np.concatenate([np.empty(0), *(one.values for one in rows)]),
    )


def _difference(
    value: tuple[Times, Times, Values], minus: tuple[Times, Times, Values]
) -> tuple[Times, Values]:
    """Where both are known. One below zero says that they are not of the same part of a day."""
    times, left, right = np.intersect1d(value[0], minus[0], return_indices=True)
    values = value[2][left] - minus[2][right]
    return times[values >= 0], values[values >= 0]


def _sums(times: Times, values: Values) -> tuple[Times, Values]:
    days, day = np.unique(times, return_inverse=True)
    sums = np.zeros(len(days))
    np.add.at(sums, day, values)
    return days, sums


def _last_of_each(times: Times, moments: Times, values: Values) -> tuple[Times, Values]:
    """Of the rows that share a timestamp, the one that was measured last."""
    order = np.lexsort((moments, times))
    times, values = times[order], values[order]
    is_last = np.append(np.diff(times) != 0, True)[: len(times)]
    return times[is_last], values[is_last]


def _without_impossible_zeros(found: Found) -> Found:
    location = found.metric.fitbit_web
    is_absent = isinstance(location, IntradaySeries) and location.zero_is_absent
    if found.metric.zero is not Zero.NO_VALUE and not is_absent:
        return found
    return Found(found.metric, found.times[found.values != 0], found.values[found.values != 0])
