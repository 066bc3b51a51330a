"""The sensor that fills the history: what is missing, the newest first, as the budget allows.

Dagster's own records are the only state: a day that failed, or that was never asked for, is simply
still missing. Nothing is asked for twice at a time, and what was asked for in vain is asked for
again some hours later.
"""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import DayRange, civil_day, real_clock
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.instance.records import (
    missing_days,
    newest_place,
    record_limit,
    runs_of,
    was_interrupted,
)
from syncbit_dagster.defs.metadata import place_of
from syncbit_dagster.defs.names import STORE_POOL, key_of, named
from syncbit_dagster.defs.run_requests import ACTIVE, days_of_run, range_run
from syncbit_dagster.defs.schedules import NAME as DAILY_SYNC
from syncbit_dagster.defs.sensors.device_sync import NAME as DEVICE_SYNC
from syncbit_dagster.factories import (
    history_budget,
    history_days,
    history_fits,
    history_limit,
    open_source,
    open_store,
)
from syncbit_dagster.scheduling.backfill_plan import Attempt, Gap, affordable, apart, askable, gaps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.config import Settings
    from syncbit_dagster.sources.base import Source

NAME = "history"
TICK_SECONDS = 15
RUNS_AHEAD = 4  # queued, so that the next one starts when one ends
RETRY_HOURS = 6  # the day's hours 0, 6, 12 and 18 (UTC), when what failed is tried again
SLOT_TAG = "syncbit/slot"
# Dagster would repeat the whole range of a run that crashed; the next tick asks for the rest of it.
NO_RETRIES = {"dagster/max_retries": "0"}


def fetching_jobs(settings: Settings) -> set[str]:
    """The account's jobs that fetch days."""
    return {named(settings, job) for job in (NAME, DAILY_SYNC, DEVICE_SYNC)}


