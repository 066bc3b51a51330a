"""From rows to series: what a day has several of becomes its one sample. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncbit_dagster.catalog import Zero
from syncbit_dagster.catalog.locations import OverSquare, SleepSession
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.sources.rows import Rows, joined, one_of_each, sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.sources.set_aside import SetAside


class Found(NamedTuple):
    """Series, and where two values wanted to be one sample."""

    series: list[Series]
    set_aside: list[SetAside]


def to_series(
    metrics: Iterable[Metric], found: Iterable[Rows], labels: Mapping[str, str], zone: ZoneInfo
) -> Found:
    """One series a metric from the rows of all requests and pages.

    Args:
        metrics: the rows of the catalogue.
        found: what was read, in any order.
        labels: the account's labels.
        zone: the account's zone.
    """
    kept = [rows.known() for rows in found]
    result = Found([], [])
    for metric in metrics:
        rows, twice = _single([one for one in kept if one.metric is metric], metric, zone)
        if metric.zero is Zero.NO_VALUE:
            rows = rows.where(rows.values != 0)
        text = encode_labels({**labels, **metric.labels})
        result.series.append(Series(metric.name, text, rows.times, rows.values))
        result.set_aside.extend(twice)
    return result


def split(found: Iterable[Rows], end: int) -> tuple[list[Rows], list[Rows]]:
    """The rows before an instant (milliseconds), and the others."""
    before, others = [], []
    for rows in found:
        is_before = rows.times < end
        before.append(rows.where(is_before))
        if not is_before.all():
            others.append(rows.where(~is_before))
    return before, others


def _single(found: list[Rows], metric: Metric, zone: ZoneInfo) -> tuple[Rows, list[SetAside]]:
    location = metric.google_health
    if isinstance(location, OverSquare):
        value, divisor = location.value, location.divisor
        weights, twice = one_of_each(
            joined(metric, value, [one for one in found if one.part == value]), zone
        )
        heights = joined(metric, divisor, [one for one in found if one.part == divisor])
        return _over_square(weights, heights.where(heights.values > 0)), twice
    rows = joined(metric, location, found)
    if isinstance(location, SleepSession) and location.of == "all sleeps":
        return sums(rows), []
    return one_of_each(rows, zone)


def _over_square(rows: Rows, divisors: Rows) -> Rows:
    """Each day's value over the square of the divisor known at that moment.

    Before the first divisor was measured, the first one serves: a height is entered once, often
    after the first weight.
    """
    if not len(divisors.values):
        return rows.where(np.zeros(len(rows.values), np.bool_))
    order = np.argsort(divisors.moments, kind="stable")
    measured = divisors.moments[order]
    known = np.maximum(np.searchsorted(measured, rows.moments, side="right") - 1, 0)
    return rows._replace(values=rows.values / divisors.values[order][known] ** 2)
