"""One daily-partitioned asset for each row of the catalogue's asset table."""

# No postponed annotations here: Dagster reads those of the function below as objects.
from collections.abc import Iterator
from itertools import chain

import dagster as dg

from syncbit_dagster.catalog import Asset
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.metadata import metric_table
from syncbit_dagster.defs.partitions import days_of
from syncbit_dagster.sources.base import Batch, Current, Source
from syncbit_dagster.sources.errors import PermissionMissingError

# One run at a time writes to the store: it has no compare-and-swap. The store's own lock holds
# where Dagster's pool does not (a second instance, a materialization from the command line).
STORE_POOL = "sample_store"
PERMISSION_CHECK = "permission"


def build_asset(
    asset: Asset, partitions: dg.DailyPartitionsDefinition, kinds: set[str]
) -> dg.AssetsDefinition:
    """The Dagster asset of a row. A range of its partitions is one run with few requests.

    Data that the user did not allow is no failure: the asset is skipped with a warning, its
    partitions stay missing, its check ``permission`` fails, and the other assets go on.
    """

    @dg.asset(
        name=asset.name,
        group_name=asset.group,
        description=asset.description,
        partitions_def=partitions if asset.is_partitioned else None,
        backfill_policy=dg.BackfillPolicy.single_run() if asset.is_partitioned else None,
        io_manager_key="sample_store",
        pool=STORE_POOL,
        metadata={"metrics": metric_table(asset)},
        kinds=kinds,
        output_required=False,
        check_specs=[
            dg.AssetCheckSpec(
                PERMISSION_CHECK,
                asset=asset.name,
                description="The account allows to read this data.",
            )
        ],
    )
    def materialize(
        context: dg.AssetExecutionContext, fitbit: dg.ResourceParam[Source]
    ) -> Iterator[dg.Output[Current | Iterator[Batch]] | dg.AssetCheckResult]:
        try:
            with as_failure(but_not=PermissionMissingError):
                fetched = _fetch(asset, context, fitbit)
        except PermissionMissingError as refusal:
            context.log.warning("%s is skipped: %s", asset.name, refusal)
            yield dg.AssetCheckResult(
                passed=False,
                check_name=PERMISSION_CHECK,
                severity=dg.AssetCheckSeverity.WARN,
                description=str(refusal),
            )
            return
        yield dg.Output(fetched)
        yield dg.AssetCheckResult(passed=True, check_name=PERMISSION_CHECK)

    return materialize


def _fetch(
    asset: Asset, context: dg.AssetExecutionContext, source: Source
) -> Current | Iterator[Batch]:
    """What the IO manager stores; a refusal shows here, not when the IO manager asks for more."""
    if not asset.is_partitioned:
        return source.fetch_current(asset)
    days = days_of(context.partition_keys)
    context.log.info("%s %s: %s requests planned", asset.name, days, source.plan(asset, days))
    batches = source.fetch(asset, days)
    return chain([next(batches)], batches)
