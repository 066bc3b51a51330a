"""A calendar: one cell a day, weekdays together."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from syncbit_dagster.catalog import units
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.report import palette, words
from syncbit_dagster.report.figures.frame import frame, known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.report.period import Floats, Period, Reading

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MOST_WEEKS_ON_A_WALL = 10
_PLAIN_AXIS = {
    "showgrid": False,
    "zeroline": False,
    "fixedrange": True,
    "ticks": "",
    "tickformatstops": None,
}


def calendar(readings: Sequence[Reading], period: Period) -> go.Figure:
    """A few weeks as on a wall, with the numbers; more of them as a strip, a row a year."""
    (reading,) = readings[:1]
    weeks = (len(period.days) + period.days.first.weekday() + 6) // 7
    if weeks <= MOST_WEEKS_ON_A_WALL:
        return _wall(reading, period.days)
    return _strips(reading, period.days)


def _wall(reading: Reading, days: DayRange) -> go.Figure:
    table, labels = week_table(reading.values, days)
    unit = reading.row.unit
    mondays = [days.first - timedelta(days=days.first.weekday() - 7 * n) for n in range(len(table))]
    cells = _cells(table, labels, unit) | {
        "x": list(WEEKDAYS),
        "y": [f"{monday.day} {monday:%b}" for monday in mondays],
        "text": _short(table),
        "texttemplate": "%{text}",
        "textfont": {"size": 11},
    }
    return frame(
        [go.Heatmap(**cells)],
        days,
        height=max(300, 40 + 38 * len(table)),
        margin={"t": 24, "b": 8},
        xaxis={
            **_PLAIN_AXIS,
            "type": "category",
            "side": "top",
            "range": None,
            "dtick": 1,
            "tick0": 0,
        },
        yaxis={**_PLAIN_AXIS, "type": "category", "autorange": "reversed"},
    )


def _strips(reading: Reading, days: DayRange) -> go.Figure:
    years = range(days.first.year, days.last.year + 1)
    is_one = len(years) == 1 or len(days) <= 371
    parts = [days] if is_one else [_part(days, year) for year in reversed(years)]
    low, high = float(np.nanmin(reading.values)), float(np.nanmax(reading.values))
    figure = frame([], days, height=46 + 150 * len(parts), margin={"t": 8, "b": 34})
    for number, part in enumerate(parts):
        offset = (part.first - days.first).days
        table, labels = week_table(reading.values[offset : offset + len(part)], part)
        monday = part.first - timedelta(days=part.first.weekday())
        suffix = "" if number == 0 else str(number + 1)
        top = 1 - number / len(parts)
        figure.add_trace(
            go.Heatmap(
                **_cells(table.T, labels.T, reading.row.unit),
                x=[(monday + timedelta(days=7 * n)).isoformat() for n in range(len(table))],
                y=list(WEEKDAYS),
                zmin=low,
                zmax=high,
                xaxis=f"x{suffix}",
                yaxis=f"y{suffix}",
            )
        )
        tick = figure.layout.xaxis.tickfont.to_plotly_json()
        figure.layout[f"xaxis{suffix}"] = {
            **{k: v for k, v in _PLAIN_AXIS.items() if v is not None},
            "type": "date",
            "tickformat": "%b" if not is_one else "%b\n%Y",
            "dtick": "M1",
            "ticklabelstep": 1,
            "tickfont": {**tick, "size": 10},
            "tickangle": 0,
            "anchor": f"y{suffix}",
        }
        figure.layout[f"yaxis{suffix}"] = {
            **{k: v for k, v in _PLAIN_AXIS.items() if v is not None},
            "type": "category",
            "autorange": "reversed",
            "tickfont": tick,
            "tickvals": ["Mon", "Wed", "Fri", "Sun"],
            "domain": [max(top - 0.82 / len(parts), 0), top],
            "anchor": f"x{suffix}",
            "title": None if is_one else {"text": str(part.first.year), "font": {"size": 12}},
        }
    return figure


def _part(days: DayRange, year: int) -> DayRange:
    first = max(days.first, days.first.replace(year=year, month=1, day=1))
    return DayRange(first, min(days.last, days.first.replace(year=year, month=12, day=31)))


def week_table(values: Floats, days: DayRange) -> tuple[Floats, Any]:
    """Values and names of the days, a row a week from Monday to Sunday; NaN around the period."""
    before = days.first.weekday()
    weeks = -(-(before + len(days)) // 7)
    table = np.full(7 * weeks, np.nan)
    labels = np.full(7 * weeks, "", dtype=object)
    table[before : before + len(days)] = values
    labels[before : before + len(days)] = [words.day_text(day) for day in days]
    return table.reshape(weeks, 7), labels.reshape(weeks, 7)


def _cells(table: Floats, labels: Any, unit: str) -> dict[str, Any]:
    return {
        "z": known(table),
        "customdata": labels.tolist(),
        "colorscale": palette.scale(),
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hoverongaps": False,
        "hovertemplate": (
            f"<b>%{{customdata}}</b><br>%{{z:,.{units.unit_named(unit).decimals}f}} "
            f"{units.unit_named(unit).text}<extra></extra>"
        ),
    }


def _short(table: Floats) -> list[list[str]]:
    def text(value: float) -> str:
        if np.isnan(value):
            return ""
        return f"{value / 1000:.1f}k" if abs(value) >= 1000 else f"{value:.0f}"

    return [[text(value) for value in row] for row in table.tolist()]
