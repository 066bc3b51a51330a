"""The daily schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.defs.names import named
from syncbit_dagster.defs.partitions import days_of
from syncbit_dagster.defs.run_requests import range_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.config import Settings

NAME = "daily_sync"
# Summaries of a night come after the day has ended and the phone has synced; days are corrected
# for some days more. A roll-up covers 14 days at the price of one, so looking back is free.
CRON = "0 5 * * *"
DAYS_LOOKED_BACK = 7


def daily_sync(
    settings: Settings,
    assets: Sequence[dg.AssetsDefinition],
    partitions: dg.DailyPartitionsDefinition,
) -> dg.ScheduleDefinition:
    """Materialize the last days again every morning, in one run."""
    job = dg.define_asset_job(
        named(settings, NAME),
        selection=dg.AssetSelection.assets(*assets),
        description=f"Materializes the last {DAYS_LOOKED_BACK} days of every collected asset.",
    )

    @dg.schedule(
        name=job.name,
        job=job,
        cron_schedule=CRON,
        execution_timezone=settings.account.zone.key,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=job.description,
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if not settings.is_authorized():
            return dg.SkipReason("No account is authorized yet; run `syncbit authorize`.")
        now = context.scheduled_execution_time
        keys = partitions.get_partition_keys(current_time=now)[-DAYS_LOOKED_BACK:]
        if not keys:
            return dg.SkipReason("There is no partition yet.")
        return range_run(days_of(keys), "fresh", run_key=now.isoformat())

    return schedule
