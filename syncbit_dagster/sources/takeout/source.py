"""The Takeout source: an export on this machine, as if it were a provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

import numpy as np

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.catalog import METRICS, metrics_of
from syncbit_dagster.core import samples
from syncbit_dagster.core.civil import ONE_DAY, DayRange, civil_day, day_start, to_milliseconds
from syncbit_dagster.sources.asking import Asked, batches
from syncbit_dagster.sources.base import Current, Planned
from syncbit_dagster.sources.takeout.kinds import KINDS, chain, files_of
from syncbit_dagster.sources.takeout.reader import Reader
from syncbit_dagster.sources.takeout.rows import NO_ROWS, rows_of
from syncbit_dagster.sources.takeout.series import Tile, preferred, to_series
from syncbit_dagster.sources.takeout.worn import needs_proof, worn_days
from syncbit_dagster.sources.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from syncbit_dagster.account.account import Account
    from syncbit_dagster.catalog import Asset, Metric
    from syncbit_dagster.catalog.locations import TakeoutLocation
    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.sources.base import Batch
    from syncbit_dagster.sources.takeout.columns import Columns
    from syncbit_dagster.sources.takeout.rows import Rows

# Four weeks of a reading every two seconds are 20 MB of numbers; most people have a third of that.
TILE_DAYS = 28
ROWS_PER_BATCH = 500_000


@dataclass(frozen=True)
class TakeoutSource:
    """One account's data in a Google Takeout export. Nothing is sent, nothing is unpacked to disk.

    Attributes:
        account: whose data.
        reader: the export's files.
        interval_of: length of an intraday asset's intervals, in seconds; 1 stands for every
            reading.
    """

    SCOPES: ClassVar[tuple[str, ...]] = ()  # nobody is asked

    account: Account
    reader: Reader
    interval_of: Callable[[Asset], int]

    @classmethod
    def connect(
        cls,
        account: Account,
        *,
        path: Path,
        interval_of: Callable[[Asset], int],
    ) -> TakeoutSource:
        """A source on an export; of its files only the names are read yet.

        Args:
            account: whose data; its zone is the one of the export's wall clocks.
            path: the export's folder or zip; one zip of several stands for all of them.
            interval_of: length of an intraday asset's intervals, in seconds.

        Raises:
            ConfigError: there is no export at the path, or a zip is refused.
        """
        return cls(account, Reader(path), interval_of)

    @staticmethod
    def has(asset: Asset) -> bool:
        return any(metric.takeout for metric in metrics_of(asset.name))

    @property
    def traffic(self) -> Traffic:
        return Traffic()  # files need no line

    def plan(self, asset: Asset, days: DayRange) -> Planned:  # noqa: ARG002 - nothing is ever sent
        return Planned.exactly(0)

    def plan_together(self, assets: Iterable[Asset], days: DayRange) -> Planned:
        return sum((self.plan(asset, days) for asset in assets), Planned.exactly(0))

    def fetch(self, asset: Asset, days: DayRange) -> Iterator[Batch]:
        kept: list[Series] = []
        first, started = days.first, perf_counter()
        for part in days.chunks(TILE_DAYS):
            kept += self._series(asset, part)
            is_last = part.last == days.last
            if not is_last and sum(len(one.timestamps) for one in kept) < ROWS_PER_BATCH:
                continue
            yield from batches(
                DayRange(first, part.last),
                kept,
                [],
                self._damaged(asset, DayRange(first, part.last), kept),
                self.account.zone,
                requests=0,
                seconds=perf_counter() - started,
            )
            kept, first, started = [], part.last + ONE_DAY, perf_counter()

    def _damaged(self, asset: Asset, days: DayRange, found: Iterable[Series]) -> dict[str, Asked]:
        """Each kind of file of an asset, and the days that only damaged ones of it may hold."""
        metrics, zone = metrics_of(asset.name), self.account.zone
        listed = list(days)
        starts = [to_milliseconds(day_start(day, zone)) for day in listed]
        days_of: dict[str, set[date]] = {}
        for one in found:
            at = np.searchsorted(starts, one.timestamps, side="right") - 1
            days_of.setdefault(one.metric, set()).update(listed[n] for n in set(at.tolist()))
        asked = {}
        for kind in sorted(filter(self.reader.has, files_of(metrics))):
            held = {one.name for one in metrics if any(p.file == kind for p in chain(one))}
            there = set().union(*(days_of.get(name, set()) for name in held))
            damaged = self.reader.damaged(kind, days)
            failed = {day: why for day, why in damaged.items() if day not in there}
            asked[kind] = Asked(tuple(sorted(held)), failed=failed)
        return asked

    def fetch_current(self, asset: Asset) -> Current:  # noqa: ARG002 - an export is never current
        return Current(samples.empty(), requests=0)

    def newest_reading(self) -> None:
        return None  # an export is never current

    def profile(self) -> Profile:
        """The zone in the account's profile, if the export has that, and the first day of data."""
        covered = self.covered
        try:
            zone = ZoneInfo(self.reader.zone_name() or "")
        except (ValueError, KeyError, OSError):  # no zone, or none of that name
            zone = None
        return Profile(zone=zone, first_day=covered.first if covered else None)

    @cached_property
    def covered(self) -> DayRange | None:
        """The first and the last day with data; None if there is none.

        Values that the export fills in for other days count only if there is nothing else.
        """
        return self._covered(are_filled=False) or self._covered(are_filled=True)

    @property
    def problems(self) -> Sequence[str]:
        """A sentence for each damaged file that was met so far."""
        return self.reader.problems(KINDS.keys())

    def problems_of(self, asset: Asset) -> Sequence[str]:
        """The same for the files that an asset is made from."""
        return self.reader.problems(files_of(metrics_of(asset.name)))

    @property
    def unknown(self) -> Mapping[str, int]:
        """Kinds of files that hold nothing that is read, and how many files of each there are."""
        return self.reader.unknown

    def close(self) -> None:
        self.reader.close()

    def _series(self, asset: Asset, days: DayRange) -> list[Series]:
        """All series of an asset in some days, few enough to be in memory at once."""
        tile = Tile.of(days, self.account.zone)
        columns_of = cache(lambda kind: self.reader.columns(kind, days))
        interval, labels = self._interval(asset), self.account.labels
        metrics = [metric for metric in metrics_of(asset.name) if metric.takeout]
        found = [
            preferred(metric, partial(self._rows, metric, columns_of), tile) for metric in metrics
        ]
        series = [
            to_series(metric, parts, tile, interval, labels)
            for metric, parts in zip(metrics, found, strict=True)
        ]
        return worn_days(metrics, series, tile)

    def _rows(
        self,
        metric: Metric,
        columns_of: Callable[[str], Columns | None],
        place: TakeoutLocation,
    ) -> Rows:
        columns = columns_of(place.file)
        return rows_of(metric, place, columns, self.account.zone) if columns else NO_ROWS

    def _covered(self, *, are_filled: bool) -> DayRange | None:
        ends_of = cache(self.reader.ends)
        times = [
            rows.times
            for metric in METRICS
            for place in chain(metric)
            if needs_proof(place) == are_filled
            for columns in ends_of(place.file)
            if len((rows := rows_of(metric, place, columns, self.account.zone)).times)
        ]
        if not times:
            return None
        first, last = min(each.min() for each in times), max(each.max() for each in times)
        return DayRange(
            *(
                civil_day(datetime.fromtimestamp(int(instant) / 1000, UTC), self.account.zone)
                for instant in (first, last)
            )
        )

    def _interval(self, asset: Asset) -> int | None:
        return self.interval_of(asset) if asset.is_intraday else None
