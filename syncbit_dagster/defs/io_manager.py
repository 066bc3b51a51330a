"""The IO manager: a run's samples into the store, exactly, and the facts about it into Dagster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import asset_named, metrics_of
from syncbit_dagster.core.civil import real_clock
from syncbit_dagster.core.samples import decode_labels, from_series, to_series
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.metadata import partition_metadata, write_metadata
from syncbit_dagster.defs.names import named
from syncbit_dagster.defs.partitions import days_of
from syncbit_dagster.defs.resources import telemetry as own_metrics
from syncbit_dagster.factories import open_store
from syncbit_dagster.sources.base import Current
from syncbit_dagster.stores.base import Slice, Write, combined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    import pandas as pd

    from syncbit_dagster.account.account import Account
    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.defs.metadata import Metadata
    from syncbit_dagster.sources.base import Batch
    from syncbit_dagster.stores.base import Store, WriteReport
    from syncbit_dagster.telemetry import RunFigures


@dataclass(frozen=True)
class Fetched:
    """A range of partitions as it comes from the source.

    Attributes:
        days: the run's partitions.
        batches: their samples; the batches tile the days, in order.
        synced: the devices' last sync before the first request; None: unknown.
        at: when that was asked.
    """

    days: DayRange
    batches: Iterator[Batch]
    synced: datetime | None
    at: datetime


@dataclass
class SampleStoreIOManager(dg.IOManager):
    """Keeps each asset's partitions as samples in a store.

    A range of partitions comes in batches of whole days; each is one write, which returns after the
    store was read back, and its days count as materialized from then on. If anything is wrong the
    step fails, and the days that are not stored yet stay missing.
    """

    store: Store
    account: Account
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
            return from_series(self.store.read(self._slice(asset.name, days)))

    def _replace_partitions(
        self, asset: Asset, context: dg.OutputContext, fetched: Fetched
    ) -> None:
        reports: list[WriteReport] = []
        per_day: dict[date, Metadata] = {}
        requests, fetch_seconds = 0, 0.0
        for batch in fetched.batches:
            # Nobody asks again for days that count as done: their samples are on disk before.
            target = self._slice(asset.name, batch.days)
            series = to_series(batch.samples)
            report = self.store.replace(target, series, durable=True)
            context.log.info("%s %s: %s", asset.name, batch.days, report.verdict)
            reports.append(report)
            self.figures.wrote(asset.name, series, batch.days.last)
            of_the_batch = partition_metadata(
                asset, batch, series, self.account.zone, fetched.synced, fetched.at
            )
            per_day |= of_the_batch
            requests += batch.requests
            fetch_seconds += batch.seconds
            if batch.days.last != fetched.days.last:
                _record(context, of_the_batch)
        if list(per_day) != list(fetched.days):
            raise dg.DagsterInvariantViolationError("The batches do not tile the run's partitions.")
        of_the_run = {
            "requests": requests,
            "fetch_seconds": round(fetch_seconds, 3),
            **write_metadata(combined(reports), self.store.description),
        }
        per_day[fetched.days.last] |= of_the_run  # once a run: a plot over partitions stays true
        for day, metadata in per_day.items():
            # Dagster has no public way to say this of one partition of a range from here.
            context.step_context.add_asset_metadata(
                metadata,
                asset_key=context.asset_key,
                partition_key=day.isoformat(),
            )

    def _add_current(self, context: dg.OutputContext, current: Current) -> None:
        """Each sample of a present state is a slice of its own: what was read before stays."""
        writes = []
        found = to_series(current.samples)
        for series in found:
            (instant,) = series.timestamps.tolist()
            start = datetime.fromtimestamp(instant / 1000, UTC)
            target = Slice(
                (series.metric,),
                decode_labels(series.labels),
                start,
                start + timedelta(milliseconds=1),
            )
            writes.append(Write(target, [series]))
        context.add_output_metadata({"samples": len(writes), "requests": current.requests})
        if writes:
            report = self.store.replace_all(writes, durable=True)
            asset = context.asset_key.path[-1]
            self.figures.wrote(asset, found)
            context.add_output_metadata(write_metadata(report, self.store.description))

    def _slice(self, asset: str, days: DayRange) -> Slice:
        return Slice(
            metrics=tuple(dict.fromkeys(metric.name for metric in metrics_of(asset))),
            labels=self.account.labels,
            start=days.start(self.account.zone),
            end=days.end(self.account.zone),
        )


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
            yield SampleStoreIOManager(store, settings.account, figures)
            own_metrics.record(store, settings, figures, context.instance, now())
        finally:
            store.close()

    place = settings.victoria.endpoints.write if settings.victoria else settings.embedded_store
    return dg.IOManagerDefinition(
        required_resource_keys={run_figures},
        resource_fn=opened,  # type: ignore[arg-type] # a generator is fine, as for every resource
        description=f"Samples in {place}",
    )
