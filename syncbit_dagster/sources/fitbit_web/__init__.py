"""Fitbit Web API: ``plan`` the fewest requests, send them, ``parse`` the answers."""

from syncbit_dagster.sources.fitbit_web.source import FitbitWebSource

__all__ = ["FitbitWebSource"]
