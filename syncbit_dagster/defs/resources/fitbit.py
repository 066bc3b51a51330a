"""The Fitbit resource: one account's source, opened for a run and closed after it.

A plain object rather than a configurable resource: configuration comes from the environment and
secret files only, so no secret is ever a value that the UI or the run storage could show.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, TypeVar

import dagster as dg

from syncbit_dagster.catalog import ASSETS, asset_named
from syncbit_dagster.core.civil import real_clock
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.names import key_of, named
from syncbit_dagster.defs.order import in_order
from syncbit_dagster.defs.read_ahead import ReadAhead
from syncbit_dagster.defs.resources.telemetry import RUN_FIGURES
from syncbit_dagster.defs.run_checks import log_checks
from syncbit_dagster.defs.run_requests import days_of_run, priority_of
from syncbit_dagster.factories import open_source, scheduled_assets, turns
from syncbit_dagster.scheduling.settled_rule import may_change
from syncbit_dagster.scheduling.syncs import last_sync
from syncbit_dagster.sources.errors import PermissionMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.sources.base import Batch, Current, Planned, Source
    from syncbit_dagster.telemetry import RunFigures

_Answer = TypeVar("_Answer")

# How long what is fetched waits for what comes next, to be stored with it. An answer takes less
# than a second; a budget that is used up takes up to an hour, and nothing should wait for that.
PATIENCE_SECONDS = 2.0


class RunSource:
    """A run's source. A present state is asked for once, however many assets need it.

    Attributes:
        now: gives the present instant.
    """

    def __init__(
        self,
        source: Source,
        zone: ZoneInfo,
        now: Callable[[], datetime],
        figures: RunFigures,
        coming: Sequence[Asset] = (),
    ) -> None:
        """Nothing is sent yet.

        Args:
            source: the account's.
            zone: the account's.
            now: gives the present instant.
            figures: what the run tells of itself.
            coming: the partitioned assets that the run will fetch, in order, as far as known.
        """
        self.now = now
        self._coming = coming
        self._ahead: ReadAhead | None = None
        self._one_at_a_time = threading.Lock()
        self._figures = figures
        self._source = source
        self._zone = zone
        self._current: dict[str, Current] = {}

    def plan(self, asset: Asset, days: DayRange) -> Planned:
        return self._source.plan(asset, days)

    def fetch(self, asset: Asset, days: DayRange) -> Iterator[Batch]:
        """The batches of an asset; meanwhile, what the run will ask for next is fetched too."""
        if self._ahead is None and self._coming[:1] == (asset,):
            self._plans(self._coming, days)
            names = [one.name for one in self._coming]
            self._ahead = ReadAhead(names, lambda name: self._batches(asset_named(name), days))
        if self._ahead and self._ahead.has(asset.name):
            return self._ahead.take(asset.name)
        self._plans([asset], days)
        return self._batches(asset, days)

    def following(self, days: DayRange) -> Iterator[tuple[str, Batch]]:
        """What the run's next assets will be given for all these days, as far as it is there."""
        return self._ahead.following(days, PATIENCE_SECONDS) if self._ahead else iter(())

    def _plans(self, assets: Iterable[Asset], days: DayRange) -> None:
        for asset in assets:
            self._figures.plans(asset.name, days, self.plan(asset, days).least)

    def _batches(self, asset: Asset, days: DayRange) -> Iterator[Batch]:
        self._figures.asks(asset.name, days)
        batches = self._source.fetch(asset, days)
        while batch := self._counted(asset, lambda: next(batches, None)):
            yield batch

    def close(self) -> None:
        """Fetch no more, and release connections."""
        if self._ahead:
            self._ahead.close()
        self._source.close()

    def fetch_current(self, asset: Asset) -> Current:
        if asset.name not in self._current:
            self._current[asset.name] = self._counted(
                asset, lambda: self._source.fetch_current(asset)
            )
        return self._current[asset.name]

    def problems_of(self, asset: Asset) -> Sequence[str]:
        return self._source.problems_of(asset)

    def last_sync(self, days: DayRange) -> datetime | None:
        """The devices' last sync, asked for if it matters to the days; None if nobody knows."""
        devices = asset_named("devices")
        if not self._source.has(devices) or not may_change(days, self._zone, self.now()):
            return None
        try:
            return last_sync(self.fetch_current(devices).samples)
        except PermissionMissingError:
            return None  # the asset `devices` says so itself

    def _counted(self, asset: Asset, ask: Callable[[], _Answer]) -> _Answer:
        """What the source gives; its traffic is noted as the asset's, whatever comes of it."""
        with self._one_at_a_time:
            before = self._source.traffic
            try:
                return ask()
            except PermissionMissingError:
                self._figures.may_not(asset.name)
                raise
            finally:
                self._figures.sent(asset.name, self._source.traffic - before)


def fitbit_resource(
    settings: Settings,
    *,
    now: Callable[[], datetime] = real_clock,
    sleep: Callable[[float], None] = time.sleep,
) -> dg.ResourceDefinition:
    """The account's source as the resource ``fitbit``; it carries OAuth and the request budget."""
    account, run_figures = settings.account, named(settings, RUN_FIGURES)

    def opened(context: dg.InitResourceContext) -> Iterator[RunSource]:
        tags = context.run.tags if context.run else {}
        days = days_of_run(context.run) if context.run else None
        with ExitStack() as held:
            with as_failure():
                if days:
                    held.enter_context(turns(settings, sleep=sleep)(days))
                if context.log:
                    log_checks(settings, context.log, now())
            source = RunSource(
                open_source(settings, priority=priority_of(tags), now=now, sleep=sleep),
                account.zone,
                now,
                getattr(context.resources, run_figures),
                partitioned_assets_of(settings, context.run),
            )
            yield held.enter_context(closing(source))

    return dg.ResourceDefinition(
        resource_fn=opened,
        required_resource_keys={run_figures},
        description=(
            f"{account.provider} at {account.api_url} as user {account.labels['user']!r}: "
            f"days of {account.zone.key}, at most {account.quota}"
        ),
    )


def partitioned_assets_of(settings: Settings, run: dg.DagsterRun | None) -> tuple[Asset, ...]:
    """What a run will fetch, in the order of its steps, as far as that is known before."""
    if run is None:
        return ()
    keys = run.asset_selection
    # A run that names no asset is one of the schedule's or of a sensor's.
    assets = (
        [asset for asset in ASSETS if key_of(settings, asset.name) in keys]
        if keys
        else scheduled_assets(settings)
    )
    return in_order(asset for asset in assets if asset.is_partitioned)
