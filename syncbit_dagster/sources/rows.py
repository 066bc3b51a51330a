"""Rows of numbers, and what a day that has several of them gets: the sum, the last, one of two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from syncbit_dagster.catalog.two_values import of_two
from syncbit_dagster.core.civil import civil_day
from syncbit_dagster.sources.set_aside import SetAside

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.catalog import Metric

    Times = npt.NDArray[np.int64]
    Values = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]


class Rows(NamedTuple):
    """Values of one part of one metric, in no order; arrays of one length.

    ``times`` is the timestamp that a sample would have, ``moments`` the order in which the values
    of one timestamp were measured (both int64 milliseconds); ``values`` are float64, NaN where
    there is none. ``part`` is where the provider keeps them.
    """

    metric: Metric
    part: Any
    times: Times
    moments: Times
    values: Values

    def where(self, kept: Mask) -> Rows:
        """Some of the rows."""
        if kept.all():
            return self
        return self._replace(
            times=self.times[kept], moments=self.moments[kept], values=self.values[kept]
        )

    def known(self) -> Rows:
        """Only the rows that hold a value."""
        return self.where(~np.isnan(self.values))


def joined(metric: Metric, part: Any, found: Iterable[Rows]) -> Rows:
    """Several rows of one metric as one."""
    all_of_them = list(found)
    return Rows(
        metric,
        part,
        np.concatenate([np.empty(0, np.int64), *(rows.times for rows in all_of_them)]),
        np.concatenate([np.empty(0, np.int64), *(rows.moments for rows in all_of_them)]),
        np.concatenate([np.empty(0), *(rows.values for rows in all_of_them)]),
    )


def sums(rows: Rows) -> Rows:
    """The sum of the rows that share a timestamp."""
    days, day = np.unique(rows.times, return_inverse=True)
    total = np.zeros(len(days))
    np.add.at(total, day, rows.values)
    return rows._replace(times=days, moments=days, values=total)


def one_of_each(rows: Rows, zone: ZoneInfo) -> tuple[Rows, list[SetAside]]:
    """One row a timestamp, by the metric's rule; and where two said different things.

    Several entries of a log on one day are no contradiction unless they are of one instant.
    """
    if (np.diff(rows.times) > 0).all():
        return rows, []
    rule = of_two(rows.metric)
    order = np.lexsort((rows.values, rows.moments, rows.times))
    times, moments, values = rows.times[order], rows.moments[order], rows.values[order]
    same = (np.diff(times) == 0) & ((np.diff(moments) == 0) | (rule != "last"))
    differ = np.append(same & (np.diff(values) != 0), False)[: len(times)]
    ends = is_last(times)
    if rule == "larger":
        values = np.maximum.reduceat(values, _firsts(ends))
    elif rule == "mean":
        # Equal values are one reading.
        firsts = _firsts(ends)
        is_new = np.insert(~same | (np.diff(values) != 0), 0, True)
        values = np.add.reduceat(values * is_new, firsts) / np.add.reduceat(is_new * 1.0, firsts)
    else:
        values = values[ends]
    reason = f"two different values for one time; the sample is {_WORDS[rule]}"
    days = [civil_day(datetime.fromtimestamp(at / 1000, UTC), zone) for at in times[differ]]
    found = [SetAside(day, rows.metric.name, reason) for day in days]
    return rows._replace(times=times[ends], moments=moments[ends], values=values), found


def is_last(times: Times) -> Mask:
    """Whether a row is the last of those that share its time; they follow each other."""
    return np.append(np.diff(times) != 0, True)[: len(times)]


def _firsts(ends: Mask) -> npt.NDArray[np.int64]:
    """Where the groups begin that end there."""
    return np.concatenate([np.zeros(1, np.int64), np.flatnonzero(ends)[:-1] + 1])


_WORDS = {"last": "the last one", "larger": "the larger one", "mean": "their mean"}
