"""The project's own metrics into the store: one write at a run's end, one after a failed run.

An export is no sync, so nothing is recorded of one. What is wrong here fails no run.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import ONE_DAY, DayRange, civil_day
from syncbit_dagster.core.errors import SyncbitError
from syncbit_dagster.defs.instance.records import missing_days
from syncbit_dagster.factories import quota_figures
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.telemetry import RunFigures, Value, account_values, run_values, series_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from syncbit_dagster.config import Settings
    from syncbit_dagster.stores.base import Store

RUN_FIGURES = "run_figures"

log = logging.getLogger(__name__)


def run_figures() -> dg.ResourceDefinition:
    """What a run does, as the resource :data:`RUN_FIGURES`: source and IO manager write it down."""
    return dg.ResourceDefinition(
        resource_fn=lambda _: RunFigures(), description="What this run does, for the own metrics."
    )


def record(
    store: Store,
    settings: Settings,
    run: RunFigures,
    instance: dg.DagsterInstance | None,
    now: datetime,
) -> None:
    """Add one sample of each figure of the run and of the account at ``now``, the run's end."""
    if settings.is_offline:
        return
    try:
        newest_day = civil_day(now, settings.account.zone)
        if not settings.include_today:
            newest_day -= ONE_DAY
        values = [
            *account_values(now, quota_figures(settings), settings.account.tokens.load()),
            *run_values(run, now, newest_day),
            *(_missing(settings, run, instance, now) if instance else ()),
        ]
        _write(store, settings, values, now)
    except (SyncbitError, OSError) as error:
        log.warning("The own metrics of this run are not stored: %s", error)


def record_failure(
    store: Store, settings: Settings, assets: Iterable[str], failed_at: datetime, now: datetime
) -> None:
    """Add a sample that says when a run failed, for each asset that it had not finished."""
    name, value = "syncbit_last_failure_timestamp_seconds", int(failed_at.timestamp())
    try:
        _write(store, settings, [Value(name, value, asset) for asset in assets], now)
    except (SyncbitError, OSError) as error:
        log.warning("That a run has failed is not stored: %s", error)


def _missing(
    settings: Settings, run: RunFigures, instance: dg.DagsterInstance, now: datetime
) -> Iterator[Value]:
    """How many days each of the run's assets still misses, failed ones among them."""
    first, last = settings.account.first_day, civil_day(now, settings.account.zone) - ONE_DAY
    if last < first:
        return
    assets = [asset_named(name) for name in sorted(run.assets)]
    missing = missing_days(settings, assets, instance, DayRange(first, last))
    for name, days in missing.items():
        yield Value("syncbit_partitions_missing", len(days), name)


def _write(store: Store, settings: Settings, values: list[Value], now: datetime) -> None:
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # samples sit at milliseconds
    labels = settings.account.labels
    series = series_of(values, labels, now)
    metrics = tuple(dict.fromkeys(one.metric for one in series))
    if metrics:
        target = Slice(metrics, labels, now, now + timedelta(milliseconds=1))
        store.replace(target, series)
