"""The report of some days: from a store to one HTML file, without any server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncbit_dagster.catalog import ASSETS, METRICS, units
from syncbit_dagster.core.civil import DayRange, civil_day
from syncbit_dagster.core.errors import SyncbitError
from syncbit_dagster.report import captions, key_figures, words
from syncbit_dagster.report.chapters import UNPLOTTED_UNITS
from syncbit_dagster.report.drawing import Drawn, DrawnChapter, drawn_chapters
from syncbit_dagster.report.figures.coverage import coverage
from syncbit_dagster.report.numbers import tables
from syncbit_dagster.report.page import Head, Section, Shown, page
from syncbit_dagster.report.period import Period, read_period
from syncbit_dagster.stores.base import Slice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from syncbit_dagster.catalog import Asset, Metric
    from syncbit_dagster.stores.base import Store


class NoDataError(SyncbitError):
    """The store has no sample of the period; there is nothing to report."""


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        html: the file.
        period: its days, and what is known of them.
        days_with_data: how many of them have any sample.
        figures: what stands at its head.
    """

    html: str
    period: Period
    days_with_data: int
    figures: tuple[key_figures.KeyFigure, ...]


def make_report(
    store: Store,
    labels: Mapping[str, str],
    zone: ZoneInfo,
    days: DayRange,
    now: datetime,
    *,
    metrics: Sequence[Metric] = METRICS,
    assets: Sequence[Asset] = ASSETS,
) -> Report:
    """The report of some days, of whatever the store has of them.

    Args:
        store: where the samples are; it is read, never written.
        labels: the account's.
        zone: the account's; days and clock times are of this zone.
        days: the period.
        now: aware; says when it was made, and which day is not over yet.
        metrics: the rows to show.
        assets: the rows of their assets.

    Raises:
        NoDataError: there is no sample in the period.
        StoreError: the store is down or refuses.
    """
    intraday = {asset.name for asset in assets if asset.is_intraday}
    period = read_period(store, labels, zone, days, metrics, intraday)
    if not period.with_data.any():
        raise NoDataError(
            f"{store.description} has no data of {_account(labels)} from {days.first} to "
            f"{days.last}; choose other days, or fetch these first (`syncbit doctor` says whether "
            "all is set up)."
        )
    heading = [row for row in metrics if row.name in key_figures.METRICS]
    before = read_period(store, labels, zone, key_figures.period_before(days), heading, frozenset())
    figures = key_figures.key_figures(period, before, heading)
    sections = [_section(one, period) for one in drawn_chapters(period, metrics, intraday)]
    sections.append(_coverage(period, metrics))
    known = int(period.with_data.sum())
    head = Head(
        words.days_text(days),
        f"{_account(labels)} - {zone.key}",
        _known(known, days, _so_far(store, labels, zone, days, now, heading)),
        figures,
    )
    foot = (
        f"Made {now.astimezone(zone):%Y-%m-%d %H:%M} with SyncBit from the samples in the store. "
        "A gap is a day without data, never a zero. Weeks begin on Mondays; clock times are of "
        f"{zone.key}. "
        f"Changes compare with {words.days_text(key_figures.period_before(days))}."
    )
    return Report(page(head, sections, foot), period, known, figures)


def _account(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(labels.items(), reverse=True))


def _known(known: int, days: DayRange, so_far: str | None) -> str:
    said = f"{known:,} of {words.count(len(days), 'day')} have data"
    return f"{said}." if so_far is None else f"{said}; today is not over yet{so_far}."


def _so_far(
    store: Store,
    labels: Mapping[str, str],
    zone: ZoneInfo,
    days: DayRange,
    now: datetime,
    rows: Sequence[Metric],
) -> str | None:
    """The totals of today as of the last sync, if today is one of the days; they are in no plot."""
    today = civil_day(now, zone)
    if today not in days:
        return None
    unit_of = {row.today: row.unit for row in rows if row.is_total}
    whole = DayRange(today, today)
    series = store.read(Slice(tuple(unit_of), labels, whole.start(zone), whole.end(zone)))
    sums = {
        name: sum(one.values[-1] for one in series if one.metric == name)
        for name in unit_of
        if any(one.metric == name for one in series)
    }
    said = [
        f"{words.amount(value, unit_of[name])} ({units.title(name)})"
        for name, value in sums.items()
    ]
    return f", so far: {', '.join(said)}" if said else ""


def _section(chapter: DrawnChapter, period: Period) -> Section:
    return Section(
        chapter.title,
        tuple(_shown(drawn, period) for drawn in chapter.plots),
        tables(chapter, period),
    )


def _shown(drawn: Drawn, period: Period) -> Shown:
    unit = "" if drawn.unit in UNPLOTTED_UNITS else units.unit_named(drawn.unit).text
    said = drawn.plot.title.lower().replace("minutes", "min").replace(",", "").split()
    return Shown(
        drawn.plot.title,
        "" if unit in said else unit,
        captions.caption(drawn, period),
        drawn.plot.form(drawn.readings, period),
        drawn.plot.is_wide(len(period.days)),
    )


def _coverage(period: Period, metrics: Sequence[Metric]) -> Section:
    there = {one.row.asset for one in period.readings if one.is_there}
    without = dict.fromkeys(row.asset for row in metrics if row.asset not in there)
    said = captions.coverage_caption(period, [units.title(name) for name in without])
    return Section(
        "Coverage", (Shown("Days with data", "", said, coverage(period), is_wide=True),), ()
    )
