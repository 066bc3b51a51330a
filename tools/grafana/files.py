"""Everything that a Grafana reads: dashboards as JSON, provisioning as YAML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from tools.grafana.boards import dashboards
from tools.grafana.panels import SOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.catalog import Asset, Metric
    from tools.grafana.rows import OwnMetric

_NOTE = "# Written by `make docs` from the code; edits here are lost.\n"
# The server moves a grid of 50 points or more to UTC midnights, unless it is told not to cache.
_DATA_SOURCE = f"""\
{_NOTE}apiVersion: 1
datasources:
  - name: SyncBit
    uid: {SOURCE.uid}
    type: {SOURCE.type_val}
    access: proxy
    url: $VICTORIA_ENDPOINT
    jsonData:
      httpMethod: POST
      timeInterval: 1m
      customQueryParameters: nocache=1
    editable: false
"""
_PROVIDER = f"""\
{_NOTE}apiVersion: 1
providers:
  - name: SyncBit
    type: file
    folder: SyncBit
    disableDeletion: false
    allowUiUpdates: false
    updateIntervalSeconds: 60
    options:
      path: /etc/grafana/dashboards
"""


def files(
    metrics: Sequence[Metric], assets: Sequence[Asset], own: Sequence[OwnMetric]
) -> dict[str, str]:
    """Text by path below ``deploy/grafana``."""
    boards = dashboards(metrics, assets, own)
    return {
        "provisioning/datasources/syncbit.yaml": _DATA_SOURCE,
        "provisioning/dashboards/syncbit.yaml": _PROVIDER,
    } | {f"dashboards/{uid}.json": _json(board) for uid, board in boards.items()}


def _json(board: object) -> str:
    return json.dumps(board, cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"
