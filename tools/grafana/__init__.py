"""Grafana dashboards out of the tables of metrics: what ``deploy/grafana`` holds.

Used by ``make docs`` and the tests only; needs the development tools (``grafana-foundation-sdk``).
"""

from tools.grafana.boards import BOARDS, dashboards
from tools.grafana.files import files

__all__ = ["BOARDS", "dashboards", "files"]
