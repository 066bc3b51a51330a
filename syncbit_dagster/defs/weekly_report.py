"""The asset `weekly_report`: each week's report as a file, made again as long as data may come."""

# No postponed annotations here: Dagster reads those of the function below as objects.
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.config import Settings
from syncbit_dagster.core.civil import DayRange, real_clock
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.metadata import Metadata
from syncbit_dagster.defs.names import STORE, STORE_POOL, key_of, named
from syncbit_dagster.defs.run_requests import range_run
from syncbit_dagster.stores.base import Store

if TYPE_CHECKING:
    from syncbit_dagster.defs.io_manager import SampleStoreIOManager

NAME = "weekly_report"
JOB = "weekly_reports"  # Dagster keeps the names of assets and jobs apart
# An hour after `daily_sync` has begun. Should it still be at work, the pool makes this run wait.
CRON = "0 6 * * 1"
# A device brings what it measured up to 30 days ago; what came late is in the next report.
WEEKS_LOOKED_BACK = 5
WEEK = timedelta(days=7)


def weekly_report(
    settings: Settings,
    assets: Sequence[dg.AssetsDefinition],
    partitions: dg.WeeklyPartitionsDefinition,
    *,
    now: Callable[[], datetime] = real_clock,
) -> dg.AssetsDefinition:
    """One partition a week, Monday to Sunday; each is a file below ``DATA_DIR/reports``.

    Args:
        settings: of this process.
        assets: the daily-partitioned assets whose data is reported.
        partitions: the weeks.
        now: the present instant.
    """
    # The first week and the last one may have days that are no partitions of the assets.
    days_of_week = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
    sample_store = named(settings, STORE)

    @dg.asset(
        key=key_of(settings, NAME),
        group_name=named(settings, "reports"),
        description="A week's plots and numbers as one HTML file, for any browser, offline.",
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[dg.AssetDep(one.key, partition_mapping=days_of_week) for one in assets],
        required_resource_keys={sample_store},
        pool=named(settings, STORE_POOL),
        kinds={"plotly", "html"},
    )
    def make(context: dg.AssetExecutionContext) -> None:
        opened: SampleStoreIOManager = getattr(context.resources, sample_store)
        for key in context.partition_keys:
            monday = date.fromisoformat(key)
            week = DayRange(monday, monday + timedelta(days=6))
            with as_failure():
                metadata = _write(settings, opened.store, week, now())
            context.add_asset_metadata(metadata, partition_key=key)

    return make


def weekly_partitions(
    settings: Settings, first: date, last: date | None
) -> dg.WeeklyPartitionsDefinition:
    """The weeks of the account's zone that have ended, from the one of the first day on."""
    return dg.WeeklyPartitionsDefinition(
        start_date=_monday(first).isoformat(),
        end_date=(_monday(last) + WEEK).isoformat() if last else None,
        timezone=settings.account.zone.key,
        day_offset=1,
    )


def report_path(settings: Settings, week: DayRange) -> Path:
    """Where a week's report lies."""
    return settings.data_directory / "reports" / f"week-{week.first}.html"


def weekly_report_schedule(
    settings: Settings, report: dg.AssetsDefinition, partitions: dg.WeeklyPartitionsDefinition
) -> dg.ScheduleDefinition:
    """Make the last weeks' reports again every Monday, in one run."""
    job = dg.define_asset_job(
        named(settings, JOB),
        selection=dg.AssetSelection.assets(report),
        description=f"Makes the reports of the last {WEEKS_LOOKED_BACK} weeks.",
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
        weeks = partitions.get_partition_keys(current_time=now)[-WEEKS_LOOKED_BACK:]
        if not weeks:
            return dg.SkipReason("No week has ended yet.")
        mondays = DayRange(date.fromisoformat(weeks[0]), date.fromisoformat(weeks[-1]))
        # The sensor `history` counts a run that names no asset as at work on all of them.
        key = key_of(settings, NAME)
        return range_run(mondays, "fresh", run_key=f"{NAME} {now.isoformat()}", assets=[key])

    return schedule


def _write(settings: Settings, store: Store, week: DayRange, now: datetime) -> Metadata:
    """Make or replace the week's file; a week without data has none."""
    # Here, because plotly takes 0.3 s to load, and loading the definitions draws nothing.
    from syncbit_dagster.report import NoDataError, make_report, write_report
    from syncbit_dagster.report.preview import figures_table, first_series

    account, path = settings.account, report_path(settings, week)
    try:
        report = make_report(store, account.labels, account.zone, week, now)
    except NoDataError:
        path.unlink(missing_ok=True)
        return {"content": "nothing there", "days_with_data": 0}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_report(report, path)
    metadata: Metadata = {
        "content": "data",
        "days_with_data": report.days_with_data,
        "path": dg.MetadataValue.path(path),
        "size_bytes": path.stat().st_size,
    }
    if preview := first_series(report):
        metadata["preview"] = dg.MetadataValue.md(preview)
    if figures := figures_table(report):
        metadata["key_figures"] = dg.MetadataValue.md(figures)
    return metadata


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
