"""Which value stands where a provider gives two different ones for one instant or day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from syncbit_dagster.catalog.metrics import Zero

if TYPE_CHECKING:
    from syncbit_dagster.catalog.metrics import Metric

_LOGGED = frozenset({"body", "sleep", "devices"})  # a later entry corrects an earlier one


def of_two(metric: Metric) -> Literal["last", "larger", "mean"]:
    """The rule of a metric.

    Of logs the last entry; of counts the larger one, since one source may have seen only a part;
    of readings the mean, since neither is better.
    """
    if metric.asset in _LOGGED:
        return "last"
    return "larger" if metric.zero is Zero.MEASURED else "mean"
