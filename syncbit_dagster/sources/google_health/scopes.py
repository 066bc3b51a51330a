"""What `syncbit authorize` asks Google for: reading only, and only what the catalogue needs."""

from __future__ import annotations

_PREFIX = "https://www.googleapis.com/auth/googlehealth"

SCOPES = tuple(
    f"{_PREFIX}.{area}.readonly"
    for area in (
        "activity_and_fitness",
        "health_metrics_and_measurements",
        "sleep",
        "settings",  # time zone and devices
        "profile",  # first day of membership
    )
)
