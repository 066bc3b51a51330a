"""How units and names of the tables are shown: one row a unit, for reports and dashboards alike."""

from __future__ import annotations

from typing import NamedTuple


class Unit(NamedTuple):
    """One row.

    Attributes:
        text: how it reads behind a number.
        decimals: how many mean something.
        grafana: Grafana's id of the unit; empty: the text is written behind the number.
    """

    text: str
    decimals: int
    grafana: str = ""

    @property
    def grafana_id(self) -> str:
        return self.grafana or f"suffix: {self.text}"


UNITS: dict[str, Unit] = {
    "steps": Unit("steps", 0),
    "km": Unit("km", 1, "lengthkm"),
    "kcal": Unit("kcal", 0),
    "min": Unit("min", 0, "m"),
    "floors": Unit("floors", 0),
    "m": Unit("m", 0, "lengthm"),
    "awakenings": Unit("awakenings", 0),
    "bpm": Unit("bpm", 0),
    "%": Unit("%", 1, "percent"),
    "breaths/min": Unit("breaths/min", 1),
    "ms": Unit("ms", 1),
    "K from baseline": Unit("K", 2, "kelvin"),
    "ml/kg/min": Unit("ml/kg/min", 1),
    "kg": Unit("kg", 1, "masskg"),
    "kg/m2": Unit("kg/m²", 1),
    "unix seconds": Unit("s", 0, "s"),
    # of the metrics about the sync
    "s": Unit("s", 0, "s"),
    "d": Unit("d", 0, "d"),
    "unix s": Unit("s", 0, "s"),
    "requests": Unit("requests", 0),
    "answers": Unit("answers", 0),
    "elements": Unit("elements", 0),
    "0 or 1": Unit("", 0, "bool"),
    "samples": Unit("samples", 0),
    "partitions": Unit("partitions", 0),
    "refreshes": Unit("refreshes", 0),
}
_PREFIXES = ("fitbit_", "syncbit_run_", "syncbit_")
_ENDINGS = (
    "_total", "_intraday", "_timestamp_seconds", "_timestamp", "_seconds", "_meters", "_percent",
    "_celsius", "_bpm", "_rmssd_ms", "_km", "_kg",
)  # fmt: skip
_SPELLED = {
    "avg": "average", "bmi": "BMI", "hrv": "HRV", "rem": "REM", "spo2": "SpO\N{SUBSCRIPT TWO}",
    "temp": "temperature", "vo2": "VO\N{SUBSCRIPT TWO}", "wake": "awake",
}  # fmt: skip


def unit_named(name: str) -> Unit:
    """The row of a unit; one that has none is written as it is."""
    return UNITS.get(name) or Unit(name, 1)


def title(name: str) -> str:
    """A metric's, asset's or label's name, without prefix and unit: ``Resting heart rate``."""
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    text = " ".join(_SPELLED.get(word, word) for word in name.split("_") if word)
    return text[:1].upper() + text[1:]
