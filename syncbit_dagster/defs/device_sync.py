"""The sensor that follows the devices: when one has synced, the days that it may have changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.civil import civil_day
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.runs import range_run
from syncbit_dagster.opening import open_source
from syncbit_dagster.settled import changed_days, last_sync

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.config import Settings


def device_sync(settings: Settings, assets: Sequence[dg.AssetsDefinition]) -> dg.SensorDefinition:
    """One request a tick; a run only if a device has synced since the last one.

    The cursor holds the last sync that a run was asked for. It is no state that matters: without
    it, the days of the devices' memory are materialized once more and found equal.
    """
    account = settings.account
    job = dg.define_asset_job(
        "device_sync",
        selection=dg.AssetSelection.assets(*assets),
        description="Materializes the days that a device's sync may have changed.",
    )

    @dg.sensor(
        name="device_sync",
        job=job,
        minimum_interval_seconds=settings.sync_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=job.description,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not settings.is_authorized():
            return dg.SkipReason("No account is authorized yet; run `syncbit authorize`.")
        with as_failure():
            synced = _ask(settings)
        if synced is None:
            return dg.SkipReason("No device says when it last synced.")
        before = datetime.fromisoformat(context.cursor) if context.cursor else None
        if before is not None and synced <= before:
            shown = synced.astimezone(account.zone).isoformat(" ", "minutes")
            return dg.SkipReason(f"No device has synced since {shown}.")
        now = datetime.now(UTC)
        today = civil_day(now, account.zone)
        last = today if settings.include_today else today - timedelta(days=1)
        days = changed_days(before, account.first_day, last, account.zone)
        runs = [range_run(days, "fresh", run_key=f"{synced.isoformat()} {days}")] if days else []
        return dg.SensorResult(run_requests=runs, cursor=synced.isoformat())

    return sensor


def _ask(settings: Settings) -> datetime | None:
    source = open_source(settings)
    try:
        return last_sync(source.fetch_current(asset_named("devices")).samples)
    finally:
        source.close()
