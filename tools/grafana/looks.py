"""How values are shown: the kind of plot for a unit, and the limits that mean something."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from syncbit_dagster.catalog.units import unit_named

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["bars", "line", "instant"]


@dataclass(frozen=True)
class Look:
    """One row.

    Attributes:
        unit: Grafana's id of the unit.
        kind: ``bars`` for what adds up over a day, ``line`` for a state, ``instant`` for points in
            time, which are drawn as hours from midnight or as an age.
        decimals: how many mean something.
    """

    unit: str
    kind: Kind = "line"
    decimals: int = 0


HOURS = Look("suffix: h", decimals=2)
MINUTES = Look("m")
DAYS = Look("suffix: days")

_BARS = ("steps", "km", "kcal", "min", "floors", "m", "awakenings")
_INSTANTS = ("unix seconds", "unix s")


def look(unit: str) -> Look:
    """How a unit of the tables is shown."""
    row = unit_named(unit)
    kind: Kind = "bars" if unit in _BARS else "instant" if unit in _INSTANTS else "line"
    return Look(row.grafana_id, kind, row.decimals)


@dataclass(frozen=True)
class Limits:
    """Values that deserve attention: ``warning`` and ``alarm`` lie on the same side of good."""

    warning: float
    alarm: float
    is_bad: Literal["below", "above"] = "below"


DAY = 86_400
LIMITS: Mapping[str, Limits] = MappingProxyType(
    {
        "fitbit_spo2_avg_percent": Limits(94, 90),
        "fitbit_spo2_min_percent": Limits(90, 85),
        "fitbit_sleep_efficiency_percent": Limits(85, 75),
        "fitbit_device_battery_percent": Limits(25, 10),
        "fitbit_device_last_sync_timestamp": Limits(DAY, 3 * DAY, "above"),
        "syncbit_run_rate_limited": Limits(1, 10, "above"),
        "syncbit_run_set_aside": Limits(1, 100, "above"),
        "syncbit_run_samples_absent": Limits(1, 10, "above"),
        "syncbit_partitions_missing": Limits(1, 30, "above"),
        "syncbit_lag_seconds": Limits(2 * DAY, 7 * DAY, "above"),
        "syncbit_last_success_timestamp_seconds": Limits(DAY, 3 * DAY, "above"),
        "syncbit_token_testing_days_left": Limits(3, 1),
    }
)
