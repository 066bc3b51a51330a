"""The checks of the data's quality as Dagster's asset checks: one step an asset, one read each."""

# No postponed annotations here: Dagster reads those of the function below as objects.
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import Asset
from syncbit_dagster.config import Settings
from syncbit_dagster.core.civil import DayRange, civil_day
from syncbit_dagster.core.samples import Series
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.instance.records import recorded
from syncbit_dagster.defs.names import STORE, STORE_POOL, key_of, named
from syncbit_dagster.defs.partitions import days_of
from syncbit_dagster.defs.schedules import DAYS_LOOKED_BACK
from syncbit_dagster.quality import Check, Evidence, Outcome, checks_of, metrics_read
from syncbit_dagster.quality.outcome import merged, sentence, table
from syncbit_dagster.stores.base import Slice, Store

if TYPE_CHECKING:
    from syncbit_dagster.defs.io_manager import SampleStoreIOManager

LAST_DAYS = 90
DAYS_AT_ONCE = 120  # as many minutes as should be in memory; ten years are read piece by piece
# A sum is compared with the total of another asset, so all data of a run comes before its checks.
AFTER_ALL_ASSETS = {"dagster/priority": "-1"}

Recorded = dict[date, int | None]


def build_checks(
    asset: Asset,
    settings: Settings,
    partitions: dg.DailyPartitionsDefinition,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dg.AssetChecksDefinition:
    """The checks of a row of the asset table, executed together or one by one.

    In a run with partitions, a single one or a range, they look at these; in a run of their own,
    at the last :data:`LAST_DAYS` days. They ask the store and Dagster, never the provider.
    """
    interval_seconds = settings.interval_of(asset)
    checks = checks_of(asset, interval_seconds)
    key, sample_store = key_of(settings, asset.name), named(settings, STORE)

    @dg.multi_asset_check(
        name=named(settings, f"{asset.name}_quality"),
        specs=[
            dg.AssetCheckSpec(check.name, asset=key, description=check.description)
            for check in checks
        ],
        can_subset=True,
        required_resource_keys={sample_store},
        pool=named(settings, STORE_POOL),
        op_tags=AFTER_ALL_ASSETS,
    )
    def check_quality(
        context: dg.AssetCheckExecutionContext,
    ) -> Iterator[dg.AssetCheckResult]:
        opened: SampleStoreIOManager = getattr(context.resources, sample_store)
        zone = settings.account.zone
        today = civil_day(now(), zone)
        last_days = _last_days(asset, partitions, now(), today)
        days = _days_of_run(asset, context) or last_days
        record = Evidence(
            asset=asset,
            days=last_days,
            zone=zone,
            today=today,
            interval_seconds=interval_seconds,
            series=[],
            recorded=_recorded(context.instance, key, {*days, *last_days}),
            wanted=_wanted(asset, settings, last_days),
        )

        def read() -> Iterator[Evidence]:
            for piece in days.chunks(DAYS_AT_ONCE):
                with as_failure():
                    series = _read(opened.store, asset, settings, piece)
                yield replace(record, days=piece, series=series)

        selected = {key.name for key in context.selected_asset_check_keys}
        chosen = [check for check in checks if check.name in selected]
        of_partitions = [check for check in chosen if check.looks_at == "partitions"]
        of_samples = [check for check in chosen if check.looks_at == "samples"]
        for check, outcome in _judge(of_partitions, iter([record])):
            yield _result(key, check, outcome, last_days)
        for check, outcome in _judge(of_samples, read()):
            yield _result(key, check, outcome, days)

    return check_quality


def _judge(checks: list[Check], evidence: Iterator[Evidence]) -> Iterator[tuple[Check, Outcome]]:
    """Every check on every piece; a piece is read only if a check looks at it, and once."""
    if checks:
        outcomes = [[check.judge(piece) for check in checks] for piece in evidence]
        yield from zip(checks, map(merged, zip(*outcomes, strict=True)), strict=True)


def _result(
    key: dg.AssetKey, check: Check, outcome: Outcome, days: DayRange
) -> dg.AssetCheckResult:
    metadata: dict[str, int | str | dg.MetadataValue] = {
        "days": str(days),
        f"{check.unit}_checked": outcome.checked,
        "findings": len(outcome.findings),
        "days_with_findings": len(outcome.days),
        **outcome.facts,
    }
    if outcome.findings:
        metadata["worst"] = dg.MetadataValue.md(table(outcome))
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=check.name,
        passed=not outcome.findings,
        severity=dg.AssetCheckSeverity[check.severity],
        description=sentence(outcome, check.unit, days, check.remedy),
        metadata=metadata,
    )


def _days_of_run(asset: Asset, context: dg.AssetCheckExecutionContext) -> DayRange | None:
    """The partitions that the run is about, if it is about any."""
    is_partitioned_run = context.has_partition_key or context.has_partition_key_range
    if not (asset.is_partitioned and is_partitioned_run):
        return None
    keys = context.partition_key_range
    return days_of([keys.start, keys.end])


def _last_days(
    asset: Asset, partitions: dg.DailyPartitionsDefinition, now: datetime, today: date
) -> DayRange:
    keys = partitions.get_partition_keys(current_time=now)[-LAST_DAYS:]
    if asset.is_partitioned and keys:
        return days_of(keys)
    return DayRange(today - timedelta(days=LAST_DAYS - 1), today)


def _wanted(asset: Asset, settings: Settings, last_days: DayRange) -> DayRange | None:
    """Those of the last days that the history or the schedule brings by itself."""
    firsts = []
    if history := settings.history_of(asset, last_days):
        firsts.append(history.first)
    if asset.is_intraday and asset.resource in settings.intraday_on_schedule:
        firsts.append(last_days.last - timedelta(days=DAYS_LOOKED_BACK - 1))
    return DayRange(max(min(firsts), last_days.first), last_days.last) if firsts else None


def _read(store: Store, asset: Asset, settings: Settings, days: DayRange) -> list[Series]:
    account = settings.account
    return store.read(
        Slice(metrics_read(asset), account.labels, days.start(account.zone), days.end(account.zone))
    )


def _recorded(instance: dg.DagsterInstance, key: dg.AssetKey, days: set[date]) -> Recorded:
    """What the newest materialization of each day said; one that was only reported says nothing."""
    found = recorded(instance, key, sorted(days))
    return {
        day: samples if isinstance(samples := said.get("samples"), int) else None
        for day, said in found.items()
    }
