"""The variables of the dashboards: whose data, which zone, which goals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import QueryVariable, TextBoxVariable
from grafana_foundation_sdk.models.dashboard import (
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from tools.grafana.panels import SOURCE
from tools.grafana.queries import label_values
from tools.grafana.streaks import GOALS

if TYPE_CHECKING:
    from tools.grafana.streaks import Goal

ZONE = "zone"
# Grafana calls UTC "utc", which is no name of the zone database.
_ZONE_QUERY = (
    'query_result(label_map(label_set(time(), "zone", "${__timezone}"), "zone", "utc", "UTC"))'
)


def account_variables() -> list[QueryVariable]:
    """Of every dashboard."""
    return [
        _asked("user", "User", label_values("user")),
        _asked("device", "Device", label_values("device", 'user="$user"')),
        _asked(ZONE, "Time zone", _ZONE_QUERY)
        .regex('/zone="([^"]+)"/')
        .description("The dashboard's own zone, as the queries need it. Nothing to choose here.")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED),
    ]


def goal_variables() -> list[TextBoxVariable]:
    """Of the dashboard with the streaks."""
    return [_goal(goal) for goal in GOALS]


def _asked(name: str, label: str, query: str) -> QueryVariable:
    variable = QueryVariable(name).label(label).query(query).datasource(SOURCE)
    return variable.refresh(VariableRefresh.ON_DASHBOARD_LOAD).sort(VariableSort.ALPHABETICAL_ASC)


def _goal(goal: Goal) -> TextBoxVariable:
    value = str(goal.default)
    chosen = VariableOption(selected=True, text=value, value=value)
    box = TextBoxVariable(goal.variable).label(goal.label).default_value(value)
    return box.current(chosen).options([chosen])
