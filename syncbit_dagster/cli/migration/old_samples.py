"""The daemon's samples in the series that are ours now.

Its syncs stamped a day's values at the time of the poll: up to 96 samples a day and series. Ours
lie at the first instant of the civil day, so an instant tells whose a sample is. A materialization
leaves exactly its own samples in its days; what stays are samples in days that were materialized
before the daemon was stopped, and in days that nobody materializes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.catalog import ASSETS, metrics_of
from syncbit_dagster.core.civil import DayRange, civil_day, day_start, to_milliseconds
from syncbit_dagster.stores.base import Slice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.stores.base import Store

DAEMON_DEVICE = "charge6"  # the label `device` of everything that the daemon wrote
TEST_METRIC = "fitbit_test_connection"  # one sample at each of its starts
DAILY_METRICS = tuple(
    dict.fromkeys(
        metric.name
        for asset in ASSETS
        if asset.group == "daily"
        for metric in metrics_of(asset.name)
    )
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class OldSamples:
    """What was found in one metric's series.

    Attributes:
        where: the metric's series of the account, of all time.
        beside: old samples in days that have their own value in the same series: they may go.
        alone: old samples that are all a day has in their series: they stay until the day is
            materialized, because the provider may not have it any more.
        alone_days: the first and the last day of these.
        unclear_day: a day with two different values at its one instant; None: there is none.
        kept: the series without the samples that may go.
    """

    where: Slice
    beside: int
    alone: int
    alone_days: DayRange | None
    unclear_day: date | None
    kept: list[Series]

    @property
    def metric(self) -> str:
        return self.where.metrics[0]

    @property
    def removable(self) -> int:
        return 0 if self.unclear_day else self.beside


def all_of(metric: str, labels: Mapping[str, str], now: datetime) -> Slice:
    """A metric's series of an account, from the beginning of time to tomorrow."""
    return Slice((metric,), labels, EPOCH, now + timedelta(days=1))


def find_old(
    store: Store, metric: str, labels: Mapping[str, str], zone: ZoneInfo, now: datetime
) -> OldSamples:
    """The samples of a daily metric at instants that no daily value can have.

    Args:
        store: of the samples; one call reads all series of the metric.
        labels: the account's.
        zone: of the account's days; a wrong one makes every sample look old.
        now: aware.
    """
    where = all_of(metric, labels, now)
    parts = [_divide(series, zone) for series in store.read(where)]
    alone = np.concatenate([np.empty(0, np.int64), *(part.alone for part in parts)])
    return OldSamples(
        where=where,
        beside=sum(part.beside for part in parts),
        alone=len(alone),
        alone_days=_days(alone, zone) if len(alone) else None,
        unclear_day=min((part.unclear for part in parts if part.unclear), default=None),
        kept=[part.kept for part in parts],
    )


def remove_old(store: Store, found: OldSamples) -> int:
    """Take away what may go, exactly; how many samples that was.

    The caller holds the target's lock since :func:`find_old`: what is written in between would be
    taken away too.

    Raises:
        StoreError: the store is down, refuses, or does not hold what it should.
    """
    return store.replace(found.where, found.kept).removed if found.removable else 0


def remove_test_samples(store: Store, labels: Mapping[str, str], now: datetime) -> int:
    """Take away what the daemon wrote to see whether it can write."""
    return store.replace(all_of(TEST_METRIC, labels, now), []).removed


@dataclass(frozen=True)
class _Divided:
    kept: Series
    beside: int
    alone: npt.NDArray[np.int64]
    unclear: date | None


def _divide(series: Series, zone: ZoneInfo) -> _Divided:
    instants, values = series.timestamps, series.values
    starts = _day_starts(int(instants[0]), int(instants[-1]), zone)
    day = np.searchsorted(starts, instants, side="right") - 1
    is_daily = starts[day] == instants
    has_value = np.zeros(len(starts), dtype=bool)
    has_value[day[is_daily]] = True
    is_beside = ~is_daily & has_value[day]
    rest = series._replace(timestamps=instants[~is_beside], values=values[~is_beside])
    kept, doubled = _once(rest)
    return _Divided(
        kept=kept,
        beside=int(is_beside.sum()),
        alone=instants[~is_daily & ~has_value[day]],
        unclear=_day_of(int(doubled[0]), zone) if len(doubled) else None,
    )


def _once(series: Series) -> tuple[Series, npt.NDArray[np.int64]]:
    """The series with each sample once, and the instants that have two different values."""
    follows = np.concatenate([[False], np.diff(series.timestamps) == 0])
    is_copy = follows & (series.values == np.roll(series.values, 1))
    once = series._replace(timestamps=series.timestamps[~is_copy], values=series.values[~is_copy])
    return once, series.timestamps[follows & ~is_copy]


def _day_starts(first: int, last: int, zone: ZoneInfo) -> npt.NDArray[np.int64]:
    days = DayRange(_day_of(first, zone), _day_of(last, zone))
    starts = (to_milliseconds(day_start(day, zone)) for day in days)
    return np.unique(np.fromiter(starts, np.int64, len(days)))


def _days(instants: npt.NDArray[np.int64], zone: ZoneInfo) -> DayRange:
    return DayRange(_day_of(int(instants.min()), zone), _day_of(int(instants.max()), zone))


def _day_of(milliseconds: int, zone: ZoneInfo) -> date:
    return civil_day(EPOCH + timedelta(milliseconds=milliseconds), zone)
