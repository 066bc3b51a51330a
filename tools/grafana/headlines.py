"""The values that come first: today's, the week's, and a year of them as a heat map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from syncbit_dagster.catalog.units import title
from tools.grafana import panels, queries
from tools.grafana.looks import look
from tools.grafana.panels import Query, described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.catalog import Metric
    from tools.grafana.panels import AnyPanel


@dataclass(frozen=True)
class Headline:
    """A metric of the first page: what its week is, and whether it has a calendar."""

    metric: str
    week: Literal["sum", "avg"]


HEADLINES = (
    Headline("fitbit_steps_total", "sum"),
    Headline("fitbit_distance_km", "sum"),
    Headline("fitbit_calories_total", "avg"),
    Headline("fitbit_active_zone_minutes", "sum"),
    Headline("fitbit_sleep_minutes_total", "avg"),
    Headline("fitbit_resting_heart_rate_bpm", "avg"),
)
CALENDARS = (
    "fitbit_steps_total",
    "fitbit_active_zone_minutes",
    "fitbit_sleep_minutes_total",
    "fitbit_resting_heart_rate_bpm",
    "fitbit_hrv_rmssd_ms",
    "fitbit_calories_total",
)
WEEK_WORDS = {"sum": "sum of 7 days", "avg": "mean of 7 days"}


def today(metrics: Sequence[Metric]) -> list[AnyPanel]:
    """The headline values of the day on which the dashboard's range ends, so far or whole."""
    made: list[AnyPanel] = []
    for row in named(metrics, [headline.metric for headline in HEADLINES]):
        expression = whole(row, queries.recent("last_over_time", row.name, 1))
        text, names = "Of the day on which the range ends.", [row.name]
        if row.is_total:
            text = f"{text} While it is not over: so far, as of the last sync."
            expression = f"({expression}) or ({whole(row, queries.so_far(row.today))})"
            names.append(row.today)
        query = Query(expression, title(row.name))
        shown = described(text, metrics=names)
        made.append(panels.number(title(row.name), shown, query, look(row.unit)))
    return made


def week(metrics: Sequence[Metric]) -> list[AnyPanel]:
    """The same for the last seven days: their sum or mean."""
    made: list[AnyPanel] = []
    for headline in HEADLINES:
        for row in named(metrics, [headline.metric]):
            days = queries.whole_days if row.is_total else queries.recent
            seven = days(f"{headline.week}_over_time", row.name, 7)
            words = WEEK_WORDS[headline.week]
            which = "before the one on which the range ends" if row.is_total else "up to the last"
            text = described(f"The {words} {which}.", metrics=[row.name])
            query = Query(whole(row, seven), title(row.name))
            made.append(panels.number(f"{title(row.name)}: {words}", text, query, look(row.unit)))
    return made


def calendars(metrics: Sequence[Metric]) -> list[AnyPanel]:
    """A heat map for each of the chosen metrics: weeks from left to right, Monday on top."""
    return [
        panels.calendar(
            title(row.name),
            described(
                "A column is the ISO week of the date below it, which is its Thursday.",
                metrics=[row.name],
            ),
            [
                Query(queries.on_weekday(whole(row, queries.day(row.name)), number), name)
                for number, name in enumerate(queries.WEEKDAYS)
            ],
            look(row.unit),
        )
        for row in named(metrics, CALENDARS)
    ]


def named(metrics: Sequence[Metric], names: Sequence[str]) -> list[Metric]:
    """One row of each of the metrics, in the order of the names."""
    first = {row.name: row for row in reversed(metrics)}
    return [first[name] for name in names if name in first]


def whole(row: Metric, expression: str) -> str:
    """A day expression of a metric in parts, such as zones, as their sum."""
    return queries.together(expression) if row.labels else expression
