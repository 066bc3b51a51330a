"""From the labels of a day to instants: the API writes what the wall clock showed, and no offset.

On the two days of a year on which clocks change, labels alone are not enough:

* a label that the clocks skipped belongs to no instant; its row is dropped (series that are filled
  with zeros name it all the same);
* a label of the repeated hour stands for two instants. Where the answer goes back in time, or
  names a label again, that is the second pass. Where it names the hour once, it is taken for the
  first pass: what the API puts there (one pass, the other, their sum) is documented nowhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncbit_dagster.core.civil import day_end, day_start, to_milliseconds
from syncbit_dagster.core.wall_clock import first_pass, last_pass, reading_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import numpy.typing as npt


class Placed(NamedTuple):
    """Labels on the line of time.

    Attributes:
        rows: which labels have an instant, in order of time.
        times: their instants, int64 milliseconds, ascending; equal where a label comes twice.
        once: how many of the repeated hour's labels came once and stand in its first pass.
    """

    rows: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    once: int


def place(labels: npt.NDArray[np.int64], day: date, zone: ZoneInfo) -> Placed:
    """Find the instants of a day at which the wall clock showed these labels.

    Args:
        labels: seconds on the clock's face, in the order of the answer.
        day: the civil day that they belong to.
        zone: the account's zone.
    """
    start, end = to_milliseconds(day_start(day, zone)), to_milliseconds(day_end(day, zone))
    readings = reading_of(day) + labels * 1000
    first, is_kept = first_pass(readings, zone)
    last = last_pass(readings, zone)
    is_kept &= (first >= start) & (first < end)
    is_twice, is_later = is_kept & (last > first) & (last < end), _later(labels)
    times = np.where(is_twice & is_later, last, first)
    once = 0 if is_later[is_twice].any() else int(is_twice.sum())
    rows = np.flatnonzero(is_kept)
    rows = rows[np.argsort(times[rows], kind="stable")]
    return Placed(rows, times[rows], once)


def _later(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which labels come after the clock went back, or repeat the one before them."""
    step = np.diff(labels, prepend=labels[:1] - 1)
    is_later: npt.NDArray[np.bool_] = (np.cumsum(step < 0) > 0) | (step == 0)
    return is_later


def to_milliseconds_of(local: datetime, zone: ZoneInfo, *, fold: int = 0) -> int:
    """The instant at which the wall clock showed this; ``fold`` 1 is a repeated hour's second."""
    return to_milliseconds(local.replace(tzinfo=zone, fold=fold).astimezone(UTC))
