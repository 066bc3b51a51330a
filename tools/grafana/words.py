"""Names of the catalogue as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PREFIXES = ("fitbit_", "syncbit_run_", "syncbit_")
_ENDINGS = (
    "_total", "_intraday", "_timestamp_seconds", "_timestamp", "_seconds", "_meters", "_percent",
    "_celsius", "_bpm", "_rmssd_ms", "_km", "_kg",
)  # fmt: skip
_SPELLED = {
    "avg": "average", "bmi": "BMI", "hrv": "HRV", "max": "max", "min": "min", "rem": "REM",
    "spo2": "SpO\N{SUBSCRIPT TWO}", "temp": "temperature", "vo2": "VO\N{SUBSCRIPT TWO}",
}  # fmt: skip


def title(name: str) -> str:
    """A metric's or asset's name without prefix and unit: ``Resting heart rate``."""
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    words = " ".join(_SPELLED.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:]


def described(*sentences: str, metrics: Iterable[str]) -> str:
    """A panel's description: what it shows, and the names to look for; empty sentences vanish."""
    names = ", ".join(f"`{name}`" for name in metrics)
    return " ".join(filter(None, (*sentences, f"Metric: {names}.")))
