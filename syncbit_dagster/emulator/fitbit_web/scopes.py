"""What a person can allow an app to read."""

from __future__ import annotations

ACTIVITY = "activity"
CARDIO_FITNESS = "cardio_fitness"
HEART_RATE = "heartrate"
OXYGEN_SATURATION = "oxygen_saturation"
PROFILE = "profile"
RESPIRATORY_RATE = "respiratory_rate"
SETTINGS = "settings"
SLEEP = "sleep"
TEMPERATURE = "temperature"
WEIGHT = "weight"

SCOPES = (
    *(ACTIVITY, CARDIO_FITNESS, HEART_RATE, OXYGEN_SATURATION, PROFILE, RESPIRATORY_RATE),
    *(SETTINGS, SLEEP, TEMPERATURE, WEIGHT),
    *("electrocardiogram", "irregular_rhythm_notifications", "location", "nutrition", "social"),
)
