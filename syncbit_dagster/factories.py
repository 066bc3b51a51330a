"""From settings to the source and the store that they name. Nothing is contacted here."""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.core.civil import DayRange, real_clock
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.quota import Budget
from syncbit_dagster.quota.windows import RESERVE_SHARE
from syncbit_dagster.sources.fitbit_web import FitbitWebSource
from syncbit_dagster.sources.google_health import GoogleHealthSource
from syncbit_dagster.sources.takeout import TakeoutSource
from syncbit_dagster.stores.locks.local import TargetLock
from syncbit_dagster.stores.victoriametrics import FileJournal, VictoriaMetricsStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.config import Settings
    from syncbit_dagster.quota.quota import Priority, QuotaFigures
    from syncbit_dagster.sources.base import Source
    from syncbit_dagster.stores.base import Store
    from syncbit_dagster.stores.victoriametrics import Journal, VictoriaMetricsConfig

# How long a run for history may take: about so long may fresh data of its days have to wait.
HISTORY_SECONDS = 10 * 60

SOURCES: dict[str, Any] = {
    "google_health": GoogleHealthSource,
    "fitbit_web": FitbitWebSource,
    "takeout": TakeoutSource,
    "demo": GoogleHealthSource,
}


def open_source(
    settings: Settings,
    *,
    priority: Priority = "fresh",
    now: Callable[[], datetime] = real_clock,
    sleep: Callable[[float], None] = time.sleep,
    patience_seconds: float = math.inf,
) -> Source:
    """The source that ``SYNCBIT_PROVIDER`` names.

    Args:
        settings: of this process.
        priority: whose requests go first where the budget is short: those for ``fresh`` days
            (schedule, sensor, a person) before those for ``history`` (a backfill).
        now: the present instant. The request budget keeps its own clock, which is the one of the
            place that is shared.
        sleep: waits.
        patience_seconds: how long somebody waits for an answer: a request that has no turn or no
            answer by then fails instead of being tried again.
    """
    account = settings.account
    longest = min(account.quota.longest_wait_seconds, patience_seconds)
    quota = replace(account.quota, priority=priority, longest_wait_seconds=longest)
    of_its_own: dict[str, Any] = (
        {"path": settings.takeout}
        if settings.is_offline
        else {"now": now, "sleep": sleep, "patience_seconds": patience_seconds}
    )
    source: Source = SOURCES[account.provider].connect(
        replace(account, quota=quota),
        interval_of=settings.interval_of,
        **of_its_own,
    )
    return source


def history_days(settings: Settings) -> tuple[date, date | None]:
    """The first day of the history and its last; None: it goes on every day.

    Only an export ends: a day after it is not empty, nobody knows it yet.
    """
    first = settings.account.first_day
    if not settings.is_offline:
        return first, None
    source = open_source(settings)
    covered = source.covered
    source.close()
    if covered is None:
        raise ConfigError(f"TAKEOUT_PATH={settings.takeout}: the export holds no day of data.")
    return (first if settings.has_start_date else covered.first), covered.last


def offered_assets(settings: Settings) -> list[Asset]:
    """The assets that the provider can fill and that are not turned off."""
    source = SOURCES[settings.account.provider]
    return [asset for asset in ASSETS if source.has(asset) and settings.is_enabled(asset)]


def scheduled_assets(settings: Settings) -> list[Asset]:
    """Those of them that schedule and sensors keep fresh: intraday ones only if asked for."""
    return [
        asset
        for asset in offered_assets(settings)
        if not asset.is_intraday or asset.resource in settings.intraday_on_schedule
    ]


def history_limit(settings: Settings) -> int:
    """How many requests a run for history may take at best; the reserve of fresh data is not in it.

    Of a sliding window, as many as come in some minutes: it refills while a run waits for its
    turns. Of a fixed one, what it has: what comes later would keep a process waiting for up to an
    hour.
    """
    quota = settings.account.quota
    if settings.is_offline or quota.window == "sliding":
        return quota.requests * HISTORY_SECONDS // quota.seconds
    return quota.requests - int(quota.requests * RESERVE_SHARE)


def history_budget(settings: Settings) -> int:
    """How many requests runs for history may take now."""
    quota, limit = settings.account.quota, history_limit(settings)
    if settings.is_offline or quota.window == "sliding":
        return limit
    return limit - (quota.requests - quota_figures(settings).remaining)


def history_fits(settings: Settings) -> str | None:
    """Why some of the history never comes, in a sentence; None: the request budget is large enough.

    Nothing is asked for.
    """
    quota, limit = settings.account.quota, history_limit(settings)
    day = DayRange(settings.account.first_day, settings.account.first_day)
    with closing(open_source(settings, priority="history")) as source:
        costs = {
            asset.name: source.plan(asset, day).expected
            for asset in offered_assets(settings)
            if settings.history_of(asset, day)
        }
    dear = {name: cost for name, cost in costs.items() if cost > limit}
    if not dear:
        return None
    unit = "HOUR" if quota.seconds == 3600 else "MINUTE"
    takes = ", ".join(f"{name} takes {cost}" for name, cost in dear.items())
    return (
        f"The request budget ({quota}) is too small for the history: a run for it gets {limit} "
        f"requests, and one day of {takes}; raise SYNCBIT_REQUESTS_PER_{unit}."
    )


def quota_figures(settings: Settings) -> QuotaFigures:
    """How the request budget stands now, for all processes that share it."""
    budget = Budget(settings.account.quota)
    try:
        return budget.figures()
    finally:
        budget.close()


def open_store(settings: Settings) -> Store:
    """VictoriaMetrics if there is an endpoint, else the embedded store."""
    if settings.victoria is None:
        # Here, because DuckDB takes 0.1 s to load, and loading the definitions opens no store.
        from syncbit_dagster.stores.duckdb import DuckDBStore

        return DuckDBStore(settings.embedded_store)
    return open_victoria(settings, settings.victoria, lock=target_lock(settings, settings.victoria))


def open_victoria(
    settings: Settings,
    target: VictoriaMetricsConfig,
    *,
    lock: Callable[[], AbstractContextManager[None]],
) -> VictoriaMetricsStore:
    """A server as a store, for whoever holds ``lock``, or leaves it to the store."""
    return VictoriaMetricsStore(target, lock=lock, journal=_journal(settings, target))


def _journal(settings: Settings, target: VictoriaMetricsConfig) -> Journal:
    """Where a correction is kept that has begun: where all find it who share the lock."""
    place = settings.account.quota.place
    if place is None or not place.is_on_a_server:
        return FileJournal(settings.store_directory / "journals", target.key)
    # Here, because SQLAlchemy takes half a second to load.
    from syncbit_dagster.account.state.journal_rows import JournalRows

    return JournalRows(place.url, target.key)


def target_lock(
    settings: Settings, target: VictoriaMetricsConfig
) -> Callable[[], AbstractContextManager[None]]:
    """What keeps two writers of a server apart: on one machine, or on all that share the state."""
    place = settings.account.quota.place
    if place is None or not place.is_on_a_server:
        return TargetLock(settings.store_directory / "locks", target.key)
    # Here, because SQLAlchemy takes half a second to load.
    from sqlalchemy import NullPool

    from syncbit_dagster.account.state.database import server_engine
    from syncbit_dagster.stores.locks.shared import SharedTargetLock

    # No pool: a store lives as long as its process, and so would a connection that nobody needs.
    return SharedTargetLock(server_engine(place.url, poolclass=NullPool).connect, target.key)
