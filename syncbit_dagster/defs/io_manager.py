"""The IO manager: a run's samples into the store, exactly, and the facts about it into Dagster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import real_clock
from syncbit_dagster.core.samples import from_series, to_series
from syncbit_dagster.defs.absence import ACCEPT_REMOVALS_TAG
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.instance.records import recorded
from syncbit_dagster.defs.metadata import partition_metadata, place_of, write_metadata
from syncbit_dagster.defs.names import named
from syncbit_dagster.defs.partition_writes import PartitionWriter
from syncbit_dagster.defs.partitions import days_of
from syncbit_dagster.defs.resources import telemetry as own_metrics
from syncbit_dagster.factories import open_store
from syncbit_dagster.sources.base import Current
from syncbit_dagster.sources.errors import MissingDaysError
from syncbit_dagster.stores.base import combined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    import pandas as pd

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.config import Settings
    from syncbit_dagster.defs.metadata import Metadata
    from syncbit_dagster.defs.partition_writes import Fetched
    from syncbit_dagster.sources.base import Batch
    from syncbit_dagster.stores.base import Store, WriteReport
    from syncbit_dagster.telemetry import RunFigures


@dataclass
class SampleStoreIOManager(dg.IOManager):
    """Keeps each asset's partitions as samples in a store.

    A range of partitions comes in batches of whole days; each is one write, which returns after the
    store was read back, and its days count as materialized from then on. If anything is wrong the
    step fails, and the days that are not stored yet stay missing. So does a day that the provider
    cannot give; all others are stored before.
    """

    store: Store
    settings: Settings
    figures: RunFigures

    def handle_output(self, context: dg.OutputContext, obj: Current | Fetched) -> None:
        """Replace the run's partitions by the batches, or add a present state."""
        asset = asset_named(context.asset_key.path[-1])
        with as_failure():
            if isinstance(obj, Current):
                self._add_current(context, obj)
            else:
                self._replace_partitions(asset, context, obj)
        self.figures.finished(asset.name)

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """A partition or a range of partitions of an upstream asset, as it was materialized."""
        asset = asset_named(context.asset_key.path[-1])
        with as_failure():
            days = days_of(context.asset_partition_keys)
            return from_series(self.writer.read(asset, days))

    def _replace_partitions(
        self, asset: Asset, context: dg.OutputContext, fetched: Fetched
    ) -> None:
        reports: list[WriteReport] = []
        per_day: dict[date, Metadata] = {}
        requests, fetch_seconds = 0, 0.0
        missing: dict[date, str] = {}
        noted: set[date] = set()
        for batch in fetched.batches:
            if batch.missing:
                missing |= batch.missing
                continue
            report, of_the_batch = self._replace_batch(asset, context, fetched, batch)
            context.log.info("%s %s: %s", asset.name, batch.days, report.verdict)
            reports.append(report)
            missing |= batch.incomplete
            of_the_batch = {
                day: said for day, said in of_the_batch.items() if day not in batch.incomplete
            }
            per_day |= of_the_batch
            requests += batch.requests
            fetch_seconds += batch.seconds
            if batch.days.last != fetched.days.last:
                _record(context, of_the_batch)
                noted.update(of_the_batch)
        if sorted([*per_day, *missing]) != list(fetched.days):
            raise dg.DagsterInvariantViolationError("The batches do not tile the run's partitions.")
        if missing:
            # Dagster records all of a run's partitions if its step ends well.
            _record(context, {day: said for day, said in per_day.items() if day not in noted})
            raise MissingDaysError(missing)
        of_the_run = {
            "requests": requests,
            "fetch_seconds": round(fetch_seconds, 3),
            **write_metadata(combined(reports), self._place),
        }
        per_day[fetched.days.last] |= of_the_run  # once a run: a plot over partitions stays true
        for day, metadata in per_day.items():
            # Dagster has no public way to say this of one partition of a range from here.
            context.step_context.add_asset_metadata(
                metadata,
                asset_key=context.asset_key,
                partition_key=day.isoformat(),
            )

    def _replace_batch(
        self, asset: Asset, context: dg.OutputContext, fetched: Fetched, batch: Batch
    ) -> tuple[WriteReport, dict[date, Metadata]]:
        """Store a batch; what is to be said of each of its days."""
        step = context.step_context
        records = recorded(step.instance, context.asset_key, list(batch.days))
        accepts = step.dagster_run.tags.get(ACCEPT_REMOVALS_TAG) == "true"
        written = self.writer.replace(asset, fetched, batch, records, accepts=accepts)
        stored, zone = written.decision.series, self.settings.account.zone
        self.figures.wrote(asset.name, stored + written.so_far, batch.days.last)
        provisional = [day for day, state in written.states.items() if state == "provisional"]
        self.figures.decided(asset.name, written.decision, provisional)
        per_day = partition_metadata(asset, batch, stored, zone, written.states)
        for day, state in written.totals.items():
            if state != written.states[day]:
                per_day[day]["totals"] = state
        for day, said in written.memory.metadata(written.decision).items():
            per_day[day] |= said
        return written.report, per_day

    def _add_current(self, context: dg.OutputContext, current: Current) -> None:
        found = to_series(current.samples)
        context.add_output_metadata({"samples": len(found), "requests": current.requests})
        if found:
            report = self.writer.add(found)
            self.figures.wrote(context.asset_key.path[-1], found)
            context.add_output_metadata(write_metadata(report, self._place))

    @property
    def writer(self) -> PartitionWriter:
        """Of the account, into the store."""
        return PartitionWriter(self.store, self.settings)

    @property
    def _place(self) -> str:
        return place_of(self.store.description, self.settings.account.labels)


def _record(context: dg.OutputContext, finished: dict[date, Metadata]) -> None:
    """Days that are stored are done, whatever becomes of the rest of the run.

    Dagster itself records all of a run's partitions when the step ends, once more.
    """
    for day, metadata in finished.items():
        context.log_event(
            dg.AssetMaterialization(
                context.asset_key, partition=day.isoformat(), metadata=dict(metadata)
            )
        )


def sample_store_io_manager(
    settings: Settings, *, now: Callable[[], datetime] = real_clock
) -> dg.IOManagerDefinition:
    """The IO manager over the configured store, opened for a run and closed after it."""
    run_figures = named(settings, own_metrics.RUN_FIGURES)

    def opened(context: dg.InitResourceContext) -> Iterator[SampleStoreIOManager]:
        figures = getattr(context.resources, run_figures)
        with as_failure():
            store = open_store(settings)
        try:
            yield SampleStoreIOManager(store, settings, figures)
            own_metrics.record(store, settings, figures, context.instance, now())
        finally:
            store.close()

    place = settings.victoria.endpoints.write if settings.victoria else settings.embedded_store
    return dg.IOManagerDefinition(
        required_resource_keys={run_figures},
        resource_fn=opened,  # type: ignore[arg-type] # a generator is fine, as for every resource
        description=f"Samples in {place}",
    )
