"""A day-by-hour map: days along, the hours of the clock downwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from syncbit_dagster.catalog import units
from syncbit_dagster.report import palette, words
from syncbit_dagster.report.figures.frame import DAY, MANY_DAYS, columns, frame, known
from syncbit_dagster.report.period import HOURS, is_amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.report.period import Period, Reading


def day_by_hour(readings: Sequence[Reading], period: Period) -> go.Figure:
    """One intraday series: the sum or the mean of each hour."""
    (reading,) = readings[:1]
    unit = reading.row.unit
    gap = 1 if len(period.days) <= MANY_DAYS else 0
    what = "in this hour" if is_amount(reading.row) else "on average"
    cells = go.Heatmap(
        **columns(period.days),
        y=list(range(HOURS)),
        z=known(reading.values, places=2),
        colorscale=palette.scale(),
        xgap=gap,
        ygap=gap,
        hoverongaps=False,
        colorbar={
            "orientation": "h",
            "thickness": 8,
            "len": 0.5,
            "lenmode": "fraction",
            "x": 1,
            "xanchor": "right",
            "y": 1.02,
            "yanchor": "bottom",
            "ypad": 0,
            "ticklabelposition": "outside top",
            "ticksuffix": "",
            "nticks": 5,
            "outlinewidth": 0,
            "tickfont": {"size": 10, "color": palette.light("faint")},
        },
        hovertemplate=(
            f"<b>{DAY}, %{{y:02d}}:00</b><br>%{{z:,.{units.unit_named(unit).decimals}f}} "
            f"{units.unit_named(unit).text} {what}<extra></extra>"
        ),
    )
    hours = list(range(0, HOURS, 4))
    return frame(
        [cells],
        period.days,
        height=300,
        margin={"t": 40},
        yaxis={
            "range": [HOURS - 0.5, -0.5],
            "tickvals": hours,
            "ticktext": [words.clock(hour) for hour in hours],
            "showgrid": False,
        },
    )
