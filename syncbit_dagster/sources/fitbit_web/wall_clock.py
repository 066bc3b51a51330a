"""From the labels of a day to instants: the API writes what the wall clock showed, and no offset.

On the two days of a year on which clocks change, labels alone are not enough:

* a label that the clocks skipped belongs to no instant; its row is dropped (series that are filled
  with zeros name it all the same);
* a label of the repeated hour stands for two instants. Where the answer goes back in time, or
  names a label again, that is the second pass. Where it names the hour once, it is taken for the
  first pass: what the API puts there (one pass, the other, their sum) is documented nowhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncbit_dagster.civil import day_end, day_start, to_milliseconds

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

_EPOCH = date(1970, 1, 1)
_DAY_MS = 86_400_000


class Placed(NamedTuple):
    """Labels on the line of time.

    Attributes:
        rows: which labels have an instant, in order of time.
        times: their instants, int64 milliseconds, strictly ascending.
        once: how many of the repeated hour's labels came once and stand in its first pass.
    """

    rows: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    once: int


class _Stretch(NamedTuple):
    """A part of a day with one UTC offset, in milliseconds; the end is not in it."""

    start: int
    end: int
    offset: int


def place(labels: npt.NDArray[np.int64], day: date, zone: ZoneInfo) -> Placed:
    """Find the instants of a day at which the wall clock showed these labels.

    Args:
        labels: seconds on the clock's face, in the order of the answer.
        day: the civil day that they belong to.
        zone: the account's zone.

    Raises:
        ValueError: two labels would be one instant.
    """
    first, *others = _stretches(day, zone)
    times, is_kept = _instants(labels, day, first)
    once = 0
    for second in others:
        again, is_there = _instants(labels, day, second)
        is_twice, is_later = is_kept & is_there, _later(labels)
        times = np.where(is_there & (is_later | ~is_kept), again, times)
        is_kept |= is_there
        once = 0 if is_later[is_twice].any() else int(is_twice.sum())
    rows = np.flatnonzero(is_kept)
    rows = rows[np.argsort(times[rows], kind="stable")]
    if (np.diff(times[rows]) == 0).any():
        raise ValueError("a label comes twice")
    return Placed(rows, times[rows], once)


def _instants(
    labels: npt.NDArray[np.int64], day: date, stretch: _Stretch
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The labels by one offset, and whether that offset was in force then."""
    times = (day - _EPOCH).days * _DAY_MS + labels * 1000 - stretch.offset
    return times, (times >= stretch.start) & (times < stretch.end)


def _later(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which labels come after the clock went back, or repeat the one before them."""
    step = np.diff(labels, prepend=labels[:1] - 1)
    is_later: npt.NDArray[np.bool_] = (np.cumsum(step < 0) > 0) | (step == 0)
    return is_later


@lru_cache(maxsize=4096)
def _stretches(day: date, zone: ZoneInfo) -> tuple[_Stretch, ...]:
    """One stretch, or two on a day on which the clocks change; none has them change twice."""
    start, end = day_start(day, zone), day_end(day, zone)
    first, last = to_milliseconds(start), to_milliseconds(end)
    before, after = _offset(start, zone), _offset(end - timedelta(seconds=1), zone)
    if before == after:
        return (_Stretch(first, last, before),)
    low, high = start, end
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    change = to_milliseconds(high)
    return (_Stretch(first, change, before), _Stretch(change, last, after))


def _offset(instant: datetime, zone: ZoneInfo) -> int:
    return (instant.astimezone(zone).utcoffset() or timedelta()) // timedelta(milliseconds=1)


def to_milliseconds_of(local: datetime, zone: ZoneInfo, *, fold: int = 0) -> int:
    """The instant at which the wall clock showed this; ``fold`` 1 is a repeated hour's second."""
    return to_milliseconds(local.replace(tzinfo=zone, fold=fold).astimezone(UTC))
