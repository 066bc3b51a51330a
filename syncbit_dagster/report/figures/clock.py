"""Nights as floating bars on the clock of the account's zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from syncbit_dagster.report import palette, words
from syncbit_dagster.report.figures.frame import DAY, dates, frame, known, legend
from syncbit_dagster.report.nights import clock_texts, middle_and_spread, nights_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.report.period import Floats, Period, Reading


def nights_on_the_clock(readings: Sequence[Reading], period: Period) -> go.Figure:
    """From start to end: two series of unix seconds, in this order. Time runs downwards."""
    starts, ends = readings
    nights = nights_of(starts, ends, period.days, period.zone)
    bar = go.Bar(
        x=dates(period.days),
        base=known(nights.start),
        y=known(nights.end - nights.start),
        customdata=[
            [start, end, "" if np.isnan(took) else words.duration(took)]
            for start, end, took in zip(
                clock_texts(nights.start),
                clock_texts(nights.end),
                nights.minutes.tolist(),
                strict=True,
            )
        ],
        marker={"color": palette.light("rem"), "cornerradius": 4},
        hovertemplate=(
            f"<b>Night to {DAY}</b><br>%{{customdata[0]}} to %{{customdata[1]}}<br>"
            "%{customdata[2]}<extra></extra>"
        ),
    )
    figure = frame([bar], period.days, yaxis=_axis(nights.start, nights.end), **legend(("",)))
    for times in (nights.start, nights.end):
        figure.add_hline(
            _usual(times),
            line={"color": palette.light("faint"), "width": 1, "dash": "dot"},
            layer="above",
        )
    return figure


def _usual(times: Floats) -> float:
    """The circular mean, in the turn of the clock that is nearest to the times themselves."""
    mean, _ = middle_and_spread(times)
    turns = np.round((np.nanmedian(times) - mean) / 24)
    return float(mean + 24 * turns)


def _axis(start: Floats, end: Floats) -> dict[str, object]:
    low, high = np.floor(np.nanmin(start)) - 0.5, np.ceil(np.nanmax(end)) + 0.5
    step = 2 if high - low <= 16 else 4
    ticks = np.arange(np.ceil(low / step) * step, high, step)
    return {
        "range": [float(high), float(low)],
        "tickvals": ticks.tolist(),
        "ticktext": [words.clock(tick) for tick in ticks.tolist()],
    }
