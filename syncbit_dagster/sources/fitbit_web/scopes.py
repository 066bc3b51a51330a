"""What `syncbit authorize` asks Fitbit for; none of these scopes is needed to write anything."""

from __future__ import annotations

HEART_RATE = "heartrate"

SCOPES = (
    "activity",
    "cardio_fitness",
    HEART_RATE,  # heart-rate variability, too
    "oxygen_saturation",
    "profile",  # time zone and first day of membership
    "respiratory_rate",
    "settings",  # devices
    "sleep",
    "temperature",
    "weight",
)


def is_granted(scope: str, granted: str) -> bool:
    """Whether a token's scopes hold this one; a token that does not say holds all."""
    return not granted or scope in granted.split()
