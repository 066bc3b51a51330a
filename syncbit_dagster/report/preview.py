"""A glance at a report, small enough for a record: its key figures, and one series as bars."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.catalog import units
from syncbit_dagster.report import palette, words

if TYPE_CHECKING:
    from syncbit_dagster.report.period import Floats
    from syncbit_dagster.report.report import Report

WIDTH, HEIGHT = 240, 48


def figures_table(report: Report) -> str:
    """The key figures as a Markdown table; empty where the report has none."""
    if not report.figures:
        return ""
    lines = ["| | value | change | days |", "|---|---|---|---|"]
    lines += [f"| {one.name} | {one.text} | {one.change} | {one.days} |" for one in report.figures]
    return "\n".join(lines)


def first_series(report: Report) -> str:
    """The first daily series of the metric table that has data, as a Markdown image of bars."""
    for one in report.period.readings:
        if one.values.ndim == 1 and one.is_there:
            title = f"{units.title(one.row.name)}, {words.days_text(report.period.days)}"
            return bars(one.values, title)
    return ""


def bars(values: Floats, title: str) -> str:
    """A Markdown image and its title: a bar a day; a day without a value has none.

    Seven days take fewer than 1,000 characters.
    """
    highest = float(np.nanmax(values)) or 1.0
    step = WIDTH / len(values)
    shapes = "".join(
        f'<path d="M{step * (number + 0.5):.0f},{HEIGHT}v-{HEIGHT * value / highest:.0f}"/>'
        for number, value in enumerate(np.maximum(values, 0).tolist())
        if not np.isnan(value)
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">'
        f'<path stroke="{palette.light("faint")}" d="M0,{HEIGHT}h{WIDTH}"/>'
        f'<g stroke="{palette.light("blue")}" stroke-width="{step * 0.7:.0f}">{shapes}</g></svg>'
    )
    data = base64.b64encode(svg.encode()).decode()
    return f"![{escape(title)}](data:image/svg+xml;base64,{data})\n\n{escape(title)}"
