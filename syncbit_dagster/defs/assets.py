"""One daily-partitioned asset for each row of the catalogue's asset table."""

# No postponed annotations here: Dagster reads those of the function below as objects.
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg

from syncbit_dagster.catalog import Asset
from syncbit_dagster.config import Settings
from syncbit_dagster.core.civil import civil_day
from syncbit_dagster.defs.absence import REMOVED_CHECK, removed_check
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.freshness import freshness
from syncbit_dagster.defs.metadata import definition_metadata
from syncbit_dagster.defs.names import SOURCE, STORE, STORE_POOL, key_of, named
from syncbit_dagster.defs.partition_writes import Fetched
from syncbit_dagster.defs.partitions import days_of
from syncbit_dagster.defs.resources.fitbit import RunSource
from syncbit_dagster.defs.resources.telemetry import RUN_FIGURES
from syncbit_dagster.scheduling.backfill_plan import stretches
from syncbit_dagster.sources.base import Current
from syncbit_dagster.sources.errors import MissingDaysError, PermissionMissingError
from syncbit_dagster.sources.set_aside import FORBIDDEN, SetAside

if TYPE_CHECKING:
    from syncbit_dagster.telemetry import RunFigures

PERMISSION_CHECK = "permission"
SETTLED_CHECK = "settled"
READABLE_CHECK = "readable"
MOST_PROBLEMS = 20  # named in the check; the log has all


def build_asset(
    asset: Asset,
    settings: Settings,
    partitions: dg.DailyPartitionsDefinition,
    kinds: set[str],
) -> dg.AssetsDefinition:
    """The Dagster asset of a row. A range of its partitions is one run with few requests.

    Data that the user did not allow is no failure: the asset is skipped with a warning, its
    partitions stay missing, its check ``permission`` fails, and the other assets go on.
    """
    key, source = key_of(settings, asset.name), named(settings, SOURCE)
    run_figures = named(settings, RUN_FIGURES)
    check_specs = _check_specs(asset, key)

    @dg.asset(
        key=key,
        group_name=named(settings, asset.group),
        description=asset.description,
        partitions_def=partitions if asset.is_partitioned else None,
        backfill_policy=dg.BackfillPolicy.single_run() if asset.is_partitioned else None,
        io_manager_key=named(settings, STORE),
        required_resource_keys={source, run_figures},
        pool=named(settings, STORE_POOL),
        metadata=definition_metadata(asset, settings.grafana_url),
        owners=[f"team:{settings.account.labels['user']}"],
        kinds=kinds,
        freshness_policy=freshness(asset, settings),
        output_required=False,
        check_specs=check_specs,
    )
    def materialize(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.Output[Current | Fetched] | dg.AssetCheckResult]:
        fitbit: RunSource = getattr(context.resources, source)
        figures_of_run: RunFigures = getattr(context.resources, run_figures)
        try:
            with as_failure(but_not=(PermissionMissingError, MissingDaysError)):
                fetched = _fetch(asset, context, fitbit)
        except MissingDaysError as failure:
            # Tried again by the history, and no reason to fail for ever.
            context.log.warning("%s is skipped: %s", asset.name, failure)
            yield dg.AssetCheckResult(passed=True, check_name=PERMISSION_CHECK)
            yield from _unknown(check_specs, str(failure))
            return
        except PermissionMissingError as refusal:
            context.log.warning("%s is skipped: %s", asset.name, refusal)
            yield dg.AssetCheckResult(
                passed=False,
                check_name=PERMISSION_CHECK,
                severity=dg.AssetCheckSeverity.WARN,
                description=str(refusal),
            )
            yield from _unknown(check_specs)
            return
        yield dg.Output(fetched)
        yield _permission(fitbit.set_aside_of(asset))
        if isinstance(fetched, Fetched):
            did = figures_of_run.assets[asset.name]
            today = civil_day(fetched.at, settings.account.zone)
            ended = [day for day in did.provisional if day != today]
            yield _settled(ended, fetched.synced, settings.account.zone)
            yield removed_check(REMOVED_CHECK, did.absent, did.removed)
            yield _readable(fitbit.set_aside_of(asset), fitbit.problems_of(asset))

    return materialize


