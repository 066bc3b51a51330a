"""Whether values are ones that a living person can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.quality.evidence import wall_clock
from syncbit_dagster.quality.outcome import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.quality.evidence import Evidence


@dataclass(frozen=True)
class Range:
    """Smallest and largest plausible value, both included, in the metric's unit.

    ``per_minute``: the upper bound is that of one minute; an interval may have its length in
    minutes times as much.
    """

    low: float
    high: float
    per_minute: bool = False


_LONGEST_DAY = 1500  # minutes, when clocks go back
_LONGEST_SLEEPS = 2160  # minutes of sleeps that end on one day and may begin the day before
_TIME = Range(1_167_609_600, 4_102_444_800)  # 2007, Fitbit's first year, to 2100

RANGES: dict[str, Range] = {
    "fitbit_steps_total": Range(0, 200_000),
    "fitbit_distance_km": Range(0, 500),
    "fitbit_calories_total": Range(0, 20_000),
    "fitbit_active_calories": Range(0, 20_000),
    "fitbit_active_minutes": Range(0, _LONGEST_DAY),
    "fitbit_floors_total": Range(0, 3_000),
    "fitbit_elevation_meters": Range(0, 10_000),
    "fitbit_resting_heart_rate_bpm": Range(25, 150),
    "fitbit_heart_rate_zone_minutes": Range(0, _LONGEST_DAY),
    "fitbit_heart_rate_zone_calories": Range(0, 20_000),
    "fitbit_active_zone_minutes": Range(0, 2 * _LONGEST_DAY),  # a hard minute counts twice
    "fitbit_sleep_minutes_total": Range(0, _LONGEST_SLEEPS),
    "fitbit_sleep_stage_minutes": Range(0, _LONGEST_SLEEPS),
    "fitbit_sleep_time_in_bed_minutes": Range(1, _LONGEST_SLEEPS),
    "fitbit_sleep_efficiency_percent": Range(0, 100),
    "fitbit_sleep_awakenings": Range(0, 300),
    "fitbit_sleep_start_timestamp": _TIME,
    "fitbit_sleep_end_timestamp": _TIME,
    "fitbit_spo2_avg_percent": Range(50, 100),
    "fitbit_spo2_min_percent": Range(50, 100),
    "fitbit_spo2_max_percent": Range(50, 100),
    "fitbit_breathing_rate_bpm": Range(4, 40),
    "fitbit_hrv_rmssd_ms": Range(1, 300),
    "fitbit_hrv_deep_rmssd_ms": Range(1, 300),
    "fitbit_temp_skin_relative_celsius": Range(-15, 15),
    "fitbit_vo2_max": Range(10, 100),
    "fitbit_weight_kg": Range(2, 650),
    "fitbit_bmi": Range(5, 260),
    "fitbit_body_fat_percent": Range(1, 80),
    "fitbit_steps_intraday": Range(0, 400, per_minute=True),
    "fitbit_calories_intraday": Range(0, 60, per_minute=True),
    "fitbit_distance_intraday": Range(0, 2, per_minute=True),
    "fitbit_floors_intraday": Range(0, 60, per_minute=True),
    "fitbit_elevation_intraday": Range(0, 200, per_minute=True),
    "fitbit_heart_rate_intraday": Range(20, 250),
    "fitbit_device_battery_percent": Range(0, 100),
    "fitbit_device_last_sync_timestamp": _TIME,
}
"""By metric. Wide on purpose: what lies outside is a fault of unit or parsing, not a bad day."""


def physiological_ranges(evidence: Evidence) -> Outcome:
    """Every value lies in the range of its metric."""
    rows = {metric.name: metric for metric in metrics_of(evidence.asset.name)}
    findings = [
        finding
        for one in evidence.own_series
        for finding in _out_of_range(evidence, one, rows[one.metric])
    ]
    return Outcome(sum(len(one.values) for one in evidence.own_series), tuple(findings))


def plausible(metric: str, interval_seconds: int) -> tuple[float, float]:
    """Smallest and largest plausible value of a metric, in intervals of a length if it has some."""
    range_ = RANGES[metric]
    return range_.low, range_.high * (interval_seconds / 60 if range_.per_minute else 1)


def _out_of_range(evidence: Evidence, series: Series, row: Metric) -> Iterator[Finding]:
    low, high = plausible(series.metric, evidence.interval_seconds)
    excess = np.maximum(low - series.values, series.values - high)
    wrong = np.flatnonzero(excess > 0)
    numbers = evidence.day_numbers(series.timestamps[wrong])
    for number in np.unique(numbers):
        of_day = wrong[numbers == number]
        worst = of_day[np.argmax(excess[of_day])]
        found = f"{series.values[worst]:,.10g} {row.unit}"
        if len(of_day) > 1:
            instant = wall_clock(evidence, int(series.timestamps[worst]))
            found = f"{len(of_day):,} samples, the worst {found} at {instant}"
        yield Finding(
            evidence.day(number),
            _name(series, row),
            found,
            f"{low:,.10g} to {high:,.10g} {row.unit}",
            float(excess[worst] / (high - low)),
        )


def _name(series: Series, row: Metric) -> str:
    """The metric with the labels that tell its series apart."""
    names = (*row.labels, *row.provider_labels)
    labels = decode_labels(series.labels)
    return " ".join([series.metric, *(labels[name] for name in names if name in labels)])
