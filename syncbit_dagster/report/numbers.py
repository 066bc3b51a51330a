"""The numbers behind a chapter's plots, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.catalog import units
from syncbit_dagster.report import words
from syncbit_dagster.report.captions import usual_hours
from syncbit_dagster.report.chapters import UNPLOTTED_UNITS
from syncbit_dagster.report.nights import clock_texts, on_the_clock
from syncbit_dagster.report.period import HOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.report.drawing import DrawnChapter
    from syncbit_dagster.report.period import Period, Reading

Table = tuple[str, list[str], list[list[str]]]
"""A title, the heads of its columns, and its rows, the first cell of each being its head."""


def tables(chapter: DrawnChapter, period: Period) -> list[Table]:
    """The daily values, and the average day of the intraday ones; no table without a column."""
    daily = [one for one in chapter.readings if one.values.ndim == 1]
    hourly = [one for one in chapter.readings if one.values.ndim > 1]
    found = []
    if daily:
        days = [words.day_text(day) for day in period.days]
        columns = [_daily_column(one, period) for one in daily]
        found.append((f"{chapter.title}, day by day", _heads("day", daily), _rows(days, columns)))
    if hourly:
        hours = [words.clock(hour) for hour in range(HOURS)]
        columns = [[_plain(v, one) for v in usual_hours(one).tolist()] for one in hourly]
        title = f"{chapter.title}, hours of an average day"
        found.append((title, _heads("hour", hourly), _rows(hours, columns)))
    return found


def _heads(first: str, readings: Sequence[Reading]) -> list[str]:
    return [first, *(_head(one) for one in readings)]


def _head(reading: Reading) -> str:
    labels = ", ".join(map(units.title, reading.labels))
    unit = (
        "clock" if reading.row.unit in UNPLOTTED_UNITS else units.unit_named(reading.row.unit).text
    )
    title = units.title(reading.row.name)
    return f"{title}: {labels} ({unit})" if labels else f"{title} ({unit})"


def _rows(heads: Sequence[str], columns: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[head, *cells] for head, *cells in zip(heads, *columns, strict=True)]


def _daily_column(reading: Reading, period: Period) -> Sequence[str]:
    if reading.row.unit not in UNPLOTTED_UNITS:
        return [_plain(value, reading) for value in reading.values.tolist()]
    return clock_texts(on_the_clock(reading.values, period.days, period.zone))


def _plain(value: float, reading: Reading) -> str:
    return (
        "" if np.isnan(value) else words.number(value, units.unit_named(reading.row.unit).decimals)
    )
