"""What is particular about sleep: the last night, and how regular the nights are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.catalog.units import title
from tools.grafana import panels, queries
from tools.grafana.looks import LIMITS, MINUTES, Look, look
from tools.grafana.panels import Query, described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.catalog import Metric
    from tools.grafana.panels import AnyPanel

REGULAR_DAYS = 28


def regularity(metrics: Sequence[Metric]) -> list[AnyPanel]:
    """How regular the ends of the nights are."""
    ends = [row for row in metrics if row.asset == "sleep" and look(row.unit).kind == "instant"]
    if not ends:
        return []
    text = described(
        f"Standard deviation over {REGULAR_DAYS} days of the time of day at which sleep starts",
        "and ends; small is regular.",
        metrics=[row.name for row in ends],
    )
    values = [
        Query(
            queries.on_date(f"60 * {queries.spread(queries.clock(row.name), REGULAR_DAYS)}"),
            title(row.name),
        )
        for row in ends
    ]
    return [panels.daily("Sleep regularity", text, values, MINUTES).span(24)]


def last_night(metrics: Sequence[Metric]) -> list[AnyPanel]:
    """Of the night that ended on the last day of the range: every unlabelled value of sleep."""
    made: list[AnyPanel] = []
    for row in metrics:
        if row.asset != "sleep" or row.labels:
            continue
        shown, note = look(row.unit), ""
        value = queries.recent("last_over_time", row.name, 1)
        if shown.kind == "instant":
            # As seconds after midnight, whether before or after it.
            value = f"round(({queries.clock(row.name, queries.recent)} + 24) % 24 * 3600)"
            note = "A time of day."
            shown = Look("dthms")
        text = described(
            note, "Of the night that ended on the day of the range's end.", metrics=[row.name]
        )
        panel = panels.number(title(row.name), text, Query(value, title(row.name)), shown)
        limits = LIMITS.get(row.name)
        made.append(panels.limited(panel, limits) if limits else panel)
    return made
