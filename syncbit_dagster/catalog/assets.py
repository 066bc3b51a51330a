"""The asset table: one row per Dagster asset (CONTRACT section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["daily", "intraday", "devices"]


@dataclass(frozen=True)
class Asset:
    """One row.

    Attributes:
        name: asset key.
        group: ``daily`` assets hold one sample per series and day, ``intraday`` assets one per
            interval; ``devices`` is not partitioned.
        description: one sentence for the UI and the reference.
        collect: the environment variable that turns the asset off, if one does.
        board: which of the Grafana dashboards has its panels.
    """

    name: str
    group: Group
    description: str
    collect: str | None = None
    board: str = "activity"

    @property
    def is_intraday(self) -> bool:
        return self.group == "intraday"

    @property
    def is_partitioned(self) -> bool:
        return self.group != "devices"

    @property
    def resource(self) -> str:
        """What ``INTRADAY_RESOURCES`` calls an intraday asset: its name without the prefix."""
        return self.name.removeprefix("intraday_")


ASSETS: tuple[Asset, ...] = (
    Asset(
        "activity_summary",
        "daily",
        "Steps, distance, calories, active minutes, floors and elevation of each day.",
    ),
    Asset(
        "heart_rate",
        "daily",
        "Resting heart rate, and minutes and calories in each heart-rate zone.",
        board="heart",
    ),
    Asset(
        "active_zone_minutes", "daily", "Active zone minutes of each day, by zone.", board="heart"
    ),
    Asset(
        "sleep",
        "daily",
        "Minutes asleep and in each stage, time in bed, awakenings, efficiency, start and end.",
        collect="COLLECT_SLEEP",
        board="sleep",
    ),
    Asset(
        "oxygen_saturation",
        "daily",
        "Blood oxygen of the night: average, lower and upper bound.",
        collect="COLLECT_SPO2",
        board="vitals",
    ),
    Asset(
        "breathing_rate",
        "daily",
        "Breaths a minute in the main sleep.",
        collect="COLLECT_BREATHING_RATE",
        board="vitals",
    ),
    Asset(
        "heart_rate_variability",
        "daily",
        "Heart-rate variability (RMSSD) of the night, and of deep sleep alone.",
        collect="COLLECT_HRV",
        board="vitals",
    ),
    Asset(
        "skin_temperature",
        "daily",
        "Skin temperature of the night, relative to the personal baseline.",
        collect="COLLECT_TEMPERATURE",
        board="vitals",
    ),
    Asset(
        "cardio_fitness",
        "daily",
        "Estimated VO2 max of the day.",
        collect="COLLECT_CARDIO_FITNESS",
        board="vitals",
    ),
    Asset(
        "body",
        "daily",
        "Last weight, body-mass index and body fat of the day.",
        collect="COLLECT_BODY",
        board="vitals",
    ),
    Asset("intraday_steps", "intraday", "Steps in each interval of the day."),
    Asset("intraday_calories", "intraday", "Calories, basal included, in each interval."),
    Asset("intraday_distance", "intraday", "Kilometres covered in each interval."),
    Asset("intraday_floors", "intraday", "Floors climbed in each interval."),
    Asset("intraday_elevation", "intraday", "Metres climbed in each interval."),
    Asset(
        "intraday_heart_rate",
        "intraday",
        "Mean heart rate of each interval, or every reading.",
        board="heart",
    ),
    Asset(
        "devices",
        "devices",
        "Battery level and last sync of each paired device.",
        collect="COLLECT_DEVICE_INFO",
        board="sync",
    ),
)

_BY_NAME = {asset.name: asset for asset in ASSETS}


def asset_named(name: str) -> Asset:
    """The row of an asset; ``KeyError`` for a name that is in no row."""
    return _BY_NAME[name]
