"""From rows to series: what a day has several of becomes its one sample. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.catalog import Zero
from syncbit_dagster.catalog.locations import LastPoint, OverSquare, SleepSession
from syncbit_dagster.core.samples import Series, encode_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.sources.google_health.parse import Rows

    Times = npt.NDArray[np.int64]
    Values = npt.NDArray[np.float64]


def to_series(
    metrics: Iterable[Metric], found: Iterable[Rows], labels: Mapping[str, str]
) -> list[Series]:
    """One series a metric from the rows of all requests and pages.

    Args:
        metrics: the rows of the catalogue.
        found: what was read, in any order.
        labels: the account's labels.
    """
    kept = [_known(rows) for rows in found]
    return [
        _series(metric, [one for one in kept if one.metric is metric], labels) for metric in metrics
    ]


def split(found: Iterable[Rows], end: int) -> tuple[list[Rows], list[Rows]]:
    """The rows before an instant (milliseconds), and the others."""
    before, others = [], []
    for rows in found:
        is_before = rows.times < end
        before.append(_where(rows, is_before))
        if not is_before.all():
            others.append(_where(rows, ~is_before))
    return before, others


def _where(rows: Rows, kept: npt.NDArray[np.bool_]) -> Rows:
    if kept.all():
        return rows
    return rows._replace(
        times=rows.times[kept], moments=rows.moments[kept], values=rows.values[kept]
    )


def _known(rows: Rows) -> Rows:
    """Only the rows that hold a value."""
    return _where(rows, ~np.isnan(rows.values))


def _series(metric: Metric, found: list[Rows], labels: Mapping[str, str]) -> Series:
    location = metric.google_health
    if isinstance(location, OverSquare):
        times, values = _over_square(
            _joined([one for one in found if one.part == location.value]),
            _joined([one for one in found if one.part == location.divisor]),
        )
    else:
        times, moments, values = _joined(found)
        if isinstance(location, SleepSession) and location.of == "all sleeps":
            times, values = _sums(times, values)
        elif isinstance(location, SleepSession | LastPoint):
            times, _, values = _last_of_each(times, moments, values)
    if metric.zero is Zero.NO_VALUE:
        times, values = times[values != 0], values[values != 0]
    return Series(metric.name, encode_labels({**labels, **metric.labels}), times, values)


def _joined(found: list[Rows]) -> tuple[Times, Times, Values]:
    return (
        np.concatenate([np.empty(0, np.int64), *(rows.times for rows in found)]),
        np.concatenate([np.empty(0, np.int64), *(rows.moments for rows in found)]),
        np.concatenate([np.empty(0), *(rows.values for rows in found)]),
    )


def _sums(times: Times, values: Values) -> tuple[Times, Values]:
    days, day = np.unique(times, return_inverse=True)
    sums = np.zeros(len(days))
    np.add.at(sums, day, values)
    return days, sums


def _last_of_each(times: Times, moments: Times, values: Values) -> tuple[Times, Times, Values]:
    """Of the rows that share a timestamp, the one that was measured last."""
    order = np.lexsort((moments, times))
    times, moments, values = times[order], moments[order], values[order]
    is_last = np.append(np.diff(times) != 0, True)[: len(times)]
    return times[is_last], moments[is_last], values[is_last]


def _over_square(
    numerators: tuple[Times, Times, Values], divisors: tuple[Times, Times, Values]
) -> tuple[Times, Values]:
    """Each day's last value over the square of the divisor known at that moment.

    Before the first divisor was measured, the first one serves: a height is entered once, often
    after the first weight.
    """
    times, moments, values = _last_of_each(*numerators)
    _, measured, divisor = divisors
    if not len(divisor):
        return times[:0], values[:0]
    order = np.argsort(measured, kind="stable")
    known = np.maximum(np.searchsorted(measured[order], moments, side="right") - 1, 0)
    return times, values / divisor[order][known] ** 2
