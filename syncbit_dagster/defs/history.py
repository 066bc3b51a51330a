"""The sensor that fills the history: what is missing, the newest first, as the budget allows.

Dagster's own record of materialized partitions is the only state: a day that failed, or that was
never asked for, is simply still missing. Nothing is asked twice at a time, and a range that failed
is asked again some hours later.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.civil import DayRange, civil_day
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.runs import (
    ACTIVE,
    RANGE_END_TAG,
    RANGE_START_TAG,
    RUN_KEY_TAG,
    range_run,
)
from syncbit_dagster.gaps import Gap, affordable, gaps
from syncbit_dagster.opening import history_budget, open_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.config import Settings

NAME = "history"
TICK_SECONDS = 30
RUNS_AHEAD = 4  # queued, so that the next one starts when one ends
RETRY_HOURS = 6  # after which a range that failed, or that may not be read, is tried again


def history(
    settings: Settings,
    assets: Sequence[dg.AssetsDefinition],
    offered: Sequence[Asset],
    first: date,
    last: date | None,
) -> dg.SensorDefinition:
    """Runs over ranges of missing days, until there are none.

    Args:
        settings: of this process.
        assets: what the runs may materialize.
        offered: the same as rows of the catalogue.
        first: the first day.
        last: the last day; None: yesterday, whenever that is.
    """
    job = dg.define_asset_job(
        NAME,
        selection=dg.AssetSelection.assets(*assets),
        description="Materializes days that are missing, the newest first.",
    )

    @dg.sensor(
        name=NAME,
        job=job,
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=job.description,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not settings.is_authorized():
            return dg.SkipReason("No account is authorized yet; run `syncbit authorize`.")
        now = datetime.now(UTC)
        newest = last or civil_day(now, settings.account.zone) - timedelta(days=1)
        if newest < first:
            return dg.SkipReason(f"The first day, {first}, has not ended yet.")
        missing = _missing(settings, offered, context.instance, DayRange(first, newest))
        if not any(missing.values()):
            return dg.SkipReason(f"Every day until {newest} is there.")
        active = _active(context.instance)
        for gap in active:
            for asset in gap.assets:
                missing.get(asset, set()).difference_update(gap.days)
        if len(active) >= RUNS_AHEAD:
            return dg.SkipReason(f"{len(active)} runs are under way.")
        with as_failure():
            found = _affordable(settings, missing, active, newest)
        requests = [
            request
            for gap in found
            if not _was_asked(context.instance, request := _request(gap, now))
        ]
        if not requests:
            return dg.SkipReason(
                "What is missing waits for the request budget, for runs that are under way, or for "
                f"the next try of what failed (every {RETRY_HOURS} hours)."
            )
        return dg.SensorResult(run_requests=requests[: RUNS_AHEAD - len(active)])

    return sensor


def _missing(
    settings: Settings, offered: Sequence[Asset], instance: dg.DagsterInstance, days: DayRange
) -> dict[str, set[date]]:
    """For each asset the days of its history that were never materialized."""
    result = {}
    for asset in offered:
        if wanted := settings.history_of(asset, days):
            there = instance.get_materialized_partitions(dg.AssetKey(asset.name))
            result[asset.name] = set(wanted) - {date.fromisoformat(key) for key in there}
    return result


def _active(instance: dg.DagsterInstance) -> list[Gap]:
    """What the runs of the history are at work on, queued ones included."""
    records = instance.get_run_records(dg.RunsFilter(job_name=NAME, statuses=list(ACTIVE)))
    runs = [record.dagster_run for record in records]
    return [
        Gap(
            tuple(key.path[-1] for key in run.asset_selection or ()),
            DayRange(
                date.fromisoformat(run.tags[RANGE_START_TAG]),
                date.fromisoformat(run.tags[RANGE_END_TAG]),
            ),
        )
        for run in runs
        if RANGE_START_TAG in run.tags
    ]


def _affordable(
    settings: Settings, missing: Mapping[str, set[date]], active: list[Gap], newest: date
) -> list[Gap]:
    """The gaps, the newest first, in pieces that a run can fetch with the budget that is left."""
    source = open_source(settings, priority="history")

    def cost(gap: Gap) -> int:
        return sum(source.plan(asset_named(name), gap.days).least for name in gap.assets)

    try:
        budget = history_budget(settings) - sum(map(cost, active))
        found: list[Gap] = []
        for gap in gaps({asset: days for asset, days in missing.items() if days}):
            for piece in affordable(gap, cost, budget, newest=newest):
                found.append(piece)
                budget -= cost(piece)
        return found
    finally:
        source.close()


def _request(gap: Gap, now: datetime) -> dg.RunRequest:
    slot = now.replace(hour=now.hour - now.hour % RETRY_HOURS).strftime("%Y-%m-%dT%H")
    key = f"{gap.days} {','.join(gap.assets)} {slot}"
    return range_run(gap.days, "history", run_key=key, assets=gap.assets)


def _was_asked(instance: dg.DagsterInstance, request: dg.RunRequest) -> bool:
    found = instance.get_run_records(
        dg.RunsFilter(job_name=NAME, tags={RUN_KEY_TAG: str(request.run_key)}), limit=1
    )
    return bool(found)
