"""Days in a row that reach a goal; the goals are variables of the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncbit_dagster.catalog.units import title
from tools.grafana import panels, queries
from tools.grafana.headlines import named, whole
from tools.grafana.looks import DAYS
from tools.grafana.panels import Query, described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.catalog import Metric
    from tools.grafana.panels import AnyPanel


@dataclass(frozen=True)
class Goal:
    """A goal of a day: a dashboard variable, the metric that reaches it, and its default."""

    variable: str
    label: str
    metric: str
    default: int


GOALS = (
    Goal("goal_steps", "Goal: steps", "fitbit_steps_total", 10_000),
    Goal("goal_sleep", "Goal: minutes asleep", "fitbit_sleep_minutes_total", 420),
    Goal("goal_zone", "Goal: active zone minutes", "fitbit_active_zone_minutes", 22),
)


def streaks(metrics: Sequence[Metric]) -> list[AnyPanel]:
    """Days in a row that reach a goal: the running streak, the longest one, and their history."""
    numbers: list[AnyPanel] = []
    history: list[Query] = []
    for goal in GOALS:
        for row in named(metrics, [goal.metric]):
            value, limit = whole(row, queries.day(row.name)), f"${goal.variable}"
            text = described(
                f"Days in a row with at least {limit}.",
                "A day without a sample ends it; today counts when it is over.",
                metrics=[row.name],
            )
            for words, expression in (
                ("streak", queries.running_streak(value, limit)),
                ("longest streak", queries.longest_streak(value, limit)),
            ):
                query = Query(queries.on_date(expression), title(row.name))
                numbers.append(panels.number(f"{title(row.name)}: {words}", text, query, DAYS))
            history.append(Query(queries.on_date(queries.streak(value, limit)), title(row.name)))
    if not history:
        return numbers
    text = described(
        "How long the streak was that ended on each day; 0 where the goal was missed.",
        metrics=[row.name for row in named(metrics, [goal.metric for goal in GOALS])],
    )
    return [*numbers, panels.daily("Streaks", text, history, DAYS).span(24)]
