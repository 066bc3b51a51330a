"""Grafana dashboards out of the tables of metrics: what ``deploy/grafana`` holds.

Used by ``make docs`` and the tests only; needs the development tools (``grafana-foundation-sdk``).
"""

from syncbit_dagster.dashboards.boards import BOARDS, dashboards
from syncbit_dagster.dashboards.files import files

__all__ = ["BOARDS", "dashboards", "files"]
