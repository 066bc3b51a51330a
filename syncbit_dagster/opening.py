"""From settings to the source and the store that they name. Nothing is contacted here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.sources.google_health import GoogleHealthSource
from syncbit_dagster.stores.victoriametrics import TargetLock, VictoriaMetricsStore

if TYPE_CHECKING:
    from syncbit_dagster.account import Priority
    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.config import Settings
    from syncbit_dagster.sources.base import Source
    from syncbit_dagster.stores.base import Store

SOURCES = {"google_health": GoogleHealthSource, "demo": GoogleHealthSource}


def open_source(settings: Settings, *, priority: Priority = "fresh") -> Source:
    """The source that ``SYNCBIT_PROVIDER`` names.

    Args:
        settings: of this process.
        priority: whose requests go first where the budget is short: those for ``fresh`` days
            (schedule, sensor, a person) before those for ``history`` (a backfill).
    """
    account = settings.account
    return SOURCES[account.provider].connect(
        replace(account, quota=replace(account.quota, priority=priority)),
        interval_seconds=settings.interval_seconds,
        heart_rate_interval_seconds=settings.heart_rate_interval_seconds,
    )


def offered_assets(settings: Settings) -> list[Asset]:
    """The assets that the provider can fill and that are not turned off."""
    source = SOURCES[settings.account.provider]
    return [asset for asset in ASSETS if source.has(asset) and settings.is_enabled(asset)]


def open_store(settings: Settings) -> Store:
    """VictoriaMetrics if there is an endpoint, else the embedded store."""
    if settings.victoria is None:
        # Here, because DuckDB takes 0.1 s to load, and loading the definitions opens no store.
        from syncbit_dagster.stores.duckdb import DuckDBStore

        return DuckDBStore(settings.embedded_store)
    lock = TargetLock(settings.data_directory / "locks", settings.victoria.key)
    return VictoriaMetricsStore(settings.victoria, lock=lock)
