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
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.report.period import Period, Reading


def lines(readings: Sequence[Reading], period: Period) -> go.Figure:
    """A line a series, broken where days are missing; a day between two gaps is a dot."""
    days, names = dates(period.days), names_of(readings)
    is_long = len(period.days) > MANY_DAYS
    traces = [
        go.Scatter(
            x=days,
            y=known(one.values),
            name=name,
            mode="lines+markers",
            connectgaps=False,
            line={"color": palette.of_labels(one.labels, number), "width": 1.5 if is_long else 2},
            marker={"size": 3 if is_long else 5},
            hovertemplate=hover(one.row.unit, name if len(names) > 1 else ""),
        )
        for number, (one, name) in enumerate(zip(readings, names, strict=True))
    ]
    values = np.concatenate([one.values for one in readings])
    axis = value_axis(readings[0].row.unit, float(np.nanmin(values)), float(np.nanmax(values)))
    return frame(traces, period.days, yaxis=axis, **legend(names))
