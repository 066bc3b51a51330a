"""What Dagster is given of one account."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, cast

import dagster as dg

from syncbit_dagster.core.civil import civil_day
from syncbit_dagster.core.errors import SyncbitError
from syncbit_dagster.defs.assets import build_asset
from syncbit_dagster.defs.checks import build_checks
from syncbit_dagster.defs.io_manager import sample_store_io_manager
from syncbit_dagster.defs.names import SOURCE, STORE, named
from syncbit_dagster.defs.partitions import daily_partitions
from syncbit_dagster.defs.resources.fitbit import fitbit_resource
from syncbit_dagster.defs.resources.telemetry import RUN_FIGURES, run_figures
from syncbit_dagster.defs.schedules import daily_sync
from syncbit_dagster.defs.sensors.device_sync import device_sync
from syncbit_dagster.defs.sensors.history import history
from syncbit_dagster.defs.weekly_report import (
    weekly_partitions,
    weekly_report,
    weekly_report_schedule,
)
from syncbit_dagster.factories import history_days, offered_assets, scheduled_assets

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from syncbit_dagster.config import Settings

log = logging.getLogger(__name__)


def account_definitions(
    settings: Settings,
    *,
    tick_seconds: int,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> dg.Definitions:
    """The account's assets, checks, schedules, sensors and resources.

    Args:
        settings: of the account.
        tick_seconds: how often the sensor ``history`` looks.
        now: the present instant.
        sleep: waits.
    """
    first, last = _days(settings, now)
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


def _days(settings: Settings, now: Callable[[], datetime]) -> tuple[date, date | None]:
    """The first partition and the last one.

    Where an export cannot be read, those that it may have: everything else loads, and whoever needs
    the export says what is wrong with it.
    """
    try:
        return history_days(settings)
    except SyncbitError as error:
        log.warning("%s", error)
        return settings.account.first_day, civil_day(now(), settings.account.zone)


def bound(account: dg.Definitions) -> dg.Definitions:
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
