"""Bars: an amount each day, alone with its weekly mean, or stacked by a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from syncbit_dagster.catalog import units
from syncbit_dagster.report import palette
from syncbit_dagster.report.figures.frame import (
    dates,
    frame,
    hover,
    known,
    legend,
    names_of,
    value_axis,
    weekly_means,
)
from syncbit_dagster.report.figures.lines import line_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.report.period import Period, Reading


def bars_with_weekly_mean(readings: Sequence[Reading], period: Period) -> go.Figure:
    """One series as bars, and over each day the mean of its week."""
    (reading,) = readings[:1]
    days = dates(period.days)
    unit = reading.row.unit
    means = weekly_means(reading.values, period.days)
    bar = go.Bar(
        x=days,
        y=known(reading.values),
        name="Day",
        marker={"color": palette.light("pale"), "cornerradius": 2},
        hovertemplate=hover(unit),
    )
    line = go.Scatter(
        x=days,
        y=known(means),
        name="Mean of the week",
        mode="lines",
        line={"color": palette.light("blue"), "width": 2.5, "shape": "hvh"},
        hovertemplate=hover(unit, "Mean of the week"),
    )
    return frame(
        [bar, line],
        period.days,
        yaxis={"rangemode": "tozero", **value_axis(unit, 0, float(np.nanmax(reading.values)))},
        **legend(("Day", "Mean of the week")),
    )


def stacked(readings: Sequence[Reading], period: Period) -> go.Figure:
    """Series of one metric on top of each other."""
    days, names = dates(period.days), names_of(readings)
    unit = readings[0].row.unit
    traces = [
        go.Bar(
            x=days,
            y=known(one.values),
            name=name,
            marker={"color": palette.of_labels(one.labels, number)},
            hovertemplate=hover(unit, name),
        )
        for number, (one, name) in enumerate(zip(readings, names, strict=True))
    ]
    highest = float(np.nansum([one.values for one in readings], axis=0).max())
    return frame(
        traces,
        period.days,
        barmode="stack",
        yaxis={"rangemode": "tozero", **value_axis(unit, 0, highest)},
        **legend(names),
    )


def around_zero(readings: Sequence[Reading], period: Period) -> go.Figure:
    """Differences from a baseline, up and down."""
    (reading,) = readings[:1]
    unit = reading.row.unit
    is_above = np.nan_to_num(reading.values) > 0
    colours = np.where(is_above, palette.light("orange"), palette.light("blue"))
    bar = go.Bar(
        x=dates(period.days),
        y=known(reading.values),
        marker={"color": colours.tolist(), "cornerradius": 2},
        hovertemplate=hover(unit),
    )
    return frame(
        [bar],
        period.days,
        yaxis={
            "zeroline": True,
            "zerolinecolor": palette.light("faint"),
            "ticksuffix": f" {units.unit_named(unit).text}",
        },
        **legend(("",)),
    )


def ranges(readings: Sequence[Reading], period: Period) -> go.Figure:
    """An average with the lowest and the highest value of each day: three series, in this order.

    Without one of the bounds there is only the average.
    """
    days = dates(period.days)
    unit = readings[0].row.unit
    average, *bounds = readings
    traces: list[go.Bar | go.Scatter] = []
    if len(bounds) == 2:
        low, high = bounds
        traces.append(
            go.Bar(
                x=days,
                base=known(low.values),
                y=known(high.values - low.values),
                customdata=np.stack([low.values, high.values], axis=1).tolist(),
                name="Lowest to highest",
                marker={"color": palette.light("pale"), "cornerradius": 3},
                hovertemplate=(
                    "%{customdata[0]:.1f} to %{customdata[1]:.1f} "
                    f"{units.unit_named(unit).text}<extra></extra>"
                ),
            )
        )
    traces += line_of(average, names_of(readings)[0], 0, period)
    known_values = np.concatenate([one.values for one in readings])
    bottom, top = float(np.nanmin(known_values)), float(np.nanmax(known_values))
    room = 0.08 * (top - bottom) or 1.0
    return frame(
        traces,
        period.days,
        # Floating bars would draw the axis down to zero.
        yaxis={"range": [bottom - room, top + room], "tickformat": ",~f"},
        **legend([one.name for one in traces]),
    )
