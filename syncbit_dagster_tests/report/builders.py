"""A store in memory, short ways to fill it, and a report's figures read back from its page."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from syncbit_dagster.catalog import Metric, Zero
from syncbit_dagster.core.civil import DayRange, day_start, to_milliseconds
from syncbit_dagster.core.samples import Series, decode_labels, encode_labels
from syncbit_dagster.report import Report, make_report
from syncbit_dagster.stores.base import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from syncbit_dagster.stores.base import Slice, WriteReport

BERLIN = ZoneInfo("Europe/Berlin")
LABELS = {"user": "ann", "device": "watch"}
NOW = datetime(2027, 1, 1, tzinfo=UTC)
JUNE = DayRange(date(2026, 6, 1), date(2026, 6, 30))  # begins on a Monday


@dataclass
class MemoryStore(Store):
    """To be read only."""

    series: list[Series] = field(default_factory=list)

    @property
    def description(self) -> str:
        return "Memory"

    def replace_all(self, *_: object, **__: object) -> WriteReport:
        raise AssertionError("a report writes nothing")

    def read(self, target: Slice) -> list[Series]:
        low, high = to_milliseconds(target.start), to_milliseconds(target.end)
        found = []
        for one in self.series:
            own = target.labels.items() <= decode_labels(one.labels).items()
            inside = (one.timestamps >= low) & (one.timestamps < high)
            if own and one.metric in target.metrics and inside.any():
                found.append(
                    one._replace(timestamps=one.timestamps[inside], values=one.values[inside])
                )
        return found

    def close(self) -> None:
        """Nothing is open."""


def daily(
    metric: str,
    values: Mapping[date, float],
    *,
    zone: ZoneInfo = BERLIN,
    labels: Mapping[str, str] | None = None,
) -> Series:
    """A daily series: each value at its day's first instant."""
    instants = [to_milliseconds(day_start(day, zone)) for day in values]
    return Series(
        metric,
        encode_labels({**LABELS, **(labels or {})}),
        np.array(instants, dtype=np.int64),
        np.array(list(values.values()), dtype=np.float64),
    )


def every_day(days: DayRange, first: float = 1.0, step: float = 1.0) -> dict[date, float]:
    """A value a day, each another one."""
    return {day: first + step * number for number, day in enumerate(days)}


def hourly(metric: str, start: datetime, values: Sequence[float], *, minutes: int = 60) -> Series:
    """An intraday series from an instant on."""
    step = timedelta(minutes=minutes) // timedelta(milliseconds=1)
    return Series(
        metric,
        encode_labels(LABELS),
        to_milliseconds(start) + step * np.arange(len(values), dtype=np.int64),
        np.array(values, dtype=np.float64),
    )


def made_up(name: str, asset: str, unit: str = "sparks", **labels: str) -> Metric:
    """A row of the metric table that no provider knows."""
    return Metric(name, asset, unit, Zero.MEASURED, None, None, None, labels=labels)


def report_of(
    series: Iterable[Series], days: DayRange = JUNE, *, zone: ZoneInfo = BERLIN, **tables: Any
) -> Report:
    """A report of these series."""
    return make_report(MemoryStore(list(series)), LABELS, zone, days, NOW, **tables)


class Page(HTMLParser):
    """What a test asks of a page: its plots by title, its tables, its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.titles: list[str] = []
        self.headings: list[str] = []
        self.cells: list[list[str]] = []
        self.described: dict[str, str] = {}
        self.attributes: list[tuple[str, str, str]] = []
        self._inside = ""
        self.feed(html)
        texts = figures_of(html).values()
        self.figures: dict[str, dict[str, Any]] = {
            title.strip(): json.loads(text) for title, text in zip(self.titles, texts, strict=True)
        }
        self.titles = list(self.figures)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        named = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in named.items()]
        if named.get("role") == "img":
            self.described[named["id"]] = named["aria-label"]
        lists: dict[str, list[str]] = {"h3": self.titles, "h2": self.headings}
        if tag in lists:
            lists[tag].append("")
        elif tag == "tr":
            self.cells.append([])
        elif tag in ("td", "th"):
            self.cells[-1].append("")

    def handle_endtag(self, _tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in ("td", "th"):
            self.cells[-1][-1] += data
        elif self._inside in ("h2", "h3"):
            {"h3": self.titles, "h2": self.headings}[self._inside][-1] += data

    def row(self, head: str) -> list[str]:
        """The cells of the first table row that begins with a text."""
        return next(cells for cells in self.cells if cells and cells[0] == head)

    def traces(self, title: str) -> list[dict[str, Any]]:
        """A figure's traces."""
        found: list[dict[str, Any]] = self.figures[title]["data"]
        return found


def figures_of(html: str) -> dict[str, str]:
    """The page's figures as JSON texts, by the id of their place."""
    (block,) = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', html)
    found: dict[str, str] = json.loads(block)
    return found


def page_of(*series: Series, days: DayRange = JUNE, **tables: Any) -> Page:
    """The page of a report of these series."""
    return Page(report_of(series, days, **tables).html)
