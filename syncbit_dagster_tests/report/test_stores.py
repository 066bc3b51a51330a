"""The demo person's account in both stores: one report, whose numbers are the store's."""

from __future__ import annotations

from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from syncbit_dagster.catalog import ASSETS, METRICS, metrics_of
from syncbit_dagster.core.civil import civil_day
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.factories import open_store
from syncbit_dagster.report import make_report
from syncbit_dagster.report.chapters import UNPLOTTED_UNITS
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.stores.victoriametrics import (
    FileJournal,
    VictoriaMetricsConfig,
    VictoriaMetricsStore,
)
from syncbit_dagster_tests.report.builders import Page
from syncbit_dagster_tests.report.conftest import DAYS, NOW, ZONE
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.stores.base import Store

INTRADAY = {asset.name for asset in ASSETS if asset.is_intraday}
# Plotted otherwise than as values of days, or only in the numbers.
ELSEWHERE = {"fitbit_spo2_min_percent", "fitbit_spo2_max_percent"}


def report_page(store: Store, settings: Settings) -> Page:
    return Page(make_report(store, settings.account.labels, ZONE, DAYS, NOW).html)


@pytest.fixture(scope="module")
def stored(filled: Settings) -> list[Series]:
    """What the store holds, read without the report."""
    names = tuple({row.name for row in METRICS})
    target = Slice(names, filled.account.labels, DAYS.start(ZONE), DAYS.end(ZONE))
    with closing(open_store(filled)) as store:
        return store.read(target)


@pytest.fixture(scope="module")
def page(filled: Settings) -> Page:
    with closing(open_store(filled)) as store:
        return report_page(store, filled)


def plotted(page: Page) -> dict[tuple[float | None, ...], str]:
    """All series of days that some plot shows, by their values."""
    return {
        tuple(trace["y"]): title
        for title, figure in page.figures.items()
        for trace in figure["data"]
        if trace["type"] in ("bar", "scatter")
    }


def test_every_daily_series_of_the_store_is_plotted_with_its_own_numbers(
    page: Page, stored: list[Series]
) -> None:
    shown = plotted(page)
    units = {row.name: row.unit for row in METRICS}
    days = list(DAYS)
    checked = set()
    for asset in ASSETS:
        if asset.is_intraday:
            continue
        names = {row.name for row in metrics_of(asset.name)} - ELSEWHERE
        for one in stored:
            labels = decode_labels(one.labels)
            if one.metric not in names or units[one.metric] in UNPLOTTED_UNITS:
                continue
            if one.metric == "fitbit_heart_rate_zone_minutes" and labels["zone"] == "out_of_range":
                continue
            values: list[float | None] = [None] * len(days)
            for instant, value in zip(one.timestamps.tolist(), one.values.tolist(), strict=True):
                midnight = np.datetime64(instant, "ms").item().replace(tzinfo=NOW.tzinfo)
                values[days.index(civil_day(midnight, ZONE))] = value
            assert tuple(values) in shown, (one.metric, labels)
            checked.add(one.metric)
    assert len(checked) > 20


def test_hours_add_up_to_the_days(page: Page, stored: list[Series]) -> None:
    sums: dict[str, float] = {
        one.metric: float(one.values.sum()) for one in stored if "_intraday" in one.metric
    }
    for title, metric in (
        ("Steps, hour by hour", "fitbit_steps_intraday"),
        ("Calories, hour by hour", "fitbit_calories_intraday"),
        ("Floors, hour by hour", "fitbit_floors_intraday"),
    ):
        (trace,) = page.figures[title]["data"]
        total = sum(value for line in trace["z"] for value in line if value is not None)
        assert total == pytest.approx(sums[metric], abs=24 * len(DAYS) * 0.005)


@pytest.mark.victoriametrics
def test_both_stores_give_the_same_page(filled: Settings, page: Page, tmp_path: Path) -> None:
    with running(victoria_metrics(tmp_path)) as server:
        config = VictoriaMetricsConfig(server.url)
        journal = FileJournal(tmp_path / "journals", config.key)
        store = VictoriaMetricsStore(config, lock=nullcontext, journal=journal)
        with closing(store) as victoria:
            with closing(open_store(filled)) as embedded:
                _copy(embedded, victoria, filled)
            other = report_page(victoria, filled)
    assert other.figures == page.figures
    assert other.cells == page.cells
    assert other.described == page.described


def _copy(source: Store, target: Store, settings: Settings) -> None:
    names = tuple(dict.fromkeys(row.name for row in METRICS))
    everything = Slice(names, settings.account.labels, DAYS.start(ZONE), DAYS.end(ZONE))
    report: Any = target.replace(everything, source.read(everything))
    assert report.wanted > 1_000
