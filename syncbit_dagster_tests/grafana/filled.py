"""A VictoriaMetrics that holds the demo person, filled through the package's own way."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from syncbit_dagster.catalog import ASSETS, METRICS, Asset, metrics_of
from syncbit_dagster.core.civil import DayRange, civil_day, to_milliseconds
from syncbit_dagster.core.samples import Series, between, encode_labels, to_series
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_source, open_store
from syncbit_dagster.scheduling.corrections import today_so_far
from syncbit_dagster.sources.google_health import GoogleHealthSource
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from syncbit_dagster.config import Settings
    from syncbit_dagster.sources.base import Batch
    from syncbit_dagster.stores.base import Store

ZONE = ZoneInfo("Europe/Berlin")
# All three zones of the tests change their clocks in these days, and so does the person's.
DAYS = DayRange(date(2025, 2, 1), date(2025, 4, 15))
INTRADAY = DayRange(date(2025, 4, 13), date(2025, 4, 15))
NOW = datetime(2025, 4, 15, 20, 7, 30, tzinfo=UTC)
PERSON = SyntheticPerson(zone=ZONE, first_day=date(2024, 11, 1), seed=7)
SYNCED = NOW - timedelta(minutes=20)
RUNS = tuple(NOW - timedelta(hours=hours) for hours in (30, 20, 6, 1))


@dataclass(frozen=True)
class Filled:
    """The server's address, and what it holds."""

    url: str
    labels: Mapping[str, str]
    held: list[Series]

    @cached_property
    def by_date(self) -> dict[str, dict[date, list[float]]]:
        """Daily metrics: the values of each civil day of the person, one for each series."""
        found: dict[str, dict[date, list[float]]] = {}
        for one in self.held:
            of_metric = found.setdefault(one.metric, {})
            for instant, value in zip(one.timestamps.tolist(), one.values.tolist(), strict=True):
                day = civil_day(datetime.fromtimestamp(instant / 1000, UTC), ZONE)
                of_metric.setdefault(day, []).append(value)
        return found

    def series(self, metric: str) -> list[Series]:
        """The series of a metric."""
        return [one for one in self.held if one.metric == metric]


@contextmanager
def filled(directory: Path) -> Iterator[Filled]:
    """Start a server and bring the person into it: days, minutes, devices, runs."""
    clock = {"now": NOW + timedelta(days=2)}  # the nights of all days are there
    with (
        running(victoria_metrics(directory / "victoria")) as server,
        emulated_account(PERSON, directory, now=lambda: clock["now"]) as account,
    ):
        settings = account.settings(VICTORIA_ENDPOINT=server.url)
        store = open_store(settings)
        _fetch(settings, store, [asset for asset in ASSETS if asset.is_partitioned])
        clock["now"] = NOW
        _fetch(settings, store, [asset for asset in ASSETS if not asset.is_partitioned])
        _add_own_figures(store, settings.account.labels)
        names = {row.name for row in METRICS} | {row.name for row in OWN_METRICS}
        names |= {row.today for row in METRICS if row.is_total}
        held = store.read(
            Slice(tuple(names), settings.account.labels, DAYS.start(ZONE), DAYS.end(ZONE))
        )
        store.close()
        yield Filled(server.url, settings.account.labels, held)


def _fetch(settings: Settings, store: Store, assets: Iterable[Asset]) -> None:
    opened = open_source(settings)
    assert isinstance(opened, GoogleHealthSource)
    source = replace(opened, now=lambda: SYNCED)
    for asset in assets:
        days = INTRADAY if asset.is_intraday else DAYS
        if asset.is_partitioned:
            for batch in source.fetch(asset, days):
                _store(asset, settings, store, batch)
        else:
            current = source.fetch_current(asset)
            store.replace(_slice(asset, settings, DAYS), to_series(current.samples))
    source.close()


def _store(asset: Asset, settings: Settings, store: Store, batch: Batch) -> None:
    """As a run at NOW does, which is of the last day."""
    rows, answer = metrics_of(asset.name), to_series(batch.samples)
    totals = {row.name for row in rows if row.is_total}
    today = to_milliseconds(DayRange(DAYS.last, DAYS.last).start(ZONE))
    whole = [
        *(one for one in answer if one.metric not in totals),
        *between([one for one in answer if one.metric in totals], 0, today),
    ]
    store.replace(_slice(asset, settings, batch.days), whole)
    if so_far := today_so_far(rows, answer, ZONE, SYNCED, NOW):
        names = tuple({one.metric for one in so_far})
        store.replace(Slice(names, settings.account.labels, SYNCED, NOW), so_far)


def _slice(asset: Asset, settings: Settings, days: DayRange) -> Slice:
    names = tuple(dict.fromkeys(row.name for row in metrics_of(asset.name)))
    return Slice(names, settings.account.labels, days.start(ZONE), days.end(ZONE))


def _add_own_figures(store: Store, labels: Mapping[str, str]) -> None:
    """One sample of each own metric at the end of each of some runs."""
    instants = np.array([to_milliseconds(run) // 1000 * 1000 for run in RUNS], np.int64)
    series = []
    for row in OWN_METRICS:
        values = np.arange(1.0, 1 + len(RUNS))
        if row.unit == "unix s":
            values = instants / 1000 - 60
        for asset in ("sleep", "heart_rate") if row.labels else ("",):
            own = {"asset": asset} if asset else {}
            series.append(Series(row.name, encode_labels({**labels, **own}), instants, values))
    target = Slice(
        tuple(row.name for row in OWN_METRICS), labels, RUNS[0] - timedelta(hours=1), NOW
    )
    store.replace(target, series)
