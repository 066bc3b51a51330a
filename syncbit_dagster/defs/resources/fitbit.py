"""The Fitbit resource: one account's source, opened for a run and closed after it.

A plain object rather than a configurable resource: configuration comes from the environment and
secret files only, so no secret is ever a value that the UI or the run storage could show.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import dagster as dg

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import real_clock
from syncbit_dagster.defs.names import named
from syncbit_dagster.defs.resources.telemetry import RUN_FIGURES
from syncbit_dagster.defs.run_checks import log_checks
from syncbit_dagster.defs.run_requests import priority_of
from syncbit_dagster.factories import history_days, open_source
from syncbit_dagster.scheduling.settled_rule import may_change
from syncbit_dagster.scheduling.syncs import last_sync
from syncbit_dagster.sources.errors import (
    AccessRefusedError,
    PermissionMissingError,
    RequestRefusedError,
    ServerFailedError,
    UnexpectedResponseError,
)
from syncbit_dagster.sources.set_aside import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.sources.base import Batch, Current, Planned, Source
    from syncbit_dagster.sources.set_aside import SetAside
    from syncbit_dagster.telemetry import RunFigures

_Answer = TypeVar("_Answer")

# Nothing about devices may stop what is asked of the days.
DEVICES_FAIL = (
    PermissionMissingError,
    RequestRefusedError,
    ServerFailedError,
    UnexpectedResponseError,
)
_UNASKED = datetime.min.replace(tzinfo=UTC)


log = logging.getLogger(__name__)


class RunSource:
    """A run's source. A present state is asked for once, however many assets need it.

    Attributes:
        now: gives the present instant.
    """

    def __init__(
        self,
        open_: Callable[[], Source],
        zone: ZoneInfo,
        now: Callable[[], datetime],
        figures: RunFigures,
    ) -> None:
        """Nothing is opened yet: what is wrong with the source fails a step, by its sentence.

        Args:
            open_: gives the account's source.
            zone: the account's.
            now: gives the present instant.
            figures: what the run tells of itself.
        """
        self.now = now
        self._figures = figures
        self._open = open_
        self._zone = zone
        self._set_aside: defaultdict[str, list[SetAside]] = defaultdict(list)
        self._synced: datetime | None = _UNASKED
        self._current: dict[str, Current | PermissionMissingError] = {}

    @cached_property
    def _source(self) -> Source:
        return self._open()

    def close(self) -> None:
        """Release connections."""
        if "_source" in self.__dict__:
            self._source.close()

    def plan(self, asset: Asset, days: DayRange) -> Planned:
        return self._source.plan(asset, days)

    def fetch(self, asset: Asset, days: DayRange) -> Iterator[Batch]:
        batches = self._source.fetch(asset, days)
        while batch := self._counted(asset, lambda: next(batches, None)):
            self._set_aside[asset.name] += batch.set_aside
            self._figures.left_out(asset.name, sum(one.elements for one in batch.set_aside))
            yield batch

    def fetch_current(self, asset: Asset) -> Current:
        """The present state as of the run's first request for it; a refusal is remembered, too."""
        if asset.name not in self._current:
            try:
                found = self._counted(asset, lambda: self._source.fetch_current(asset))
                for one in found.set_aside:
                    log.warning("Left out: %s", one)
            except PermissionMissingError as refusal:
                self._current[asset.name] = refusal
            else:
                self._current[asset.name] = found
        known = self._current[asset.name]
        if isinstance(known, PermissionMissingError):
            raise known
        return known

    def set_aside_of(self, asset: Asset) -> Sequence[SetAside]:
        """What of the asset's data could not be read in this run."""
        return counted(self._set_aside[asset.name])

    def problems_of(self, asset: Asset) -> Sequence[str]:
        return self._source.problems_of(asset)

    def last_sync(self, days: DayRange) -> datetime | None:
        """How far the data is, asked for if it matters to the days; None if nobody knows.

        The last sync of the devices that are worn; where none says it, the newest reading.
        """
        devices = asset_named("devices")
        if not self._source.has(devices) or not may_change(days, self._zone, self.now()):
            return None
        if self._synced is _UNASKED:
            self._synced = self._ask_for_sync(devices)
        return self._synced

    def _ask_for_sync(self, devices: Asset) -> datetime | None:
        try:
            found = last_sync(self.fetch_current(devices).samples)
        except DEVICES_FAIL:
            found = None  # the asset `devices` says so itself
        try:
            return found or self._counted(devices, self._source.newest_reading)
        except DEVICES_FAIL:
            return None

    def _counted(self, asset: Asset, ask: Callable[[], _Answer]) -> _Answer:
        """What the source gives; answers 429 are noted as the asset's, whatever comes of it."""
        before = self._source.traffic.rate_limited
        try:
            return ask()
        except AccessRefusedError:
            self._figures.is_refused = True
            raise
        finally:
            self._figures.sent(asset.name, self._source.traffic.rate_limited - before)


def fitbit_resource(
    settings: Settings,
    *,
    now: Callable[[], datetime] = real_clock,
    sleep: Callable[[float], None] = time.sleep,
) -> dg.ResourceDefinition:
    """The account's source as the resource ``fitbit``; it carries OAuth and the request budget."""
    account, run_figures = settings.account, named(settings, RUN_FIGURES)

    def run_source(context: dg.InitResourceContext) -> Iterator[RunSource]:
        tags = context.run.tags if context.run else {}

        def opened() -> Source:
            history_days(settings)  # refuses an export that was moved or is empty
            if context.log:
                log_checks(settings, context.log, now())
            return open_source(settings, priority=priority_of(tags), now=now, sleep=sleep)

        figures = getattr(context.resources, run_figures)
        with closing(RunSource(opened, account.zone, now, figures)) as source:
            yield source

    return dg.ResourceDefinition(
        resource_fn=run_source,
        required_resource_keys={run_figures},
        description=(
            f"{account.provider} at {account.api_url} as user {account.labels['user']!r}: "
            f"days of {account.zone.key}, at most {account.quota}"
        ),
    )