def history(
    settings: Settings,
    assets: Sequence[dg.AssetsDefinition],
    offered: Sequence[Asset],
    first: date,
    last: date | None,
    *,
    now: Callable[[], datetime] = real_clock,
    tick_seconds: int = TICK_SECONDS,
) -> dg.SensorDefinition:
    """Runs over ranges of missing days, until there are none.

    Args:
        settings: of this process.
        assets: what the runs may materialize.
        offered: the same as rows of the catalogue.
        first: the first day.
        last: the last day; None: yesterday, whenever that is.
        now: the present instant.
        tick_seconds: how often to look.
    """
    job = dg.define_asset_job(
        named(settings, NAME),
        selection=dg.AssetSelection.assets(*assets),
        description="Materializes days that are missing, the newest first.",
    )

    @dg.sensor(
        name=job.name,
        job=job,
        minimum_interval_seconds=tick_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=job.description,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        with as_failure():
            if not settings.is_authorized():
                return dg.SkipReason("No account is authorized yet; run `syncbit authorize`.")
            newest = last or civil_day(now(), settings.account.zone) - timedelta(days=1)
            if newest < first:
                return dg.SkipReason(f"The first day, {first}, has not ended yet.")
            days = DayRange(first, newest)
            return _tick(settings, offered, context.instance, days, now)

    return sensor


def _tick(
    settings: Settings,
    offered: Sequence[Asset],
    instance: dg.DagsterInstance,
    days: DayRange,
    now: Callable[[], datetime],
) -> dg.SensorResult | dg.SkipReason:
    job, slot = named(settings, NAME), now()
    slot -= timedelta(hours=slot.hour % RETRY_HOURS)
    # Runs before partitions: a run that ends in between is counted as active, not as in vain.
    active = runs_of(instance, dg.RunsFilter(statuses=list(ACTIVE)))
    begun = runs_of(instance, dg.RunsFilter(job_name=job, tags={SLOT_TAG: _hour(slot)}))
    tried = [run for run in begun if not was_interrupted(instance, run)]
    missing = missing_days(settings, offered, instance, days)
    if not any(missing.values()):
        if elsewhere := _elsewhere(settings, instance, list(missing)):
            return dg.SkipReason(elsewhere)
        return dg.SkipReason(f"All days until {days.last} are stored.{_more(settings, days)}")
    under_way = [gap for run in active if (gap := _gap(settings, run, missing))]
    rest = askable(missing, under_way, _attempts(settings, tried, missing))
    if not any(rest.values()):
        again = _hour(slot + timedelta(hours=RETRY_HOURS))
        return dg.SkipReason(f"All missing days are running or failed; next retry {again} UTC.")
    ahead = RUNS_AHEAD - sum(run.job_name == job for run in active)
    if ahead <= 0:
        return dg.SkipReason(f"{RUNS_AHEAD} runs are queued or running.")
    history_days(settings)  # refuses an export that was moved or is empty
    with closing(open_source(settings, priority="history", now=now)) as source:
        found = _pieces(settings, source, rest, under_way, newest=days.last)
        pieces = list(islice(found, ahead))
    if not pieces:
        return dg.SkipReason(
            history_fits(settings) or "The missing days wait for the request budget."
        )
    record_limit(instance, named(settings, STORE_POOL))
    return dg.SensorResult(
        run_requests=[
            _request(settings, piece, _hour(slot), len(begun) - len(tried)) for piece in pieces
        ]
    )


def _elsewhere(
    settings: Settings, instance: dg.DagsterInstance, assets: Iterable[str]
) -> str | None:
    """What to do where Dagster's records are of another store than the present one."""
    with closing(open_store(settings)) as store:
        here = place_of(store.description, settings.account.labels)
    for asset in assets:
        there = newest_place(instance, key_of(settings, asset))
        if there is not None and there != here:
            return (
                f"Dagster's records are of another place ({asset}: {there}) than the present one "
                f"({here}). To fetch the days again, wipe the assets' materializations in the UI."
            )
    return None


def _more(settings: Settings, days: DayRange) -> str:
    if not settings.is_outdated():
        return ""
    return (
        f" They begin with {days.first}, in the zone {settings.account.zone.key}; `syncbit "
        "authorize` has stored others since. Reload the code location, or restart."
    )


def _gap(settings: Settings, run: dg.DagsterRun, names: Iterable[str]) -> Gap | None:
    """What a run is at work on among the account's assets of these names; None: nothing of it."""
    keys = run.asset_selection
    if keys:
        assets = tuple(name for name in names if key_of(settings, name) in keys)
    else:  # all of its job's
        assets = tuple(names) if run.job_name in fetching_jobs(settings) else ()
    days = days_of_run(run) if assets else None
    return Gap(assets, days) if days else None


def _attempts(
    settings: Settings, runs: Iterable[dg.DagsterRun], names: Iterable[str]
) -> list[Attempt]:
    return [
        Attempt(gap, has_failed=not run.is_success)
        for run in runs
        if run.is_finished and (gap := _gap(settings, run, names))
    ]


def _pieces(
    settings: Settings,
    source: Source,
    missing: Mapping[str, set[date]],
    under_way: Iterable[Gap],
    *,
    newest: date,
) -> Iterator[Gap]:
    """The gaps, the newest first, in pieces that a run can fetch with the budget that is left."""

    def cost(gap: Gap) -> int:
        return source.plan_together(map(asset_named, gap.assets), gap.days).expected

    budget, most = history_budget(settings) - sum(map(cost, under_way)), history_limit(settings)
    for gap in (part for whole in gaps(missing) for part in apart(whole, cost, most)):
        for piece in affordable(gap, cost, budget, newest=newest):
            budget -= cost(piece)
            yield piece


def _request(settings: Settings, gap: Gap, slot: str, interrupted: int) -> dg.RunRequest:
    """A run; one that was interrupted is asked for again by another key."""
    return range_run(
        gap.days,
        "history",
        run_key=" ".join([f"{gap.days}", ",".join(gap.assets), slot, str(interrupted or "")]),
        assets=[key_of(settings, name) for name in gap.assets],
        tags={SLOT_TAG: slot, **NO_RETRIES},
    )


def _hour(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:00")
