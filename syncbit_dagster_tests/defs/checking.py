"""Run the asset checks on a short history, and tell what they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.quality import checks_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from syncbit_dagster.config import Settings
    from syncbit_dagster_tests.emulated import EmulatedAccount

DAYS = DayRange(date(2025, 10, 20), date(2025, 11, 2))
NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
NAMES = (
    "activity_summary",
    "active_zone_minutes",
    "sleep",
    "intraday_steps",
    "intraday_heart_rate",
    "devices",
)
RANGE = {
    "dagster/asset_partition_range_start": DAYS.first.isoformat(),
    "dagster/asset_partition_range_end": DAYS.last.isoformat(),
}
QUALITY = {(name, check.name) for name in NAMES for check in checks_of(asset_named(name), 300)}

Evaluations = dict[tuple[str, str], dg.AssetCheckEvaluation]


@dataclass(frozen=True)
class History:
    """Two weeks that one run materialized and checked."""

    account: EmulatedAccount
    settings: Settings
    instance: dg.DagsterInstance
    first_run: dg.ExecuteInProcessResult


def run_assets(
    settings: Settings, instance: dg.DagsterInstance, names: Collection[str], **options: Any
) -> dg.ExecuteInProcessResult:
    """Assets with their checks."""
    job = build_definitions(settings, now=lambda: NOW).resolve_implicit_global_asset_job_def()
    keys = [dg.AssetKey(name) for name in names]
    return job.execute_in_process(instance=instance, asset_selection=keys, **options)


def evaluations(result: dg.ExecuteInProcessResult) -> Evaluations:
    """The results of the checks of this module; assets have others that they make themselves."""
    found = {
        (one.asset_key.path[-1], one.check_name): one
        for one in result.get_asset_check_evaluations()
    }
    return {key: one for key, one in found.items() if key in QUALITY}


def failed(found: Evaluations) -> set[tuple[str, str]]:
    return {key for key, one in found.items() if not one.passed}


@dg.resource
def no_provider(_: object) -> None:
    raise AssertionError("A check asked the provider.")


def run_checks(
    settings: Settings,
    instance: dg.DagsterInstance,
    keys: Collection[tuple[str, str]] = QUALITY,
    *,
    now: datetime = NOW,
    resources: Mapping[str, Any] | None = None,
    tags: dict[str, str] | None = None,
    raise_on_error: bool = True,
) -> dg.ExecuteInProcessResult:
    """Checks alone, as a click in the UI launches them; the provider cannot be asked."""
    definitions = build_definitions(settings, now=lambda: now)
    own = dict(definitions.resources or {}) | {"fitbit": no_provider} | dict(resources or {})
    job = dg.Definitions(
        assets=definitions.assets,
        asset_checks=definitions.asset_checks,
        resources=own,
        executor=dg.in_process_executor,
    ).resolve_implicit_global_asset_job_def()
    chosen = {dg.AssetCheckKey(dg.AssetKey(asset), check) for asset, check in keys}
    return job.get_subset(asset_selection=set(), asset_check_selection=chosen).execute_in_process(
        instance=instance, tags=tags, raise_on_error=raise_on_error
    )
