"""What the report shows and in which form: one table, and a rule for whatever is not in it.

A row of the metric table that no plot below names gets a plot of its own in its asset's chapter: a
map of hours if the asset is intraday, else lines. An asset that no chapter names opens the last
one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from syncbit_dagster.report.figures.bars import (
    around_zero,
    bars_with_weekly_mean,
    ranges,
    stacked,
)
from syncbit_dagster.report.figures.calendar import MOST_WEEKS_ON_A_WALL, calendar
from syncbit_dagster.report.figures.clock import nights_on_the_clock
from syncbit_dagster.report.figures.hours import day_by_hour
from syncbit_dagster.report.figures.lines import lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.report.period import Period, Reading

    Form: TypeAlias = Callable[[Sequence[Reading], Period], Any]


@dataclass(frozen=True)
class Plot:
    """One row of the table.

    Attributes:
        title: what it shows; the unit follows by itself.
        form: how.
        metrics: names of the metrics that it shows, in the order that the form wants.
        but_not: values of labels whose series it leaves to another plot, or to the numbers alone.
        wide_from: how many days it takes the whole width of a wide page for; None: never.
        fewest_days: a shorter period needs no such plot.
        needs_all: without one of the metrics there is no such plot.
    """

    title: str
    form: Form
    metrics: tuple[str, ...]
    but_not: tuple[str, ...] = ()
    wide_from: int | None = None
    fewest_days: int = 1
    needs_all: bool = False

    def is_wide(self, days: int) -> bool:
        return self.wide_from is not None and days >= self.wide_from

    def shows(self, row: Metric) -> bool:
        return row.name in self.metrics and not set(row.labels.values()) & set(self.but_not)


@dataclass(frozen=True)
class Chapter:
    """A heading, the assets below it, and their plots."""

    title: str
    assets: tuple[str, ...]
    plots: tuple[Plot, ...] = ()


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        "Activity",
        (
            *("activity_summary", "active_zone_minutes", "intraday_steps", "intraday_calories"),
            *("intraday_distance", "intraday_floors", "intraday_elevation"),
        ),
        (
            Plot("Steps", bars_with_weekly_mean, ("fitbit_steps_total",), wide_from=1),
            Plot(
                "Steps, week by week",
                calendar,
                ("fitbit_steps_total",),
                wide_from=7 * MOST_WEEKS_ON_A_WALL,
                fewest_days=14,
            ),
            Plot("Steps, hour by hour", day_by_hour, ("fitbit_steps_intraday",)),
            Plot("Active minutes", stacked, ("fitbit_active_minutes",), but_not=("sedentary",)),
            Plot("Active zone minutes", stacked, ("fitbit_active_zone_minutes",)),
            Plot("Distance", bars_with_weekly_mean, ("fitbit_distance_km",)),
            Plot("Energy", lines, ("fitbit_calories_total", "fitbit_active_calories")),
            Plot("Floors", bars_with_weekly_mean, ("fitbit_floors_total",)),
            Plot("Climbed", bars_with_weekly_mean, ("fitbit_elevation_meters",)),
            Plot(
                "Sedentary time",
                lines,
                ("fitbit_active_minutes",),
                but_not=("lightly_active", "fairly_active", "very_active"),
            ),
        ),
    ),
    Chapter(
        "Heart",
        ("heart_rate", "intraday_heart_rate"),
        (
            Plot("Resting heart rate", lines, ("fitbit_resting_heart_rate_bpm",), wide_from=1),
            Plot(
                "Heart rate, hour by hour",
                day_by_hour,
                ("fitbit_heart_rate_intraday",),
                wide_from=1,
            ),
            Plot(
                "Minutes in zones",
                stacked,
                ("fitbit_heart_rate_zone_minutes",),
                but_not=("out_of_range",),
            ),
            Plot("Energy in zones", stacked, ("fitbit_heart_rate_zone_calories",)),
        ),
    ),
    Chapter(
        "Sleep",
        ("sleep",),
        (
            Plot("Stages", stacked, ("fitbit_sleep_stage_minutes",)),
            Plot(
                "Nights on the clock",
                nights_on_the_clock,
                ("fitbit_sleep_start_timestamp", "fitbit_sleep_end_timestamp"),
                needs_all=True,
            ),
            Plot(
                "Asleep and in bed",
                lines,
                ("fitbit_sleep_minutes_total", "fitbit_sleep_time_in_bed_minutes"),
            ),
            Plot("Efficiency", lines, ("fitbit_sleep_efficiency_percent",)),
            Plot("Awakenings", lines, ("fitbit_sleep_awakenings",)),
        ),
    ),
    Chapter(
        "Vital signs",
        (
            *("oxygen_saturation", "heart_rate_variability", "breathing_rate"),
            *("skin_temperature", "cardio_fitness"),
        ),
        (
            Plot(
                "Blood oxygen",
                ranges,
                ("fitbit_spo2_avg_percent", "fitbit_spo2_min_percent", "fitbit_spo2_max_percent"),
            ),
            Plot(
                "Heart-rate variability",
                lines,
                ("fitbit_hrv_rmssd_ms", "fitbit_hrv_deep_rmssd_ms"),
            ),
            Plot("Breathing rate", lines, ("fitbit_breathing_rate_bpm",)),
            Plot(
                "Skin temperature, from the baseline",
                around_zero,
                ("fitbit_temp_skin_relative_celsius",),
            ),
            Plot("VO\N{SUBSCRIPT TWO} max", lines, ("fitbit_vo2_max",)),
        ),
    ),
    Chapter(
        "Body",
        ("body",),
        (
            Plot("Weight", lines, ("fitbit_weight_kg",)),
            Plot("Body fat", lines, ("fitbit_body_fat_percent",)),
            Plot("Body-mass index", lines, ("fitbit_bmi",)),
        ),
    ),
    Chapter(
        "Devices",
        ("devices",),
        (Plot("Battery, last reading of the day", lines, ("fitbit_device_battery_percent",)),),
    ),
)
LAST_CHAPTER = "More"
# Instants, which no axis of values can show.
UNPLOTTED_UNITS = frozenset({"unix seconds"})
