"""A row of the metric table is all that a metric needs to be in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.catalog import ASSETS, METRICS, Asset, Metric
from syncbit_dagster.core.civil import day_start
from syncbit_dagster.report.chapters import CHAPTERS, UNPLOTTED_UNITS
from syncbit_dagster_tests.report.builders import (
    BERLIN,
    JUNE,
    daily,
    every_day,
    made_up,
    page_of,
)

if TYPE_CHECKING:
    from syncbit_dagster.core.samples import Series


def test_a_made_up_row_is_a_line_in_its_chapter_or_opens_one() -> None:
    row = made_up("fitbit_made_up", "sleep")
    page = page_of(daily(row.name, every_day(JUNE, 10)), metrics=[*METRICS, row])
    (trace,) = page.traces("Made up")
    assert (trace["type"], trace["y"]) == ("scatter", [*every_day(JUNE, 10).values()])
    assert page.headings == ["Sleep", "Coverage"]
    assert page.row("Mon 1 Jun 2026") == ["Mon 1 Jun 2026", "10.0"]
    assert "On average 24.5\N{NO-BREAK SPACE}sparks" in page.described["sleep-0"]
    row, asset = made_up("fitbit_mood_total", "mood"), Asset("mood", "daily", "How it went.")
    series = daily(row.name, every_day(JUNE))
    page = page_of(series, metrics=[*METRICS, row], assets=[*ASSETS, asset])
    assert page.headings == ["More", "Coverage"]
    assert page.traces("Days with data")[0]["y"] == ["Mood"]


def _series(row: Metric) -> Series:
    labels = {**row.labels, **dict.fromkeys(row.provider_labels, "1")}
    start = day_start(JUNE.first, BERLIN).timestamp()
    first = start if row.unit in UNPLOTTED_UNITS else 50.0
    return daily(row.name, every_day(JUNE, first, 86_400 if first == start else 0.5), labels=labels)


def test_every_row_of_the_catalogue_is_shown_once_it_has_data() -> None:
    page = page_of(*map(_series, METRICS))
    heads = [cell for cells in page.cells if cells[0] in ("day", "hour") for cell in cells[1:]]
    assert len(heads) == len(METRICS)
    assert page.headings == [*(chapter.title for chapter in CHAPTERS), "Coverage"]
    assert not page.traces("Days with data")[0]["z"].count([0] * len(JUNE))
    for chapter in CHAPTERS:
        assert set(chapter.assets) <= {asset.name for asset in ASSETS}
        of_chapter = {row.name for row in METRICS if row.asset in chapter.assets}
        assert {name for plot in chapter.plots for name in plot.metrics} <= of_chapter
