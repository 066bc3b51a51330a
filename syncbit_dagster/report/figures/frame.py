"""What all figures share: the axis of days, the fonts and lines, how a number is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from syncbit_dagster.civil import ONE_DAY
from syncbit_dagster.report import palette, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.civil import DayRange
    from syncbit_dagster.report.period import Floats, Reading

HEIGHT = 260
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
MANY_DAYS = 70  # from here on, a mark for each day is noise
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
    return figure


def _common(days: DayRange) -> dict[str, Any]:
    axis = {
        "showgrid": True,
        "gridcolor": palette.light("grid"),
        "gridwidth": 1,
        "zeroline": False,
        "tickfont": {"size": 11, "color": palette.light("faint")},
        "fixedrange": False,
    }
    return {
        "template": "none",
        "height": HEIGHT,
        "margin": {"l": 46, "r": 10, "t": 30, "b": 34},
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
        "bargap": 0.25,
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
        "tickformatstops": [
            {"dtickrange": [None, 86_400_000], "value": "%a %-d"},
            {"dtickrange": [86_400_000, "M1"], "value": "%-d %b"},
            {"dtickrange": ["M1", "M12"], "value": "%b %Y"},
            {"dtickrange": ["M12", None], "value": "%Y"},
        ],
    }
    return shown | ({"dtick": 86_400_000, "tickformat": "%a %-d"} if len(days) <= 8 else {})


def dates(days: DayRange) -> list[str]:
    """The days as a date axis wants them: civil days, of no zone."""
    return [day.isoformat() for day in days]


def known(values: Floats, *, places: int | None = None) -> list[Any]:
    """The values with None where there is none; nested for a table of two dimensions."""
    shown = (values if places is None else np.round(values, places)).astype(object)
    shown[np.isnan(values)] = None
    nested: list[Any] = shown.tolist()
    return nested


def name_of(reading: Reading) -> str:
    """What a legend calls a series: its labels, or its metric where it has none."""
    text = ", ".join(map(words.label_title, reading.labels))
    return text or words.metric_title(reading.row)


def names_of(readings: Sequence[Reading]) -> list[str]:
    """Names for the series of one plot, without the words that all their metrics share."""
    names = [name_of(one) for one in readings]
    if len(names) < 2 or any(one.labels for one in readings):
        return names
    split = [name.split(" ") for name in names]
    shared = 0
    while all(len(one) > shared + 1 and one[shared] == split[0][shared] for one in split):
        shared += 1
    return [words.label_title(" ".join(one[shared:])) for one in split]


def legend(names: Sequence[str]) -> dict[str, Any]:
    """The layout for as many names: one needs no legend, and no room for it."""
    return {"showlegend": True} if len(names) > 1 else {"margin": {"t": 10}}


def hover(unit: str, name: str = "") -> str:
    """What is shown under the pointer: the day and its value."""
    value = f"%{{y:,.{words.decimals(unit)}f}} {words.unit_text(unit)}"
    said = f"{name}: {value}" if name else value
    return f"<b>{DAY}</b><br>{said}<extra></extra>"


def minutes_axis(highest: float) -> dict[str, Any]:
    """Ticks at whole hours for minutes, where there are hours of them."""
    if highest < 150:
        return {"ticksuffix": " min"}
    step = next(n for n in (1, 2, 4, 6, 12, 24, 10**6) if highest / 60 / n <= 6)
    hours = np.arange(0, highest / 60 + step, step)
    return {
        "tickvals": (hours * 60).tolist(),
        "ticktext": [f"{hour:.0f} h" for hour in hours],
    }


def value_axis(unit: str, highest: float) -> dict[str, Any]:
    """The axis of values."""
    return minutes_axis(highest) if unit == "min" else {"tickformat": ",~f"}
