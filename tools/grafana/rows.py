"""Panels that follow from the tables: every row appears, in the form that its unit asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from syncbit_dagster.catalog.units import title
from tools.grafana import panels, queries
from tools.grafana.looks import HOURS, LIMITS, look
from tools.grafana.panels import Query, described

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    from grafana_foundation_sdk.builders.timeseries import Panel

    from syncbit_dagster.catalog import Asset, Metric
    from tools.grafana.panels import AnyPanel

    # A panel, and the metrics that it shows.
    _Made: TypeAlias = Iterator[tuple[Panel, tuple[str, ...]]]

STEPS = {"bars": "5m", "line": "1m"}
"""The finest steps of intraday panels: what adds up, and what is read."""

OWN_STEP = "15m"
LOOK_BACK = "30d"
"""Samples about devices and runs come with a sync or a run only."""


class OwnMetric(Protocol):
    """What is to be known of a metric about the sync itself."""

    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...


def asset_panels(asset: Asset, rows: Sequence[Metric]) -> list[AnyPanel]:
    """All panels of an asset's rows."""
    make = {"daily": _of_days, "intraday": _of_intervals, "devices": _of_devices}[asset.group]
    return [_with_limits(panel, names) for panel, names in make(asset, rows)]


def own_panels(rows: Sequence[OwnMetric]) -> list[AnyPanel]:
    """A panel for each metric about the sync."""
    made = ((_of_sync(row), (row.name,)) for row in rows)
    return [_with_limits(panel, names).span(8) for panel, names in made]


def _of_days(asset: Asset, rows: Sequence[Metric]) -> _Made:
    """Parts of a whole are stacked; what adds up stands alone; states of one unit share a panel."""
    for group in _groups(rows):
        names = tuple(dict.fromkeys(row.name for row in group))
        first, shown = group[0], look(group[0].unit)
        heading = ", ".join(map(title, names)) if len(names) < 3 else title(asset.name)
        text = described(
            asset.description, "The sample of a day is at its first instant.", metrics=names
        )
        if first.labels:
            legend = " ".join(f"{{{{{label}}}}}" for label in first.labels)
            whole = Query(queries.on_date(queries.day(first.name)), legend)
            yield panels.stacked(heading, text, whole, shown), names
        elif shown.kind == "instant":
            text = described(
                asset.description, "Hours from midnight: -1 is 23:00 of the eve.", metrics=names
            )
            hours = [Query(queries.on_date(queries.clock(name)), title(name)) for name in names]
            yield panels.daily(heading, text, hours, HOURS), names
        else:
            values = [Query(queries.on_date(queries.day(name)), title(name)) for name in names]
            if len(names) == 1:
                windows = (7,) if shown.kind == "bars" else (7, 28)
                values += [_average(names[0], number) for number in windows]
            yield panels.daily(heading, text, values, shown), names


def _groups(rows: Sequence[Metric]) -> list[list[Metric]]:
    """The rows that share a panel, in table order."""
    groups: dict[tuple[str, ...], list[Metric]] = {}
    for row in rows:
        alone = bool(row.labels) or look(row.unit).kind == "bars"
        groups.setdefault((row.unit, row.name if alone else ""), []).append(row)
    return list(groups.values())


def _average(name: str, number: int) -> Query:
    return Query(
        queries.on_date(queries.days("avg_over_time", name, number)), f"{number}-day average"
    )


def _of_intervals(asset: Asset, rows: Sequence[Metric]) -> _Made:
    """What adds up as sums of the steps; what is read as a mean within its range."""
    for row in rows:
        shown = look(row.unit)
        if shown.kind == "bars":
            text = described(asset.description, "Summed over each step.", metrics=[row.name])
            query = Query(queries.within("sum_over_time", row.name), title(row.name))
            panel = panels.intraday(title(row.name), text, [query], shown, STEPS["bars"])
        else:
            text = described(asset.description, "Mean and range of each step.", metrics=[row.name])
            low, mean, high = (
                Query(queries.within(f"{function}_over_time", row.name), legend)
                for function, legend in (("min", "lowest"), ("avg", "mean"), ("max", "highest"))
            )
            panel = panels.band(
                title(row.name), text, (low, mean, high), shown, STEPS["line"]
            ).span(24)
        yield panel, (row.name,)


def _of_devices(asset: Asset, rows: Sequence[Metric]) -> _Made:
    for row in rows:
        legend = " ".join(f"{{{{{label}}}}}" for label in reversed(row.provider_labels))
        text, query, shown = _state(row.name, row.unit, asset.description, legend)
        yield panels.states(title(row.name), text, [query], look(shown), OWN_STEP), (row.name,)


def _of_sync(row: OwnMetric) -> Panel:
    legend = " ".join(f"{{{{{label}}}}}" for label in row.labels) or title(row.name)
    if row.name.startswith("syncbit_run_"):  # one sample a run
        text = described(row.description, "Summed over the runs of each step.", metrics=[row.name])
        query = Query(queries.within("sum_over_time", row.name), legend)
        return panels.intraday(title(row.name), text, [query], look(row.unit), OWN_STEP).span(8)
    text, query, unit = _state(row.name, row.unit, row.description, legend)
    return panels.states(title(row.name), text, [query], look(unit), OWN_STEP)


def _state(name: str, unit: str, meaning: str, legend: str) -> tuple[str, Query, str]:
    """Text, query and unit of something that is known now and then; of an instant, its age."""
    if look(unit).kind == "instant":
        text = described(
            meaning, "Time since then; below zero, it is still to come.", metrics=[name]
        )
        return text, Query(f"time() - {last_known(name)}", legend), "s"
    query = Query(queries.within("last_over_time", name), legend)
    return described(meaning, metrics=[name]), query, unit


def last_known(name: str) -> str:
    """The latest sample of each series, as old as it may be."""
    return f"last_over_time({queries.selector(name)}[{LOOK_BACK}])"


def _with_limits(panel: Panel, names: tuple[str, ...]) -> Panel:
    """Limits are drawn where the panel shows their metric alone."""
    limits = LIMITS.get(names[0]) if len(names) == 1 else None
    return panels.limited(panel, limits) if limits else panel
