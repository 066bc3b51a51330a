"""From the metric table to the plots of a report: pure functions, nothing is read here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.catalog import units
from syncbit_dagster.report.chapters import (
    CHAPTERS,
    LAST_CHAPTER,
    UNPLOTTED_UNITS,
    Chapter,
    Plot,
)
from syncbit_dagster.report.figures.hours import day_by_hour
from syncbit_dagster.report.figures.lines import lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.report.period import Period, Reading


@dataclass(frozen=True)
class Drawn:
    """A plot with the readings that it shows, in the order that its form wants."""

    plot: Plot
    readings: tuple[Reading, ...]

    @property
    def unit(self) -> str:
        return self.readings[0].row.unit


@dataclass(frozen=True)
class DrawnChapter:
    """A heading with the plots that have any data, and every daily reading below it."""

    title: str
    plots: tuple[Drawn, ...]
    readings: tuple[Reading, ...]


def drawn_chapters(
    period: Period, rows: Sequence[Metric], intraday: frozenset[str] | set[str]
) -> list[DrawnChapter]:
    """All chapters that have any data.

    Args:
        period: with the readings of the rows.
        rows: of the metric table, in its order.
        intraday: names of the assets with several samples a day.
    """
    placed = {name for chapter in CHAPTERS for name in chapter.assets}
    others = tuple(dict.fromkeys(row.asset for row in rows if row.asset not in placed))
    found = []
    for chapter in (*CHAPTERS, Chapter(LAST_CHAPTER, others)):
        own = [row for row in rows if row.asset in chapter.assets]
        plots = [
            Drawn(plot, readings)
            for plot in (*chapter.plots, *_rest(chapter, own, intraday))
            if (readings := _readings(plot, own, period))
        ]
        if plots:
            found.append(DrawnChapter(chapter.title, tuple(plots), period.of(own)))
    return found


def _rest(
    chapter: Chapter, own: Sequence[Metric], intraday: frozenset[str] | set[str]
) -> Iterator[Plot]:
    """A plot for each metric of the chapter that none of its plots shows."""
    shown = {name for plot in chapter.plots for name in plot.metrics}
    rest = [row for row in own if row.unit not in UNPLOTTED_UNITS and row.name not in shown]
    for name, same in groupby(rest, key=lambda row: row.name):
        first = next(same)
        title = units.title(first.name)
        if first.asset in intraday:
            yield Plot(f"{title}, hour by hour", day_by_hour, (name,))
        else:
            yield Plot(title, lines, (name,))


def _readings(plot: Plot, own: Sequence[Metric], period: Period) -> tuple[Reading, ...]:
    """What the plot shows; nothing if there is no data for it."""
    if len(period.days) < plot.fewest_days:
        return ()
    shown = [row for row in own if plot.shows(row)]
    ordered = sorted(shown, key=lambda row: plot.metrics.index(row.name))
    readings = period.of(ordered)
    if plot.needs_all:
        together = len(readings) == len(plot.metrics) and np.all(
            [one.by_day for one in readings], axis=0
        )
        return readings if np.any(together) else ()
    return readings
