"""From rows to series: what a day has several of becomes its one sample. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncbit_dagster.catalog import Zero
from syncbit_dagster.catalog.locations import Difference, IntradaySeries, SleepLog
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.sources.fitbit_web.wear_time import worn_values
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
    metrics: Iterable[Metric], rows: Iterable[Rows], labels: Mapping[str, str], zone: ZoneInfo
) -> Found:
    """One series a metric of an asset, from the rows of all requests.

    Args:
        metrics: the asset's rows of the catalogue.
        rows: what was read, in any order.
        labels: the account's labels.
        zone: the account's zone.
    """
    kept = [one.known() for one in rows]
    single = [
        _single([one for one in kept if one.metric is metric], metric, zone) for metric in metrics
    ]
    series = []
    for one in map(_without_impossible_zeros, worn_values([rows for rows, _ in single], zone)):
        text = encode_labels({**labels, **one.metric.labels})
        series.append(Series(one.metric.name, text, one.times, one.values))
    return Found(series, [one for _, twice in single for one in twice])


def _single(rows: list[Rows], metric: Metric, zone: ZoneInfo) -> tuple[Rows, list[SetAside]]:
    location = metric.fitbit_web
    if isinstance(location, Difference):
        value, minus = (
            one_of_each(joined(metric, part, [one for one in rows if one.part == part]), zone)
            for part in (location.value, location.minus)
        )
        return _difference(value[0], minus[0]), [*value[1], *minus[1]]
    whole = joined(metric, location, rows)
    if isinstance(location, SleepLog) and location.of == "all sleeps":
        return sums(whole), []
    return one_of_each(whole, zone)


def _difference(value: Rows, minus: Rows) -> Rows:
    """Where both are known. One below zero says that they are not of the same part of a day."""
    times, left, right = np.intersect1d(value.times, minus.times, return_indices=True)
    values = value.values[left] - minus.values[right]
    is_real = values >= 0
    return value._replace(times=times, moments=times, values=values).where(is_real)


def _without_impossible_zeros(rows: Rows) -> Rows:
    location = rows.metric.fitbit_web
    is_absent = isinstance(location, IntradaySeries) and location.zero_is_absent
    if rows.metric.zero is not Zero.NO_VALUE and not is_absent:
        return rows
    return rows.where(rows.values != 0)
