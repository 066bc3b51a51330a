"""Lines: the form of every metric that has no other one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from syncbit_dagster.report import palette
from syncbit_dagster.report.figures.frame import (
    MANY_DAYS,
    dates,
    frame,
    hover,
    known,
    legend,
    names_of,
    value_axis,
    weekly_means,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.report.period import Period, Reading

SMALLEST_SPAN = 0.03
"""Of an axis, as a share of its values."""


def lines(readings: Sequence[Reading], period: Period) -> go.Figure:
    """A line a series, broken where days are missing; a day between two gaps is a dot.

    Over many days a line from day to day is a scribble: then each day is a dot, and the line is the
    mean of the week.
    """
    names = names_of(readings)
    traces = [
        trace
        for number, (one, name) in enumerate(zip(readings, names, strict=True))
        for trace in line_of(one, name if len(names) > 1 else "", number, period)
    ]
    values = np.concatenate([one.values for one in readings])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    axis = value_axis(readings[0].row.unit, low, high) | {"range": _range(low, high)}
    return frame(traces, period.days, yaxis=axis, **legend(names))


def _range(low: float, high: float) -> list[float]:
    """The bounds of the axis: never so narrow that a hundred grams look like a fall."""
    least = SMALLEST_SPAN * max(abs(low), abs(high))
    room = max(0.08 * (high - low), (least - (high - low)) / 2) or 1.0
    return [low - room, high + room]


def line_of(one: Reading, name: str, number: int, period: Period) -> list[go.Scatter]:
    """One series; the ``number``-th of its plot has the colour of that number."""
    form = _dots_and_mean if len(period.days) > MANY_DAYS else _line
    return form(one, name, number, period)


def _line(one: Reading, name: str, number: int, period: Period) -> list[go.Scatter]:
    line = go.Scatter(
        x=dates(period.days),
        y=known(one.values),
        name=name,
        mode="lines+markers",
        connectgaps=False,
        line={"color": palette.of_labels(one.labels, number), "width": 2},
        marker={"size": 5},
        hovertemplate=hover(one.row.unit, name),
    )
    return [line]


def _dots_and_mean(one: Reading, name: str, number: int, period: Period) -> list[go.Scatter]:
    colour = palette.of_labels(one.labels, number)
    dots = go.Scatter(
        x=dates(period.days),
        y=known(one.values),
        name=name,
        mode="markers",
        marker={"color": colour, "size": 4, "opacity": 0.45},
        showlegend=False,
        hovertemplate=hover(one.row.unit, name),
    )
    mean = go.Scatter(
        x=dates(period.days),
        y=known(weekly_means(one.values, period.days)),
        name=name,
        mode="lines",
        connectgaps=False,
        line={"color": colour, "width": 2, "shape": "hvh"},
        hovertemplate=hover(one.row.unit, f"{name}, mean of the week".removeprefix(", ")),
    )
    return [dots, mean]
