"""The catalogue against the contract, and its own rules."""

from __future__ import annotations

from collections import Counter

from syncbit_dagster.catalog import ASSETS, METRICS, asset_named, metrics_of
from syncbit_dagster.catalog.locations import DailyPoint, DailyRollUp, RollUp

# CONTRACT section 3, written down once more by hand: the test row of each metric.
LEVELS = ("sedentary", "lightly_active", "fairly_active", "very_active")
ZONES = ("out_of_range", "fat_burn", "cardio", "peak")
CONTRACT = {
    "fitbit_steps_total": ("activity_summary", "steps", {}),
    "fitbit_distance_km": ("activity_summary", "km", {}),
    "fitbit_calories_total": ("activity_summary", "kcal", {}),
    "fitbit_active_calories": ("activity_summary", "kcal", {}),
    "fitbit_active_minutes": ("activity_summary", "min", {"type": LEVELS}),
    "fitbit_floors_total": ("activity_summary", "floors", {}),
    "fitbit_elevation_meters": ("activity_summary", "m", {}),
    "fitbit_resting_heart_rate_bpm": ("heart_rate", "bpm", {}),
    "fitbit_heart_rate_zone_minutes": ("heart_rate", "min", {"zone": ZONES}),
    "fitbit_heart_rate_zone_calories": ("heart_rate", "kcal", {"zone": ZONES}),
    "fitbit_active_zone_minutes": ("active_zone_minutes", "min", {"zone": ZONES[1:]}),
    "fitbit_sleep_minutes_total": ("sleep", "min", {}),
    "fitbit_sleep_stage_minutes": ("sleep", "min", {"stage": ("deep", "light", "rem", "wake")}),
    "fitbit_sleep_time_in_bed_minutes": ("sleep", "min", {}),
    "fitbit_sleep_efficiency_percent": ("sleep", "%", {}),
    "fitbit_sleep_awakenings": ("sleep", "awakenings", {}),
    "fitbit_sleep_start_timestamp": ("sleep", "unix seconds", {}),
    "fitbit_sleep_end_timestamp": ("sleep", "unix seconds", {}),
    "fitbit_spo2_avg_percent": ("oxygen_saturation", "%", {}),
    "fitbit_spo2_min_percent": ("oxygen_saturation", "%", {}),
    "fitbit_spo2_max_percent": ("oxygen_saturation", "%", {}),
    "fitbit_breathing_rate_bpm": ("breathing_rate", "breaths/min", {}),
    "fitbit_hrv_rmssd_ms": ("heart_rate_variability", "ms", {}),
    "fitbit_hrv_deep_rmssd_ms": ("heart_rate_variability", "ms", {}),
    "fitbit_vo2_max": ("cardio_fitness", "ml/kg/min", {}),
    "fitbit_temp_skin_relative_celsius": ("skin_temperature", "K from baseline", {}),
    "fitbit_weight_kg": ("body", "kg", {}),
    "fitbit_bmi": ("body", "kg/m2", {}),
    "fitbit_body_fat_percent": ("body", "%", {}),
    "fitbit_steps_intraday": ("intraday_steps", "steps", {}),
    "fitbit_calories_intraday": ("intraday_calories", "kcal", {}),
    "fitbit_distance_intraday": ("intraday_distance", "km", {}),
    "fitbit_floors_intraday": ("intraday_floors", "floors", {}),
    "fitbit_elevation_intraday": ("intraday_elevation", "m", {}),
    "fitbit_heart_rate_intraday": ("intraday_heart_rate", "bpm", {}),
    "fitbit_device_battery_percent": ("devices", "%", {}),
    "fitbit_device_last_sync_timestamp": ("devices", "unix seconds", {}),
}


def test_the_table_is_the_contract() -> None:
    assert {metric.name for metric in METRICS} == set(CONTRACT)
    for name, (asset, unit, labels) in CONTRACT.items():
        rows = [metric for metric in METRICS if metric.name == name]
        assert {(row.asset, row.unit) for row in rows} == {(asset, unit)}, name
        assert {key: tuple(row.labels[key] for row in rows) for key in rows[0].labels} == labels


def test_device_metrics_get_their_labels_from_the_provider() -> None:
    dynamic = {row.asset: row.provider_labels for row in METRICS if row.provider_labels}
    assert dynamic == {"devices": ("device_id", "device_type")}


def test_a_series_has_one_row() -> None:
    counts = Counter((row.name, tuple(row.labels.items())) for row in METRICS)
    assert max(counts.values()) == 1


def test_every_asset_has_metrics_and_every_metric_an_asset() -> None:
    assert {row.asset for row in METRICS} == {asset.name for asset in ASSETS}
    for asset in ASSETS:
        assert asset_named(asset.name) is asset
        assert metrics_of(asset.name)


def test_intraday_rows_are_roll_ups_and_daily_rows_are_not() -> None:
    for row in METRICS:
        is_intraday = asset_named(row.asset).is_intraday
        assert isinstance(row.google_health, RollUp) == is_intraday, row.name
        assert not isinstance(row.google_health, DailyRollUp | DailyPoint) or not is_intraday
