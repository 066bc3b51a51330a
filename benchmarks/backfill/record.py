"""What Dagster's own record says about runs: when, how many requests, and where the time went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.defs.sensors.device_sync import NAME as DEVICE_SYNC
from syncbit_dagster.defs.sensors.history import NAME as HISTORY

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_RECORDS = 10_000  # that Dagster gives at once


@dataclass(frozen=True)
class Runs:
    """All runs of a history.

    Attributes:
        count: how many.
        created: when the first of them was asked for, in seconds since the epoch.
        starts, ends: of each run's process, the same, in order of the starts.
        queueing: seconds that it took to queue the runs: Dagster writes an event for each partition
            that is planned.
        partitions: materialized partitions of all assets.
        requests: as the runs counted them, repeats included.
        waited: seconds spent asking the API, waits for the budget included, and parsing.
        wrote: seconds spent in the store.
    """

    count: int
    created: float
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    queueing: float
    partitions: int
    requests: int
    waited: float
    wrote: float

    @property
    def at_work(self) -> float:
        """Seconds in which some run had a process."""
        covered, until = 0.0, 0.0
        for start, end in zip(self.starts, self.ends, strict=True):
            covered += max(0.0, end - max(start, until))
            until = max(until, end)
        return covered

    @property
    def between(self) -> float:
        """Seconds without a process, between the first start and the last end."""
        return max(self.ends) - self.starts[0] - self.at_work


def have_looked(instance: dg.DagsterInstance) -> bool:
    """Whether each sensor that asks for runs has had its first tick."""
    ticks = {
        state.instigator_name: getattr(state.instigator_data, "last_tick_timestamp", None)
        for state in instance.all_instigator_state()
    }
    return all(ticks.get(name) for name in (HISTORY, DEVICE_SYNC))


def missing(
    instance: dg.DagsterInstance, assets: Iterable[str], days: Iterable[date]
) -> dict[str, set[date]]:
    """For each asset the days that are not materialized; only of assets that miss any."""
    wanted = set(days)
    found = {
        asset: wanted
        - {
            date.fromisoformat(key)
            for key in instance.get_materialized_partitions(dg.AssetKey(asset))
        }
        for asset in assets
    }
    return {asset: days for asset, days in found.items() if days}


def is_idle(instance: dg.DagsterInstance) -> bool:
    """Whether every run has ended."""
    return all(run.is_finished for run in instance.get_runs())


def runs_of(instance: dg.DagsterInstance, assets: Iterable[str]) -> Runs:
    """What the instance remembers of the assets."""
    records = sorted(instance.get_run_records(), key=lambda record: record.start_time or 0.0)
    figures: dict[tuple[str, str], dict[str, float]] = {}
    partitions = 0
    for asset in assets:
        events = instance.fetch_materializations(dg.AssetKey(asset), limit=MOST_RECORDS).records
        partitions += len(events)
        for event in events:
            materialization = event.asset_materialization
            assert materialization is not None
            if "requests" in materialization.metadata:  # a run's newest partition has its figures
                figures[asset, event.run_id] = {
                    name: float(str(materialization.metadata[name].value))
                    for name in ("requests", "fetch_seconds", "write_seconds")
                    if name in materialization.metadata
                }
    return Runs(
        count=len(records),
        created=min(record.create_timestamp.timestamp() for record in records),
        starts=tuple(record.start_time or 0.0 for record in records),
        ends=tuple(record.end_time or 0.0 for record in records),
        queueing=sum(map(partial(_queueing, instance), records)),
        partitions=partitions,
        requests=int(sum(one["requests"] for one in figures.values())),
        waited=sum(one["fetch_seconds"] for one in figures.values()),
        wrote=sum(one.get("write_seconds", 0.0) for one in figures.values()),
    )


def _queueing(instance: dg.DagsterInstance, record: dg.RunRecord) -> float:
    events = instance.all_logs(
        record.dagster_run.run_id, of_type=dg.DagsterEventType.PIPELINE_ENQUEUED
    )
    return events[0].timestamp - record.create_timestamp.timestamp() if events else 0.0
