"""What Dagster loads: ``defs``, made from the configuration of this process."""

from __future__ import annotations

import logging
import time
import warnings
from typing import TYPE_CHECKING, cast

import dagster as dg

from syncbit_dagster.config import Settings, load_accounts
from syncbit_dagster.core.civil import real_clock
from syncbit_dagster.defs.assets import build_asset
from syncbit_dagster.defs.checks import build_checks
from syncbit_dagster.defs.instance.retention import forgetting
from syncbit_dagster.defs.io_manager import sample_store_io_manager
from syncbit_dagster.defs.names import SOURCE, STORE, key_of, named
from syncbit_dagster.defs.partitions import daily_partitions
from syncbit_dagster.defs.resources.fitbit import fitbit_resource
from syncbit_dagster.defs.resources.telemetry import RUN_FIGURES, run_figures
from syncbit_dagster.defs.schedules import NAME as DAILY_SYNC
from syncbit_dagster.defs.schedules import daily_sync
from syncbit_dagster.defs.sensors.device_sync import NAME as DEVICE_SYNC
from syncbit_dagster.defs.sensors.device_sync import device_sync
from syncbit_dagster.defs.sensors.history import NAME as HISTORY
from syncbit_dagster.defs.sensors.history import TICK_SECONDS, history
from syncbit_dagster.defs.sensors.run_failures import run_failures
from syncbit_dagster.defs.weekly_report import (
    weekly_partitions,
    weekly_report,
    weekly_report_schedule,
)
from syncbit_dagster.factories import history_days, offered_assets, scheduled_assets

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


def build_definitions(
    *accounts: Settings,
    now: Callable[[], datetime] = real_clock,
    sleep: Callable[[float], None] = time.sleep,
) -> dg.Definitions:
    """Assets, schedules, sensors and resources of each account, by the clock that is given."""
    logging.getLogger("syncbit_dagster").setLevel(accounts[0].log_level)
    # What a sensor costs that finds nothing to do stays the same, however many there are.
    tick_seconds = TICK_SECONDS * len(accounts)
    online = [settings for settings in accounts if not settings.is_offline]
    jobs = {named(one, job) for one in accounts for job in (DAILY_SYNC, DEVICE_SYNC, HISTORY)}
    keys = [key_of(one, asset.name) for one in accounts for asset in offered_assets(one)]
    for_all = dg.Definitions(
        schedules=[forgetting(jobs, keys, now=now)],
        sensors=[run_failures(online, now=now)] if online else [],
        # One process a run: steps share the request budget and spare an import each.
        executor=dg.in_process_executor,
    )
    each = [_of_account(settings, tick_seconds, now, sleep) for settings in accounts]
    return dg.Definitions.merge(*(each if len(each) == 1 else map(_bound, each)), for_all)


def _bound(account: dg.Definitions) -> dg.Definitions:
    """The same, each asset and check bound to the account's own resources.

    What is left to Dagster is compared with the resources of all, and so takes the square of the
    number of accounts. A single account's are left to it: then the UI has a page of them, too.
    """
    resources = account.resources or {}
    assets = cast("list[dg.AssetsDefinition]", account.assets)
    return dg.Definitions(
        assets=dg.with_resources(assets, resources),
        asset_checks=dg.with_resources(account.asset_checks or (), resources),
        schedules=account.schedules,
        sensors=account.sensors,
    )


def _of_account(
    settings: Settings,
    tick_seconds: int,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> dg.Definitions:
    first, last = history_days(settings)
    partitions = daily_partitions(settings, first, last)
    kinds = {"pandas", "victoriametrics" if settings.victoria else "duckdb"}
    weeks = weekly_partitions(settings, first, last)
    offered = offered_assets(settings)
    with warnings.catch_warnings():
        # BackfillPolicy is beta in every release so far; without it a backfill is one run a day.
        # So is a partition mapping that lets a first week have fewer days.
        warnings.simplefilter("ignore", dg.BetaWarning)
        assets = {asset.name: build_asset(asset, settings, partitions, kinds) for asset in offered}
        partitioned = [assets[asset.name] for asset in offered if asset.is_partitioned]
        report = weekly_report(settings, partitioned, weeks, now=now)
    on_schedule = [assets[asset.name] for asset in scheduled_assets(settings)]
    followed = (
        [device_sync(settings, on_schedule, now=now, sleep=sleep)] if "devices" in assets else []
    )
    regular = [
        daily_sync(settings, on_schedule, partitions),
        weekly_report_schedule(settings, report, weeks),
    ]
    return dg.Definitions(
        assets=[*assets.values(), report],
        asset_checks=[build_checks(asset, settings, partitions, now=now) for asset in offered],
        schedules=[] if last else regular,
        sensors=[
            *followed,
            history(
                settings,
                partitioned,
                offered,
                first,
                last,
                now=now,
                tick_seconds=tick_seconds,
            ),
        ],
        resources={
            named(settings, SOURCE): fitbit_resource(settings, now=now, sleep=sleep),
            named(settings, STORE): sample_store_io_manager(settings, now=now),
            named(settings, RUN_FIGURES): run_figures(),
        },
    )


defs = build_definitions(*load_accounts())
