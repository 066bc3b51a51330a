"""What a person can allow an app to read."""

from __future__ import annotations

_PREFIX = "https://www.googleapis.com/auth/googlehealth."

ACTIVITY = f"{_PREFIX}activity_and_fitness.readonly"
METRICS = f"{_PREFIX}health_metrics_and_measurements.readonly"
SETTINGS = f"{_PREFIX}settings.readonly"
PROFILE = f"{_PREFIX}profile.readonly"
SLEEP = f"{_PREFIX}sleep.readonly"

READ_SCOPES = (
    ACTIVITY,
    METRICS,
    SETTINGS,
    PROFILE,
    SLEEP,
    *(f"{_PREFIX}{name}.readonly" for name in ("nutrition", "location", "ecg", "irn")),
)
