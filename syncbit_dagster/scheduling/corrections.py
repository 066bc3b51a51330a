"""What days shall hold after a fetch, given what they hold and what the provider answered.

Values that are there replace others at once. A value that is absent does not delete: an answer may
merely have failed to repeat it. It is removed when a fetch on a later civil day lacks it, too, or
when the user says so. A day's total is stored once the day is settled. Pure functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncbit_dagster.core.civil import civil_day, day_start, to_milliseconds
from syncbit_dagster.core.samples import Series, count

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.scheduling.settled_rule import State

    Mask = npt.NDArray[np.bool_]


class Absent(NamedTuple):
    """Samples of a series that a day holds and the provider's answer lacks."""

    day: date
    metric: str
    labels: str
    samples: int


@dataclass(frozen=True)
class Fetch:
    """What a fetch of consecutive civil days is about.

    Attributes:
        states: of each day, in order.
        zone: of the days.
        totals: metrics that grow through the day.
        interval_ms: length of the intervals; 0: readings at any instant; None: one value a day.
        until: how far the data is; None: nobody knows.
    """

    states: Mapping[date, State]
    zone: ZoneInfo
    totals: Collection[str]
    interval_ms: int | None
    until: datetime | None

    @cached_property
    def bounds(self) -> npt.NDArray[np.int64]:
        """The first instant of each day, in milliseconds."""
        return np.array([to_milliseconds(day_start(day, self.zone)) for day in self.states])

    @cached_property
    def settled(self) -> Mask:
        """Which days are."""
        return np.array([state == "settled" for state in self.states.values()])

    def numbers(self, one: Series) -> npt.NDArray[np.int64]:
        """In which day each sample lies, counted from 0."""
        return np.searchsorted(self.bounds, one.timestamps, side="right") - 1


@dataclass(frozen=True)
class Decision:
    """What the days shall hold.

    Attributes:
        series: all of their samples.
        kept: what the answer lacks and stays.
        removed: what the answer lacks again and goes.
    """

    series: list[Series]
    kept: tuple[Absent, ...]
    removed: tuple[Absent, ...]


def decide(
    stored: Sequence[Series],
    answer: Sequence[Series],
    fetch: Fetch,
    may_remove: Callable[[Absent], bool],
) -> Decision:
    """What the days shall hold.

    Args:
        stored: what they hold.
        answer: what the provider gave for them.
        fetch: the days.
        may_remove: whether samples that are absent may go; asked once a series and day.
    """
    days, settled = list(fetch.states), fetch.settled
    have = {(one.metric, one.labels): one for one in stored}
    want = {(one.metric, one.labels): one for one in answer}
    result: list[Series] = []
    kept: list[Absent] = []
    removed: list[Absent] = []
    for key in sorted(have.keys() | want.keys()):
        old, new = _once(have.get(key, _nothing(key))), want.get(key, _nothing(key))
        at = fetch.numbers(new)
        new = _only(new, settled[at] | ~(_is_total(new, fetch) | _is_open(new, fetch)))
        lacking, new = _lacking(old, new, is_total=key[0] in fetch.totals)
        at = fetch.numbers(lacking)
        # A half day of an earlier version; another program's, or of another length of intervals.
        goes = (~settled[at] & _is_total(lacking, fetch)) | _is_foreign(lacking, at, fetch)
        is_missed = ~goes & (settled[at] | ~_is_open(lacking, fetch))
        for number, samples in zip(*np.unique(at[is_missed], return_counts=True), strict=True):
            absent = Absent(days[number], *key, int(samples))
            if may_remove(absent):
                removed.append(absent)
                goes |= is_missed & (at == number)
            else:
                kept.append(absent)
        result.append(_merged(new, _only(lacking, ~goes)))
    return Decision([one for one in result if len(one.timestamps)], tuple(kept), tuple(removed))


def proves_absence(stored: Sequence[Series], answer: Sequence[Series], fetch: Fetch) -> bool:
    """Whether a second answer that lacks something may be believed.

    One that has nothing at all, where several days have something, is more likely to be an outage.
    """
    with_samples = {number for one in stored for number in fetch.numbers(one).tolist()}
    return count(answer) > 0 or len(with_samples) <= 1


def today_so_far(
    metrics: Sequence[Metric],
    answer: Sequence[Series],
    zone: ZoneInfo,
    synced: datetime | None,
    now: datetime,
) -> list[Series]:
    """Each total of the current civil day as a sample of its own series, at the last sync.

    Args:
        metrics: rows of the asset.
        answer: what the provider gave.
        zone: the account's.
        synced: the last sync; without one there is no instant for the sample.
        now: aware; a sync before its civil day says nothing about it.
    """
    today = civil_day(now, zone)
    if synced is None or civil_day(synced, zone) != today:
        return []
    names = {metric.name: metric.today for metric in metrics if metric.is_total}
    midnight = to_milliseconds(day_start(today, zone))
    instant = np.array([to_milliseconds(synced)], np.int64)
    return [
        Series(names[one.metric], one.labels, instant, one.values[one.timestamps == midnight])
        for one in answer
        if one.metric in names and midnight in one.timestamps
    ]


def _is_total(one: Series, fetch: Fetch) -> Mask:
    return np.full(len(one.timestamps), one.metric in fetch.totals)


def _is_foreign(one: Series, at: npt.NDArray[np.int64], fetch: Fetch) -> Mask:
    """Which samples lie where no answer could ever put one."""
    offset = one.timestamps - fetch.bounds[at]
    is_foreign: Mask = (
        offset if fetch.interval_ms is None else offset % (fetch.interval_ms or 1)
    ) != 0
    return is_foreign


def _is_open(one: Series, fetch: Fetch) -> Mask:
    """Which intervals have not ended before the last sync."""
    if not fetch.interval_ms:
        return np.zeros(len(one.timestamps), np.bool_)
    until = -1 if fetch.until is None else to_milliseconds(fetch.until)
    return one.timestamps + fetch.interval_ms > until


def _lacking(old: Series, new: Series, *, is_total: bool) -> tuple[Series, Series]:
    """What is stored and not in the answer, and the answer; a total that fell to zero is absent."""
    if is_total:
        fallen = np.isin(new.timestamps, old.timestamps[old.values != 0]) & (new.values == 0)
        new = _only(new, ~fallen)
    return _only(old, ~np.isin(old.timestamps, new.timestamps)), new


def _only(one: Series, which: Mask) -> Series:
    return one._replace(timestamps=one.timestamps[which], values=one.values[which])


def _once(one: Series) -> Series:
    """A store may hold an instant twice, if others write to it."""
    instants, first = np.unique(one.timestamps, return_index=True)
    return one._replace(timestamps=instants, values=one.values[first])


def _merged(one: Series, other: Series) -> Series:
    """Two parts of a series, which share no instant, in order of time."""
    if not len(other.timestamps):
        return one
    instants = np.concatenate([one.timestamps, other.timestamps])
    order = np.argsort(instants)
    values = np.concatenate([one.values, other.values])
    return one._replace(timestamps=instants[order], values=values[order])


def _nothing(key: tuple[str, str]) -> Series:
    return Series(*key, np.empty(0, np.int64), np.empty(0, np.float64))
