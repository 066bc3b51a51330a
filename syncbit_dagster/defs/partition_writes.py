"""How a batch of days gets into a store: what they shall hold is decided, then written exactly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import DayRange, civil_day, to_milliseconds
from syncbit_dagster.core.samples import between, decode_labels, to_series
from syncbit_dagster.defs.absence import Memory
from syncbit_dagster.defs.holes import is_missed, told_states, without_missed
from syncbit_dagster.quality.evidence import RAW_SECONDS
from syncbit_dagster.scheduling.corrections import Fetch, decide, proves_absence, today_so_far
from syncbit_dagster.scheduling.settled_rule import data_until, state_of
from syncbit_dagster.stores.base import Slice, Write, combined
from syncbit_dagster.stores.diff import compare, overall_mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.scheduling.corrections import Decision
    from syncbit_dagster.scheduling.settled_rule import State
    from syncbit_dagster.sources.base import Batch
    from syncbit_dagster.stores.base import Store, WriteReport

    Records = Mapping[date, Mapping[str, object]]


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


@dataclass(frozen=True)
class Written:
    """What became of a batch.

    Attributes:
        report: what the store did.
        decision: what its days hold now, what is absent and what was removed.
        so_far: the totals of today that were added.
        states: of each day, as they are told: a day with a hole stays open.
        totals: of each day, as its totals were judged.
        memory: what the next fetch has to know.
    """

    report: WriteReport
    decision: Decision
    so_far: list[Series]
    states: Mapping[date, State]
    totals: Mapping[date, State]
    memory: Memory


@dataclass(frozen=True)
class PartitionWriter:
    """Writes an account's partitions into a store."""

    store: Store
    settings: Settings

    def read(self, asset: Asset, days: DayRange) -> list[Series]:
        """What the store holds of some days."""
        return self.store.read(self._slice(asset, days))

    def replace(
        self, asset: Asset, fetched: Fetched, batch: Batch, records: Records, *, accepts: bool
    ) -> Written:
        """Store a batch's days, and today's totals so far.

        Args:
            asset: the row.
            fetched: what the batch is a part of.
            batch: the provider's answer.
            records: what the days' newest materializations say.
            accepts: remove at once what the answer lacks.
        """
        zone = self.settings.account.zone
        answer, stored = to_series(batch.samples), self.read(asset, batch.days)
        fetch = self._fetch(asset, fetched, batch, answer, records)
        memory = Memory(records, civil_day(fetched.at, zone))
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
        states = told_states(fetch.states, batch.set_aside, zone, fetched.at)
        decision = without_missed(decision, batch.set_aside)
        return Written(report, decision, so_far, states, fetch.states, memory)

    def add(self, series: Sequence[Series]) -> WriteReport:
        """Add a present state; each sample is a slice of its own: what was read before stays."""
        return self.store.replace_all(
            [
                Write(self._at((one.metric,), int(one.timestamps[0]), one.labels), [one])
                for one in series
            ]
        )

    def _fetch(
        self,
        asset: Asset,
        fetched: Fetched,
        batch: Batch,
        answer: Sequence[Series],
        records: Records,
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
        records: Records,
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
