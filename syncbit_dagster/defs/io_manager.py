"""The IO manager: a run's samples into the store, exactly, and the facts about it into Dagster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import asset_named, metrics_of
from syncbit_dagster.core.civil import DayRange, civil_day, real_clock, to_milliseconds
from syncbit_dagster.core.samples import between, decode_labels, from_series, to_series
from syncbit_dagster.defs.absence import ACCEPT_REMOVALS_TAG, Memory
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.holes import is_missed, told_states, without_missed
from syncbit_dagster.defs.instance.records import recorded
from syncbit_dagster.defs.metadata import partition_metadata, place_of, write_metadata
from syncbit_dagster.defs.names import named
from syncbit_dagster.defs.partitions import days_of
from syncbit_dagster.defs.resources import telemetry as own_metrics
from syncbit_dagster.factories import open_store
from syncbit_dagster.quality.evidence import RAW_SECONDS
from syncbit_dagster.scheduling.corrections import Fetch, decide, proves_absence, today_so_far
from syncbit_dagster.scheduling.settled_rule import data_until, state_of
from syncbit_dagster.sources.base import Current
from syncbit_dagster.sources.errors import MissingDaysError
from syncbit_dagster.stores.base import Slice, Write, combined
from syncbit_dagster.stores.diff import compare, overall_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    import pandas as pd

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.defs.metadata import Metadata
    from syncbit_dagster.scheduling.settled_rule import State
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
            return from_series(self.store.read(self._slice(asset, days)))

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
        """Store a batch's days, and today's totals so far; what is to be said of each day."""
        step, zone = context.step_context, self.settings.account.zone
        records = recorded(step.instance, context.asset_key, list(batch.days))
        answer, stored = to_series(batch.samples), self.store.read(self._slice(asset, batch.days))
        fetch = self._fetch(asset, fetched, batch, answer, records)
        memory = Memory(records, civil_day(fetched.at, zone))
        accepts = step.dagster_run.tags.get(ACCEPT_REMOVALS_TAG) == "true"
        is_proof = proves_absence(stored, answer, fetch)
        decision = decide(
            stored,
            answer,
            fetch,
            lambda absent: (
                not is_missed(absent, batch.set_aside)
                and (accepts or (is_proof and memory.had(absent)))
            ),
        )
        report = self._write(asset, stored, decision.series, fetch, records)
        so_far = today_so_far(metrics_of(asset.name), answer, zone, fetched.synced, fetched.at)
        if so_far and civil_day(fetched.at, zone) in batch.days:
            self._append(so_far)
        newest = decision.series + so_far
        decision = without_missed(decision, batch.set_aside)
        states = told_states(fetch.states, batch.set_aside, zone, fetched.at)
        provisional = [day for day, state in states.items() if state == "provisional"]
        self.figures.wrote(asset.name, newest, batch.days.last)
        self.figures.decided(asset.name, decision, provisional)
        per_day = partition_metadata(asset, batch, decision.series, zone, states)
        for day, state in fetch.states.items():
            if state != states[day]:
                per_day[day]["totals"] = state
        for day, said in memory.metadata(decision).items():
            per_day[day] |= said
        return report, per_day

    def _fetch(
        self,
        asset: Asset,
        fetched: Fetched,
        batch: Batch,
        answer: Sequence[Series],
        records: Mapping[date, Mapping[str, object]],
    ) -> Fetch:
        """What is known of the batch's days. A day that was settled once stays so."""
        zone, until = self.settings.account.zone, data_until(fetched.synced, answer)
        states: dict[date, State] = {
            day: "settled"
            if "settled" in (records.get(day, {}).get(name) for name in ("state", "totals"))
            else state_of(day, zone, until, fetched.at)
            for day in batch.days
        }
        seconds = self.settings.interval_of(asset) if asset.is_intraday else None
        totals = {metric.name for metric in metrics_of(asset.name) if metric.is_total}
        interval_ms = seconds and (0 if seconds == RAW_SECONDS else seconds * 1000)
        return Fetch(states, zone, totals, interval_ms, until)

    def _write(
        self,
        asset: Asset,
        stored: Sequence[Series],
        wanted: Sequence[Series],
        fetch: Fetch,
        records: Mapping[date, Mapping[str, object]],
    ) -> WriteReport:
        """Replace the days. Those that nobody asks for again are on disk before it returns."""
        settled = [day for day, state in fetch.states.items() if state == "settled"]
        provisional = [day for day, state in fetch.states.items() if state == "provisional"]
        was_done = all(records.get(day, {}).get("state") == "settled" for day in settled)
        reports = []
        for days, is_final in ((settled, True), (provisional, False)):
            if days:
                target = self._slice(asset, DayRange(days[0], days[-1]))
                ends = to_milliseconds(target.start), to_milliseconds(target.end)
                new, old = between(wanted, *ends), between(stored, *ends)
                is_on_disk = was_done and overall_mode(compare(new, old)) == "noop"
                reports.append(self.store.replace(target, new, durable=is_final and not is_on_disk))
        return combined(reports)

    def _append(self, series: Sequence[Series]) -> None:
        """Add a sample of each series at an instant; one that is there stays as it is.

        What a power cut takes comes again with the next sync.
        """
        (instant,) = {int(one.timestamps[0]) for one in series}
        target = self._at(tuple(sorted({one.metric for one in series})), instant)
        stored = self.store.read(target)
        known = {(one.metric, one.labels) for one in stored}
        self.store.replace(
            target, [*stored, *(one for one in series if (one.metric, one.labels) not in known)]
        )

    def _add_current(self, context: dg.OutputContext, current: Current) -> None:
        """Each sample of a present state is a slice of its own: what was read before stays."""
        found = to_series(current.samples)
        writes = [
            Write(self._at((one.metric,), int(one.timestamps[0]), one.labels), [one])
            for one in found
        ]
        context.add_output_metadata({"samples": len(writes), "requests": current.requests})
        if writes:
            report = self.store.replace_all(writes)
            self.figures.wrote(context.asset_key.path[-1], found)
            context.add_output_metadata(write_metadata(report, self._place))

    @property
    def _place(self) -> str:
        return place_of(self.store.description, self.settings.account.labels)

    def _at(self, metrics: tuple[str, ...], instant: int, labels: str | None = None) -> Slice:
        """An instant (milliseconds) of some metrics; of one series if it is named."""
        start = datetime.fromtimestamp(instant / 1000, UTC)
        of = self.settings.account.labels if labels is None else decode_labels(labels)
        return Slice(metrics, of, start, start + timedelta(milliseconds=1))

    def _slice(self, asset: Asset, days: DayRange) -> Slice:
        account = self.settings.account
        return Slice(
            metrics=tuple(dict.fromkeys(metric.name for metric in metrics_of(asset.name))),
            labels=account.labels,
            start=days.start(account.zone),
            end=days.end(account.zone),
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
