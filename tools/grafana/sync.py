"""The state of the sync at a glance, out of the table of own metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.catalog.units import title
from tools.grafana import panels
from tools.grafana.looks import LIMITS, look
from tools.grafana.panels import Query, described
from tools.grafana.rows import last_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.grafana.panels import AnyPanel
    from tools.grafana.rows import OwnMetric


def state_of_sync(rows: Sequence[OwnMetric]) -> list[AnyPanel]:
    """The worst of what has limits, over all assets: what an alert would look at."""
    made: list[AnyPanel] = []
    for row in rows:
        limits = LIMITS.get(row.name)
        if limits is None or row.name.startswith("syncbit_run_"):
            continue
        worst = "min" if limits.is_bad == "below" else "max"
        is_instant = look(row.unit).kind == "instant"
        value = f"time() - {last_known(row.name)}" if is_instant else last_known(row.name)
        query = Query(f"{worst} by (user, device) ({value})", title(row.name))
        text = described(row.description, "The worst of all.", metrics=[row.name])
        shown = look("s") if is_instant else look(row.unit)
        made.append(panels.limited(panels.number(title(row.name), text, query, shown), limits))
    return made
