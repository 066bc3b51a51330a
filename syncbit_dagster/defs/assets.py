"""One daily-partitioned asset for each row of the catalogue's asset table."""

# No postponed annotations here: Dagster reads those of the function below as objects.
from time import perf_counter

import dagster as dg
import pandas as pd

from syncbit_dagster.catalog import Asset
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.metadata import metric_table
from syncbit_dagster.defs.partitions import days_of
from syncbit_dagster.sources.base import Source


def build_asset(
    asset: Asset, partitions: dg.DailyPartitionsDefinition, kinds: set[str]
) -> dg.AssetsDefinition:
    """The Dagster asset of a row. A range of its partitions is one run with few requests."""

    @dg.asset(
        name=asset.name,
        group_name=asset.group,
        description=asset.description,
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        io_manager_key="sample_store",
        metadata={"metrics": metric_table(asset)},
        kinds=kinds,
    )
    def materialize(
        context: dg.AssetExecutionContext, fitbit: dg.ResourceParam[Source]
    ) -> pd.DataFrame:
        days = days_of(context.partition_keys)
        started = perf_counter()
        with as_failure():
            planned = fitbit.plan(asset, days)
            context.log.info("%s %s: %d requests planned", asset.name, days, planned)
            fetched = fitbit.fetch(asset, days)
        context.add_output_metadata(
            {
                "requests": fetched.requests,
                "fetch_seconds": round(perf_counter() - started, 3),
            }
        )
        return fetched.samples

    return materialize
