"""Which days each asset has data of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from syncbit_dagster.catalog import units
from syncbit_dagster.report import palette
from syncbit_dagster.report.figures.frame import DAY, MANY_DAYS, columns, frame

if TYPE_CHECKING:
    from syncbit_dagster.report.period import Period


def coverage(period: Period) -> go.Figure:
    """A row an asset that has any data, a cell a day: filled where there is a sample."""
    names = list(dict.fromkeys(one.row.asset for one in period.readings if one.is_there))
    there = np.array(
        [
            np.any([one.by_day for one in period.readings if one.row.asset == name], axis=0)
            for name in names
        ]
    )
    gap = 2 if len(period.days) <= MANY_DAYS else 0
    cells = go.Heatmap(
        **columns(period.days),
        y=[units.title(name) for name in names],
        z=there.astype(int).tolist(),
        text=np.where(there, "data", "no data").tolist(),
        zmin=0,
        zmax=1,
        colorscale=[[0, palette.light("empty")], [1, palette.light("green")]],
        showscale=False,
        xgap=gap,
        ygap=3,
        hovertemplate=f"<b>{DAY}</b><br>%{{y}}: %{{text}}<extra></extra>",
    )
    return frame(
        [cells],
        period.days,
        height=48 + 22 * len(names),
        margin={"t": 6},
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
    )