def _check_specs(asset: Asset, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    permission = dg.AssetCheckSpec(
        PERMISSION_CHECK,
        asset=key,
        description="The account allows to read this data.",
    )
    settled = dg.AssetCheckSpec(
        SETTLED_CHECK,
        asset=key,
        description="The days have ended and a device has synced since; they change no more.",
    )
    readable = dg.AssetCheckSpec(
        READABLE_CHECK,
        asset=key,
        description="Nothing of what the provider gave had to be left out.",
    )
    removed = dg.AssetCheckSpec(
        REMOVED_CHECK,
        asset=key,
        description="The provider still gives everything that is stored.",
    )
    return [permission, settled, readable, removed] if asset.is_partitioned else [permission]


def _unknown(
    specs: Sequence[dg.AssetCheckSpec], why: str = "Nothing was fetched."
) -> Iterator[dg.AssetCheckResult]:
    """The checks of data that nobody could read."""
    for spec in specs:
        if spec.name != PERMISSION_CHECK:
            yield dg.AssetCheckResult(
                passed=False,
                check_name=spec.name,
                severity=dg.AssetCheckSeverity.WARN,
                description=why,
            )


def _fetch(asset: Asset, context: dg.AssetExecutionContext, source: RunSource) -> Current | Fetched:
    """What the IO manager stores; a refusal shows here, not when the IO manager asks for more."""
    if not asset.is_partitioned:
        return source.fetch_current(asset)
    days = days_of(context.partition_keys)
    planned = source.plan(asset, days)
    context.log.info("%s %s: %s requests planned", asset.name, days, planned)
    # Before the data: what syncs in between makes a day look less settled than it is, never more.
    synced, now = source.last_sync(days), source.now()
    batches = source.fetch(asset, days)
    first = next(batches)
    if list(first.missing) == list(days):
        raise MissingDaysError(first.missing)
    return Fetched(days, chain([first], batches), synced, now)


def _permission(set_aside: Sequence[SetAside]) -> dg.AssetCheckResult:
    refused = [one for one in set_aside if one.reason.startswith(FORBIDDEN)]
    listed = ", ".join(f"{one.kind}: {one.reason}" for one in refused)
    return dg.AssetCheckResult(
        passed=not refused,
        check_name=PERMISSION_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=(
            f"Left out: {listed}. The rest is stored. `syncbit authorize` asks for it again."
            if refused
            else "All of it may be read."
        ),
    )


def _settled(
    provisional: Sequence[date], synced: datetime | None, zone: ZoneInfo
) -> dg.AssetCheckResult:
    listed = ", ".join(map(str, reversed(stretches(provisional))))
    last = synced.astimezone(zone).isoformat(" ", "minutes") if synced else "unknown"
    return dg.AssetCheckResult(
        passed=not provisional,
        check_name=SETTLED_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"Provisional: {listed}." if provisional else "Nothing can change any more.",
        metadata={"provisional_days": len(provisional), "last_sync": last},
    )


def _readable(set_aside: Sequence[SetAside], problems: Sequence[str]) -> dg.AssetCheckResult:
    found = [*problems, *(f"{one}." for one in set_aside)]
    more = [f"{len(found) - MOST_PROBLEMS} more."] if len(found) > MOST_PROBLEMS else []
    days = {one.day for one in set_aside if one.is_hole}
    return dg.AssetCheckResult(
        passed=not found,
        check_name=READABLE_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join([*found[:MOST_PROBLEMS], *more]) or "Everything could be read.",
        metadata={
            "problems": len(found),
            "set_aside": sum(one.elements for one in set_aside),
            "days_with_holes": len(days),
        },
    )
