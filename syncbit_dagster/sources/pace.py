"""The name under which the sources know the request budget."""

from __future__ import annotations

from syncbit_dagster.quota import Budget as Pace

__all__ = ["Pace"]
