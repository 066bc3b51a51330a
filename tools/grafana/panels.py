"""Panels out of queries: one function for each form that values are shown in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.builders import dashboard as parts
from grafana_foundation_sdk.builders import prometheus, stat, statushistory, timeseries
from grafana_foundation_sdk.models.common import (
    BarAlignment,
    BigValueColorMode,
    BigValueGraphMode,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.prometheus import QueryEditorMode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tools.grafana.looks import Limits, Look

SOURCE = DataSourceRef(type_val="prometheus", uid="syncbit")
DAY, WEEK = "1d", "7d"
DAY_POINTS = 4000
"""Ten years of days: with fewer, Grafana would widen the step to a week and skip six of seven."""

_GAP_MS = 25 * 3600 * 1000
_UNWORN_MS = 20 * 60 * 1000
_GREEN, _YELLOW, _RED = "green", "yellow", "red"

AnyPanel = timeseries.Panel | stat.Panel | statushistory.Panel
_Panel = TypeVar("_Panel", timeseries.Panel, stat.Panel, statushistory.Panel)


@dataclass(frozen=True)
class Query:
    """What a panel asks: an expression, and what its series are called."""

    expression: str
    legend: str


def daily(title: str, description: str, queries: Sequence[Query], look: Look) -> timeseries.Panel:
    """A value a day: bars or points; a day without a sample stays empty.

    A second query and all others of a panel with bars are drawn as lines over them.
    """
    panel = _series(title, description, queries, look, DAY).max_data_points(DAY_POINTS)
    panel.insert_nulls(_GAP_MS)
    if look.kind == "bars":
        panel.draw_style(GraphDrawStyle.BARS).bar_alignment(BarAlignment.AFTER).fill_opacity(60)
        for reference in _REFERENCES[1 : len(queries)]:
            panel.override_by_query(reference, _AS_LINE)
    else:
        panel.show_points(VisibilityMode.ALWAYS).point_size(4)
    return panel


def stacked(title: str, description: str, query: Query, look: Look) -> timeseries.Panel:
    """A value a day in parts that add up, such as zones."""
    panel = _series(title, description, [query], look, DAY).max_data_points(DAY_POINTS)
    panel.draw_style(GraphDrawStyle.BARS).bar_alignment(BarAlignment.AFTER).fill_opacity(70)
    return panel.insert_nulls(_GAP_MS).stacking(
        options.StackingConfig().mode(StackingMode.NORMAL).group("A")
    )


def intraday(
    title: str, description: str, queries: Sequence[Query], look: Look, step: str
) -> timeseries.Panel:
    """Values in the course of a day, no finer than ``step``."""
    panel = _series(title, description, queries, look, step)
    if look.kind == "bars":
        return panel.draw_style(GraphDrawStyle.BARS).fill_opacity(60)
    return panel.span_nulls(_UNWORN_MS)


def band(
    title: str, description: str, queries: tuple[Query, Query, Query], look: Look, step: str
) -> timeseries.Panel:
    """Lowest, mean and highest value of each step; the first two bound a filled range."""
    low, _, high = queries
    hidden = [DynamicConfigValue("custom.lineWidth", 0)]
    filled = [
        *hidden,
        DynamicConfigValue("custom.fillBelowTo", low.legend),
        DynamicConfigValue("custom.fillOpacity", 25),
    ]
    panel = intraday(title, description, queries, look, step).show_points(VisibilityMode.NEVER)
    return panel.override_by_name(low.legend, hidden).override_by_name(high.legend, filled)


def states(
    title: str, description: str, queries: Sequence[Query], look: Look, step: str
) -> timeseries.Panel:
    """Values that come now and then, each a point; neighbours are joined."""
    panel = _series(title, description, queries, look, step)
    return panel.show_points(VisibilityMode.ALWAYS).point_size(5)


def number(title: str, description: str, query: Query, look: Look) -> stat.Panel:
    """One number, as of the end of the dashboard's range."""
    panel = _basics(stat.Panel(), title, description, look).no_value("-").height(4).span(4)
    panel.graph_mode(BigValueGraphMode.NONE).color_mode(BigValueColorMode.NONE)
    panel.with_target(_target(query, _REFERENCES[0]).instant())
    return panel.reduce_options(options.ReduceDataOptions().calcs(["lastNotNull"]))


def calendar(
    title: str, description: str, queries: Sequence[Query], look: Look
) -> statushistory.Panel:
    """A heat map: a column a week, a row for each query, which is a weekday."""
    panel = _basics(statushistory.Panel(), title, description, look).height(7).span(24)
    for reference, query in zip(_REFERENCES, queries, strict=False):
        panel.with_target(_target(query, reference).range().interval(WEEK))
    panel.interval(WEEK).max_data_points(DAY_POINTS)
    panel.color_scheme(parts.FieldColor().mode(FieldColorModeId.CONTINUOUS_GREENS))
    panel.legend(options.VizLegendOptions().show_legend(False))
    panel.show_value(VisibilityMode.NEVER).fill_opacity(80).line_width(0)
    return panel.row_height(0.92).col_width(0.92)


def limited(panel: _Panel, limits: Limits) -> _Panel:
    """The panel with its limits: dashed lines in a graph, the colour of a number."""
    low, high = sorted((limits.warning, limits.alarm))
    colors = (_RED, _YELLOW, _GREEN) if limits.is_bad == "below" else (_GREEN, _YELLOW, _RED)
    # The first step's value stands for minus infinity.
    steps = [Threshold(None, colors[0]), Threshold(low, colors[1]), Threshold(high, colors[2])]
    panel.thresholds(parts.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    if isinstance(panel, stat.Panel):
        panel.color_mode(BigValueColorMode.VALUE)
    if isinstance(panel, timeseries.Panel):
        dashed = options.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        panel.thresholds_style(dashed)
    else:
        panel.color_scheme(parts.FieldColor().mode(FieldColorModeId.THRESHOLDS))
    return panel


_REFERENCES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_AS_LINE = [
    DynamicConfigValue("custom.drawStyle", "line"),
    DynamicConfigValue("custom.fillOpacity", 0),
    DynamicConfigValue("custom.lineWidth", 2),
]


def _series(
    title: str, description: str, queries: Sequence[Query], look: Look, step: str
) -> timeseries.Panel:
    panel = _basics(timeseries.Panel(), title, description, look).height(8).span(12).interval(step)
    for reference, query in zip(_REFERENCES, queries, strict=False):
        panel.with_target(_target(query, reference).range().interval(step))
    panel.span_nulls(False).line_width(1)
    if look.kind == "bars":
        panel.min(0)
    panel.tooltip(options.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.NONE))
    return panel.legend(
        options.VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)
    )


def _basics(panel: _Panel, title: str, description: str, look: Look) -> _Panel:
    panel.title(title).description(description).datasource(SOURCE)
    panel.unit(look.unit).decimals(look.decimals)
    return panel


def _target(query: Query, reference: str) -> prometheus.Dataquery:
    target = prometheus.Dataquery().ref_id(reference).datasource(SOURCE)
    target.editor_mode(QueryEditorMode.CODE)  # MetricsQL is more than the query builder reads
    return target.expr(query.expression).legend_format(query.legend)


def described(*sentences: str, metrics: Iterable[str]) -> str:
    """A panel's description: what it shows, and the names to look for; empty sentences vanish."""
    names = ", ".join(f"`{name}`" for name in metrics)
    return " ".join(filter(None, (*sentences, f"Metric: {names}.")))
