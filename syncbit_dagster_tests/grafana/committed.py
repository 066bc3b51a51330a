"""The dashboards as they are in the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DEPLOY = Path(__file__).parents[2] / "deploy" / "grafana"
PATHS = sorted((DEPLOY / "dashboards").glob("*.json"))


def load(path: Path) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(path.read_text())
    return dashboard


DASHBOARDS = {path.stem: load(path) for path in PATHS}
PANELS = [
    (uid, panel["id"])
    for uid, dashboard in DASHBOARDS.items()
    for panel in dashboard["panels"]
    if panel["type"] != "row"
]
