"""Google Health API v4: ``plan`` the fewest requests, send them, ``parse`` the answers."""

from syncbit_dagster.sources.google_health.source import GoogleHealthSource

__all__ = ["GoogleHealthSource"]
