"""What a user's consent is good for: which assets need which scope, at each provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_GOOGLE = "https://www.googleapis.com/auth/googlehealth"
_ACTIVITY = (
    "activity_summary",
    "active_zone_minutes",
    "intraday_steps",
    "intraday_calories",
    "intraday_distance",
    "intraday_floors",
    "intraday_elevation",
)
_ASSETS: dict[str, tuple[str, ...]] = {
    f"{_GOOGLE}.activity_and_fitness.readonly": (*_ACTIVITY, "heart_rate", "cardio_fitness"),
    f"{_GOOGLE}.health_metrics_and_measurements.readonly": (
        "heart_rate",
        "oxygen_saturation",
        "breathing_rate",
        "heart_rate_variability",
        "skin_temperature",
        "body",
        "intraday_heart_rate",
    ),
    f"{_GOOGLE}.sleep.readonly": ("sleep",),
    f"{_GOOGLE}.settings.readonly": ("devices",),
    f"{_GOOGLE}.profile.readonly": (),
    "activity": _ACTIVITY,
    "heartrate": ("heart_rate", "heart_rate_variability", "intraday_heart_rate"),
    "sleep": ("sleep",),
    "weight": ("body",),
    "oxygen_saturation": ("oxygen_saturation",),
    "respiratory_rate": ("breathing_rate",),
    "temperature": ("skin_temperature",),
    "cardio_fitness": ("cardio_fitness",),
    "settings": ("devices",),
    "profile": (),
}
_ALSO = {
    f"{_GOOGLE}.settings.readonly": "the account's time zone",
    f"{_GOOGLE}.profile.readonly": "the account's first day",
    "profile": "the account's time zone and first day",
}


def missing_scopes(asked: Iterable[str], granted: Iterable[str]) -> dict[str, str]:
    """The scopes that were not granted, each with what will be missing without it.

    Args:
        asked: a source's ``SCOPES``.
        granted: a token's scopes.
    """
    missing = sorted(set(asked) - set(granted))
    return {
        scope: ", ".join([*_ASSETS.get(scope, ()), *([_ALSO[scope]] if scope in _ALSO else [])])
        for scope in missing
    }
