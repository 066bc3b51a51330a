"""The IO manager: a run's samples into the store, exactly, and the facts about it into Dagster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import asset_named, metrics_of
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.metadata import partition_metadata, write_metadata
from syncbit_dagster.defs.partitions import days_of
from syncbit_dagster.opening import open_store
from syncbit_dagster.stores.base import Slice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from syncbit_dagster.account import Account
    from syncbit_dagster.config import Settings
    from syncbit_dagster.stores.base import Store


@dataclass
class SampleStoreIOManager(dg.IOManager):
    """Keeps each asset's partitions as samples in a store.

    A range of partitions is one write. It returns after the store was read back; if anything is
    wrong the step fails, and no partition counts as materialized.
    """

    store: Store
    account: Account

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Replace the run's partitions by ``obj`` (schema: :mod:`syncbit_dagster.samples`)."""
        name = context.asset_key.path[-1]
        days = days_of(context.asset_partition_keys)
        with as_failure():
            report = self.store.replace(self._slice(name, context.asset_partition_keys), obj)
        context.log.info("%s %s: %s", name, days, report.verdict)
        of_the_run = write_metadata(report, self.store.description)
        per_day = partition_metadata(asset_named(name), days, self.account.zone, obj)
        for day, metadata in per_day.items():
            # Dagster has no public way to say this of one partition of a range from here.
            context.step_context.add_asset_metadata(
                {**metadata, **of_the_run},
                asset_key=context.asset_key,
                partition_key=day.isoformat(),
            )

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """A partition or a range of partitions of an upstream asset, as it was materialized."""
        with as_failure():
            return self.store.read(
                self._slice(context.asset_key.path[-1], context.asset_partition_keys)
            )

    def _slice(self, asset: str, partition_keys: Sequence[str]) -> Slice:
        days = days_of(partition_keys)
        return Slice(
            metrics=tuple(dict.fromkeys(metric.name for metric in metrics_of(asset))),
            labels=self.account.labels,
            start=days.start(self.account.zone),
            end=days.end(self.account.zone),
        )


def sample_store_io_manager(settings: Settings) -> dg.IOManagerDefinition:
    """The IO manager over the configured store, opened for a run and closed after it."""

    def opened(_: dg.InitResourceContext) -> Iterator[SampleStoreIOManager]:
        with as_failure():
            store = open_store(settings)
        try:
            yield SampleStoreIOManager(store, settings.account)
        finally:
            store.close()

    return dg.IOManagerDefinition(
        resource_fn=opened,  # type: ignore[arg-type] # a generator is fine, as for every resource
        description=f"Samples in {open_store(settings).description}",
    )
