"""What all figures share: the axis of days, weekly means, fonts and lines, how a number reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from syncbit_dagster.catalog import units
from syncbit_dagster.core.civil import ONE_DAY
from syncbit_dagster.report import palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.report.period import Floats, Reading

HEIGHT = 270
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
_STEPS = (15, 30, 60, 120, 240, 480, 1440)  # minutes between two ticks
MOST_TICKS = 6
MOST_DAY_TICKS = 8
MANY_DAYS = 70  # from here on, a mark for each day is noise
# What a metric is called beside the other one of its plot.
_SHORT = {
    "fitbit_calories_total": "All",
    "fitbit_active_calories": "Active",
    "fitbit_sleep_minutes_total": "Asleep, naps included",
    "fitbit_sleep_time_in_bed_minutes": "In bed at night",
    "fitbit_spo2_avg_percent": "Average",
    "fitbit_spo2_min_percent": "Lowest",
    "fitbit_spo2_max_percent": "Highest",
    "fitbit_hrv_rmssd_ms": "Whole night",
    "fitbit_hrv_deep_rmssd_ms": "Deep sleep",
}
DAY_MS = 86_400_000
A_MONDAY = "2001-01-01"
DAY = "%{x|%a %-d %b %Y}"


def frame(traces: Sequence[Any], days: DayRange, **layout: Any) -> go.Figure:
    """A figure over the period's days.

    Args:
        traces: of plotly.
        days: the period; every figure of a report shows all of it, with or without data.
        layout: what this form adds to the common layout.
    """
    figure = go.Figure(data=list(traces), layout=_common(days))
    figure.update_layout(**layout)
    # A single bar has no neighbour from which its width would follow.
    gap = 0.25 if len(days) <= MANY_DAYS else 0.0
    figure.update_traces(width=DAY_MS * (1 - gap), selector={"type": "bar"})
    return figure


def _common(days: DayRange) -> dict[str, Any]:
    axis = {
        "showgrid": True,
        "gridcolor": palette.light("grid"),
        "gridwidth": 1,
        "zeroline": False,
        "tickfont": {"size": 11, "color": palette.light("faint")},
        "fixedrange": False,
        "ticks": "",
    }
    return {
        "template": "none",
        "height": HEIGHT,
        # Months have the year below them.
        "margin": {"l": 46, "r": 10, "t": 30, "b": 26 if len(days) <= MANY_DAYS else 38},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": palette.light("soft")},
        "hoverlabel": {
            "bgcolor": palette.light("card"),
            "bordercolor": palette.light("edge"),
            "font": {"family": FONT, "size": 12, "color": palette.light("ink")},
            "align": "left",
        },
        "hovermode": "closest",
        "showlegend": False,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"size": 11, "color": palette.light("soft")},
            "itemwidth": 30,
            "traceorder": "normal",
        },
        "xaxis": axis | day_axis(days),
        "yaxis": axis | {"automargin": True},
    }


def day_axis(days: DayRange) -> dict[str, Any]:
    """The axis of days: from the first day's beginning to the last day's end, centred on noons."""
    shown = {
        "type": "date",
        "range": [f"{days.first - ONE_DAY} 12:00", f"{days.last} 12:00"],
        "showgrid": False,
        "nticks": 8,
        "tickangle": 0,
        "tickformatstops": [
            {"dtickrange": [None, DAY_MS], "value": "%a %-d"},
            {"dtickrange": [DAY_MS, "M1"], "value": "%-d %b"},
            {"dtickrange": ["M1", "M12"], "value": "%b\n%Y"},
            {"dtickrange": ["M12", None], "value": "%Y"},
        ],
    }
    if len(days) <= MOST_DAY_TICKS:
        return shown | {"dtick": DAY_MS}
    if len(days) <= MANY_DAYS:
        return shown | {"dtick": 7 * DAY_MS, "tick0": A_MONDAY}
    return shown


def dates(days: DayRange) -> list[str]:
    """The days as a date axis wants them: civil days, of no zone."""
    return [day.isoformat() for day in days]


def columns(days: DayRange) -> dict[str, Any]:
    """The days as a heat map wants them; a single one needs its width said."""
    if len(days) == 1:
        return {"x0": days.first.isoformat(), "dx": DAY_MS}
    return {"x": dates(days)}


def known(values: Floats, *, places: int | None = None) -> list[Any]:
    """The values with None where there is none; nested for a table of two dimensions."""
    shown = (values if places is None else np.round(values, places)).astype(object)
    shown[np.isnan(values)] = None
    nested: list[Any] = shown.tolist()
    return nested


def names_of(readings: Sequence[Reading]) -> list[str]:
    """What a legend calls the series of a plot: their labels, or their metrics."""
    return [
        ", ".join(map(units.title, one.labels))
        or _SHORT.get(one.row.name)
        or units.title(one.row.name)
        for one in readings
    ]


def legend(names: Sequence[str]) -> dict[str, Any]:
    """The layout for as many names: one needs no legend, and no room for it."""
    return {"showlegend": True} if len(names) > 1 else {"margin": {"t": 10}}


def hover(unit: str, name: str = "") -> str:
    """What is shown under the pointer: the day and its value."""
    value = f"%{{y:,.{units.unit_named(unit).decimals}f}} {units.unit_named(unit).text}"
    said = f"{name}: {value}" if name else value
    return f"<b>{DAY}</b><br>{said}<extra></extra>"


def value_axis(unit: str, low: float, high: float) -> dict[str, Any]:
    """The axis of values between two bounds: minutes have ticks at hours, or at parts of them."""
    if unit != "min" or high < 100:
        return {"tickformat": ",~f"}
    step = next((n for n in _STEPS if (high - low) / n <= MOST_TICKS), _STEPS[-1])
    ticks = np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step
    return {"tickvals": ticks.tolist(), "ticktext": [_hours(tick, step) for tick in ticks.tolist()]}


def _hours(minutes: float, step: float) -> str:
    return f"{minutes // 60:.0f}{'' if step % 60 == 0 else f':{minutes % 60:02.0f}'} h"


def weekly_means(values: Floats, days: DayRange) -> Floats:
    """For each day the mean of its week's known days, Monday to Sunday; NaN where none is known."""
    week = (np.arange(len(days)) + days.first.weekday()) // 7
    there = ~np.isnan(values)
    counts = np.bincount(week, weights=there)
    sums = np.bincount(week, weights=np.where(there, values, 0.0))
    means = np.full(len(counts), np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    result: Floats = means[week]
    return result
