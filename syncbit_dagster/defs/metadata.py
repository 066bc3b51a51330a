"""What a materialization tells about each of its partitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
import numpy as np

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import day_end, day_start, to_milliseconds
from syncbit_dagster.core.samples import Series, decode_labels
from syncbit_dagster.defs.sparkline import sparkline
from syncbit_dagster.scheduling.settled_rule import content_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.scheduling.settled_rule import State
    from syncbit_dagster.sources.base import Batch
    from syncbit_dagster.stores.base import WriteReport

Metadata = dict[str, dg.MetadataValue | dg.TableSchema | int | float | str]

# What a downstream asset gets: one row a sample (`syncbit_dagster.core.samples`).
_COLUMNS = [
    dg.TableColumn("metric", "string", "its name, which ends with the unit"),
    dg.TableColumn("labels", "string", "a JSON object: user, device and the metric's own"),
    dg.TableColumn("timestamp", "datetime64[ms, UTC]", "the start of the day or interval"),
    dg.TableColumn("value", "float64", "in the metric's unit"),
]


@dataclass(frozen=True)
class _Headline:
    """The series that an asset's plot shows: the first row of the catalogue that has samples."""

    title: str
    timestamps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]

    def plot(self, start: datetime, end: datetime) -> str:
        low, high = to_milliseconds(start), to_milliseconds(end)
        first, last = np.searchsorted(self.timestamps, [low, high])
        positions = (self.timestamps[first:last] - low) / max(high - low, 1)
        return sparkline(positions, self.values[first:last], self.title)


def partition_metadata(
    asset: Asset,
    batch: Batch,
    series: Sequence[Series],
    zone: ZoneInfo,
    states: Mapping[date, State],
) -> dict[date, Metadata]:
    """For each day: samples, first and last sample, state, and a plot of it.

    Where a day is a sample or a few, the newest one has a plot of the whole range. ``series`` are
    what the store holds of the batch's days.
    """
    days = batch.days
    instants = np.sort(np.concatenate([np.empty(0, np.int64), *(s.timestamps for s in series)]))
    headline = _headline(asset, series)
    ranges = {days.last: headline.plot(days.start(zone), days.end(zone))}
    result: dict[date, Metadata] = {}
    for day in days:
        start, end = day_start(day, zone), day_end(day, zone)
        first, last = np.searchsorted(instants, [to_milliseconds(start), to_milliseconds(end)])
        metadata: Metadata = {}
        plot = headline.plot(start, end) if asset.is_intraday else ranges.get(day)
        if plot:
            metadata["plot"] = dg.MetadataValue.md(plot)
        metadata["state"] = states[day]
        metadata["content"] = content_of(states[day], int(last - first))
        metadata["samples"] = int(last - first)
        if day in batch.notes:
            metadata["note"] = batch.notes[day]
        if odd := [one for one in batch.set_aside if one.day == day]:
            metadata["set_aside"] = sum(one.elements for one in odd)
            metadata["left_out"] = "; ".join(map(str, odd))
        if last > first:
            metadata["first_sample"] = _local_text(int(instants[first]), zone)
            metadata["last_sample"] = _local_text(int(instants[last - 1]), zone)
        result[day] = metadata
    return result


def place_of(store: str, labels: Mapping[str, str]) -> str:
    """Where an account's samples are: the store's description, and what they are known by."""
    return f"{store}, user {labels['user']!r}, device {labels['device']!r}"


def write_metadata(report: WriteReport, place: str) -> Metadata:
    """What the store did with the whole run's samples; flat numbers, which Dagster plots."""
    metadata: Metadata = {
        "store": place,
        "store_verdict": report.verdict,
        "run_samples_wanted": report.wanted,
        "run_samples_equal": report.equal,
        "run_samples_added": report.added,
        "run_samples_changed": report.changed,
        "run_samples_removed": report.removed,
        "write_mode": report.mode,
    }
    if report.seconds:
        metadata |= {
            "write_bytes": report.bytes_sent,
            "write_seconds": round(sum(report.seconds.values()), 3),
            "write_phases": ", ".join(
                f"{name} {took:.3f} s" for name, took in report.seconds.items()
            ),
        }
    return metadata


def definition_metadata(asset: Asset, grafana_url: str | None) -> Metadata:
    """What the UI says of an asset before anything is materialized.

    Args:
        asset: a row.
        grafana_url: where the dashboards are; None: nobody said.
    """
    metadata: Metadata = {
        "metrics": metric_table(asset),
        "dagster/column_schema": dg.TableSchema(_COLUMNS),
    }
    if grafana_url:
        metadata["dashboard"] = dg.MetadataValue.url(f"{grafana_url}/d/syncbit-{asset.board}")
    return metadata


def metric_table(asset: Asset) -> dg.MetadataValue:
    """The asset's rows of the catalogue as a table for the UI."""
    lines = ["| metric | labels | unit |", "|---|---|---|"]
    for metric in metrics_of(asset.name):
        labels = ", ".join(f"{name}={value}" for name, value in metric.labels.items())
        lines.append(f"| `{metric.name}` | {labels} | {metric.unit} |")
    return dg.MetadataValue.md("\n".join(lines))


def _headline(asset: Asset, series: Sequence[Series]) -> _Headline:
    for row in metrics_of(asset.name):
        for one in series:
            if one.metric == row.name and row.labels.items() <= decode_labels(one.labels).items():
                return _Headline(row.name, one.timestamps, one.values)
    return _Headline(asset.name, np.empty(0, np.int64), np.empty(0))


def _local_text(instant: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(instant / 1000, UTC).astimezone(zone).isoformat(" ")
