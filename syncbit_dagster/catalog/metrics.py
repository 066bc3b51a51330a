"""The metric table: one row per series kind of CONTRACT section 3.

``None`` in a provider's column means that the provider has no such value. Sources: the Google
Health discovery document (revision 20261030), the Fitbit Web API reference, real exports.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from syncbit_dagster.catalog.locations import (
    BodyLog,
    DailyPoint,
    DailyRollUp,
    Difference,
    FitbitWebLocation,
    GoogleHealthLocation,
    IntradaySeries,
    LastPoint,
    NightlyValue,
    OverSquare,
    PairedDevice,
    Reading,
    RollUp,
    SleepLog,
    SleepSession,
    TakeoutDay,
    TakeoutLocation,
    TakeoutLog,
    TakeoutReadings,
    TakeoutSleep,
    TimeSeries,
    WebDevice,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class Zero(Enum):
    """What a zero from the provider means.

    ``MEASURED``: a reading like any other. JSON of protocol buffers leaves a zero out, so a field
    that is missing from a data point *that is there* is this zero; a missing data point is not.
    ``WRITTEN``: a reading if it is written; a missing field says that nothing is known yet (the
    minutes asleep of a night that is still being processed).
    ``NO_VALUE``: nobody has it (a heart rate of 0); it is written as no sample at all.
    """

    MEASURED = "measured"
    WRITTEN = "measured, if written"
    NO_VALUE = "no value"


@dataclass(frozen=True)
class Metric:
    """One row: a metric with fixed label values, its unit, and where each provider has it."""

    name: str
    asset: str
    unit: str
    zero: Zero
    google_health: GoogleHealthLocation | None
    fitbit_web: FitbitWebLocation | None
    takeout: TakeoutLocation | None
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    provider_labels: tuple[str, ...] = ()  # labels whose values the provider gives (a device's id)
    is_total: bool = False  # grows through the day: stored once the day is settled

    @property
    def today(self) -> str:
        """What a total's series of the day so far is called: one sample at each sync."""
        return self.name.replace("fitbit_", "fitbit_today_", 1)


_ZONES = (  # label value, Google Health, Fitbit Web API, Takeout
    ("out_of_range", "LIGHT", "Out of Range", "BELOW_DEFAULT_ZONE_1"),
    ("fat_burn", "MODERATE", "Fat Burn", "IN_DEFAULT_ZONE_1"),
    ("cardio", "VIGOROUS", "Cardio", "IN_DEFAULT_ZONE_2"),
    ("peak", "PEAK", "Peak", "IN_DEFAULT_ZONE_3"),
)
_LEVELS = (  # label value, Google Health, Fitbit Web API's series and summary, Takeout
    (
        "lightly_active", "LIGHT",
        "minutesLightlyActive", "lightlyActiveMinutes", "lightly_active_minutes",
    ),
    (
        "fairly_active", "MODERATE",
        "minutesFairlyActive", "fairlyActiveMinutes", "moderately_active_minutes",
    ),
    (
        "very_active", "VIGOROUS",
        "minutesVeryActive", "veryActiveMinutes", "very_active_minutes",
    ),
)  # fmt: skip
_STAGES = (  # label value, Google Health, Fitbit Web API and Takeout
    ("deep", "DEEP", "deep"),
    ("light", "LIGHT", "light"),
    ("rem", "REM", "rem"),
    ("wake", "AWAKE", "wake"),
)
_MAIN: Literal["main sleep"] = "main sleep"
_WEB_CALORIES = TimeSeries("calories", in_summary="summary.caloriesOut")
_POUNDS_PER_KG = 1 / 0.45359237


def _label(name: str, value: str) -> Mapping[str, str]:
    return MappingProxyType({name: value})


METRICS: tuple[Metric, ...] = (
    # activity_summary
    Metric(
        "fitbit_steps_total", "activity_summary", "steps", Zero.MEASURED,
        DailyRollUp("steps", "countSum"),
        TimeSeries("steps", in_summary="summary.steps", worn_if="above zero"),
        TakeoutReadings("steps.json"),
        is_total=True,
    ),
    Metric(
        "fitbit_distance_km", "activity_summary", "km", Zero.MEASURED,
        DailyRollUp("distance", "millimetersSum", divide_by=1_000_000),
        TimeSeries(
            "distance",
            in_summary="summary.distances[activity=total].distance",
            worn_if="above zero",
        ),
        TakeoutReadings("distance.json", divide_by=100_000),
        is_total=True,
    ),
    Metric(
        "fitbit_calories_total", "activity_summary", "kcal", Zero.MEASURED,
        DailyRollUp("total-calories", "kcalSum"),
        _WEB_CALORIES,
        TakeoutReadings("calories.json", clock="wall"),
        is_total=True,
    ),
    Metric(
        "fitbit_active_calories", "activity_summary", "kcal", Zero.MEASURED,
        DailyRollUp("active-energy-burned", "kcalSum"),
        Difference(_WEB_CALORIES, TimeSeries("caloriesBMR", in_summary="summary.caloriesBMR")),
        None,
        is_total=True,
    ),
    Metric(
        "fitbit_active_minutes", "activity_summary", "min", Zero.MEASURED,
        DailyRollUp("sedentary-period", "durationSum", divide_by=60),
        TimeSeries(
            "minutesSedentary", in_summary="summary.sedentaryMinutes", worn_if="below a day"
        ),
        TakeoutDay("sedentary_minutes.json", worn_if="below a day"),
        labels=_label("type", "sedentary"),
        is_total=True,
    ),
    *(
        Metric(
            "fitbit_active_minutes", "activity_summary", "min", Zero.MEASURED,
            DailyRollUp(
                "active-minutes",
                f"activeMinutesRollupByActivityLevel[activityLevel={level}].activeMinutesSum",
            ),
            TimeSeries(series, in_summary=f"summary.{summary}", worn_if="above zero"),
            TakeoutDay(f"{file}.json", worn_if="above zero"),
            labels=_label("type", value),
            is_total=True,
        )
        for value, level, series, summary, file in _LEVELS
    ),
    Metric(
        "fitbit_floors_total", "activity_summary", "floors", Zero.MEASURED,
        DailyRollUp("floors", "countSum"),
        TimeSeries("floors", in_summary="summary.floors", worn_if="above zero"),
        None,
        is_total=True,
    ),
    Metric(
        "fitbit_elevation_meters", "activity_summary", "m", Zero.MEASURED,
        DailyRollUp("altitude", "gainMillimetersSum", divide_by=1_000),
        TimeSeries("elevation", in_summary="summary.elevation", worn_if="above zero"),
        None,  # altitude-*.json exists, its unit is documented nowhere
        is_total=True,
    ),
    # heart_rate
    Metric(
        "fitbit_resting_heart_rate_bpm", "heart_rate", "bpm", Zero.NO_VALUE,
        DailyPoint("daily-resting-heart-rate", "beatsPerMinute"),
        TimeSeries("heart", "value.restingHeartRate", "summary.restingHeartRate"),
        TakeoutDay(
            "resting_heart_rate.json", "value.value", "value.date",
            or_else=TakeoutDay("daily_resting_heart_rate.csv", "beats per minute", "timestamp"),
        ),
    ),
    *(
        Metric(
            "fitbit_heart_rate_zone_minutes", "heart_rate", "min", Zero.MEASURED,
            DailyRollUp(
                "time-in-heart-rate-zone",
                f"timeInHeartRateZones[heartRateZone={google}].duration",
                divide_by=60,
            ),
            TimeSeries(
                "heart",
                f"value.heartRateZones[name={web}].minutes",
                f"summary.heartRateZones[name={web}].minutes",
                worn_if="above zero",
            ),
            TakeoutDay("time_in_heart_rate_zones.json", f"value.valuesInZones.{takeout}"),
            labels=_label("zone", zone),
            is_total=True,
        )
        for zone, google, web, takeout in _ZONES
    ),
    *(
        Metric(
            "fitbit_heart_rate_zone_calories", "heart_rate", "kcal", Zero.MEASURED,
            DailyRollUp(
                "calories-in-heart-rate-zone",
                f"caloriesInHeartRateZones[heartRateZone={google}].kcal",
            ),
            TimeSeries(
                "heart",
                f"value.heartRateZones[name={web}].caloriesOut",
                f"summary.heartRateZones[name={web}].caloriesOut",
            ),
            None,
            labels=_label("zone", zone),
            is_total=True,
        )
        for zone, google, web, _ in _ZONES
    ),
    # active_zone_minutes
    *(
        Metric(
            "fitbit_active_zone_minutes", "active_zone_minutes", "min", Zero.MEASURED,
            DailyRollUp("active-zone-minutes", f"sumIn{camel}HeartZone"),
            TimeSeries(
                "active-zone-minutes", f"value.{web}ActiveZoneMinutes", absent_is_zero=True
            ),
            TakeoutReadings(
                "Active Zone Minutes.csv", "total_minutes",
                time="date_time", clock="wall", where=("heart_zone_id", zone.upper()),
                or_else=TakeoutReadings(
                    "active_zone_minutes.csv", "total minutes",
                    time="timestamp", where=("heart rate zone", zone.upper()),
                ),
            ),
            labels=_label("zone", zone),
            is_total=True,
        )
        for zone, camel, web in (
            ("fat_burn", "FatBurn", "fatBurn"),
            ("cardio", "Cardio", "cardio"),
            ("peak", "Peak", "peak"),
        )
    ),
    # sleep
    Metric(
        "fitbit_sleep_minutes_total", "sleep", "min", Zero.WRITTEN,
        SleepSession("summary.minutesAsleep"),
        SleepLog("minutesAsleep"),
        TakeoutSleep("minutesAsleep"),
    ),
    *(
        Metric(
            "fitbit_sleep_stage_minutes", "sleep", "min", Zero.MEASURED,
            SleepSession(f"summary.stagesSummary[type={google}].minutes"),
            SleepLog(f"levels.summary.{fitbit}.minutes"),
            TakeoutSleep(f"levels.summary.{fitbit}.minutes"),
            labels=_label("stage", stage),
        )
        for stage, google, fitbit in _STAGES
    ),
    Metric(
        "fitbit_sleep_time_in_bed_minutes", "sleep", "min", Zero.NO_VALUE,
        SleepSession("summary.minutesInSleepPeriod", of=_MAIN),
        SleepLog("timeInBed", of=_MAIN),
        TakeoutSleep("timeInBed", of=_MAIN),
    ),
    Metric(
        "fitbit_sleep_efficiency_percent", "sleep", "%", Zero.NO_VALUE,
        SleepSession(
            "summary.minutesAsleep", of=_MAIN, percent_of="summary.minutesInSleepPeriod"
        ),
        SleepLog("efficiency", of=_MAIN),
        TakeoutSleep("efficiency", of=_MAIN),
    ),
    Metric(
        "fitbit_sleep_awakenings", "sleep", "awakenings", Zero.MEASURED,
        SleepSession("summary.stagesSummary[type=AWAKE].count", of=_MAIN),
        SleepLog(
            "levels.summary.wake.count", of=_MAIN, classic_path="levels.summary.awake.count"
        ),
        TakeoutSleep("levels.summary.wake.count", of=_MAIN),
    ),
    Metric(
        "fitbit_sleep_start_timestamp", "sleep", "unix seconds", Zero.NO_VALUE,
        SleepSession("interval.startTime", of=_MAIN, is_instant=True),
        SleepLog("startTime", of=_MAIN, is_instant=True),
        TakeoutSleep("startTime", of=_MAIN, is_instant=True),
    ),
    Metric(
        "fitbit_sleep_end_timestamp", "sleep", "unix seconds", Zero.NO_VALUE,
        SleepSession("interval.endTime", of=_MAIN, is_instant=True),
        SleepLog("endTime", of=_MAIN, is_instant=True),
        TakeoutSleep("endTime", of=_MAIN, is_instant=True),
    ),
    # The nightly values
    Metric(
        "fitbit_spo2_avg_percent", "oxygen_saturation", "%", Zero.NO_VALUE,
        DailyPoint("daily-oxygen-saturation", "averagePercentage"),
        NightlyValue("spo2", None, "value.avg"),
        TakeoutDay(
            "Daily SpO2.csv", "average_value", "timestamp",
            or_else=TakeoutDay(
                "daily_oxygen_saturation.csv", "average percentage", "timestamp"
            ),
        ),
    ),
    Metric(
        "fitbit_spo2_min_percent", "oxygen_saturation", "%", Zero.NO_VALUE,
        DailyPoint("daily-oxygen-saturation", "lowerBoundPercentage"),
        NightlyValue("spo2", None, "value.min"),
        TakeoutDay(
            "Daily SpO2.csv", "lower_bound", "timestamp",
            or_else=TakeoutDay(
                "daily_oxygen_saturation.csv", "lower bound percentage", "timestamp"
            ),
        ),
    ),
    Metric(
        "fitbit_spo2_max_percent", "oxygen_saturation", "%", Zero.NO_VALUE,
        DailyPoint("daily-oxygen-saturation", "upperBoundPercentage"),
        NightlyValue("spo2", None, "value.max"),
        TakeoutDay(
            "Daily SpO2.csv", "upper_bound", "timestamp",
            or_else=TakeoutDay(
                "daily_oxygen_saturation.csv", "upper bound percentage", "timestamp"
            ),
        ),
    ),
    Metric(
        "fitbit_breathing_rate_bpm", "breathing_rate", "breaths/min", Zero.NO_VALUE,
        DailyPoint("daily-respiratory-rate", "breathsPerMinute"),
        NightlyValue("br", "br", "value.breathingRate"),
        TakeoutDay(
            "Daily Respiratory Rate Summary.csv", "daily_respiratory_rate", "timestamp",
            or_else=TakeoutDay("daily_respiratory_rate.csv", "breaths per minute", "timestamp"),
        ),
    ),
    Metric(
        "fitbit_hrv_rmssd_ms", "heart_rate_variability", "ms", Zero.NO_VALUE,
        DailyPoint("daily-heart-rate-variability", "averageHeartRateVariabilityMilliseconds"),
        NightlyValue("hrv", "hrv", "value.dailyRmssd"),
        TakeoutDay(
            "Daily Heart Rate Variability Summary.csv", "rmssd", "timestamp",
            or_else=TakeoutDay(
                "daily_heart_rate_variability.csv",
                "average heart rate variability milliseconds",
                "timestamp",
            ),
        ),
    ),
    Metric(
        "fitbit_hrv_deep_rmssd_ms", "heart_rate_variability", "ms", Zero.NO_VALUE,
        DailyPoint(
            "daily-heart-rate-variability",
            "deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds",
        ),
        NightlyValue("hrv", "hrv", "value.deepRmssd"),
        TakeoutDay(
            "daily_heart_rate_variability.csv",
            "deep sleep root mean square of successive differences milliseconds",
            "timestamp",
        ),
    ),
    Metric(
        "fitbit_temp_skin_relative_celsius", "skin_temperature", "K from baseline", Zero.WRITTEN,
        DailyPoint(
            "daily-sleep-temperature-derivations",
            "nightlyTemperatureCelsius",
            minus_path="baselineTemperatureCelsius",
        ),
        NightlyValue("temp/skin", "tempSkin", "value.nightlyRelative"),
        TakeoutDay(
            "daily_sleep_temperature_derivations.csv", "nightly temperature celsius", "timestamp",
            minus_path="baseline temperature celsius",
            or_else=TakeoutDay(
                "Computed Temperature.csv", "baseline_relative_sample_sum", "sleep_end",
                over_path="temperature_samples",
            ),
        ),
    ),
    Metric(
        "fitbit_vo2_max", "cardio_fitness", "ml/kg/min", Zero.NO_VALUE,
        DailyPoint("daily-vo2-max", "vo2Max"),
        NightlyValue("cardioscore", "cardioScore", "value.vo2Max", is_range=True),
        TakeoutDay("demographic_vo2_max.json", "value.demographicVO2Max"),
    ),
    # body
    Metric(
        "fitbit_weight_kg", "body", "kg", Zero.NO_VALUE,
        LastPoint("weight", "weightGrams", divide_by=1_000),
        BodyLog("weight"),
        TakeoutLog(
            "weight.json", "weight", divide_by=_POUNDS_PER_KG, time="date+time", clock="wall",
            or_else=TakeoutLog("weight.csv", "weight grams", divide_by=1_000),
        ),
    ),
    Metric(
        "fitbit_bmi", "body", "kg/m2", Zero.NO_VALUE,
        OverSquare(
            LastPoint("weight", "weightGrams", divide_by=1_000),
            LastPoint("height", "heightMillimeters", divide_by=1_000, whole_history=True),
        ),
        BodyLog("bmi"),
        TakeoutLog("weight.json", "bmi", time="date+time", clock="wall"),
    ),
    Metric(
        "fitbit_body_fat_percent", "body", "%", Zero.NO_VALUE,
        LastPoint("body-fat", "percentage"),
        BodyLog("fat"),
        TakeoutLog(
            "weight.json", "fat", time="date+time", clock="wall",
            or_else=TakeoutLog("body_fat.csv", "body fat percentage"),
        ),
    ),
    # intraday
    Metric(
        "fitbit_steps_intraday", "intraday_steps", "steps", Zero.MEASURED,
        RollUp("steps", "countSum", reading=Reading("count")),
        IntradaySeries("steps"),
        TakeoutReadings("steps.json"),
    ),
    Metric(
        "fitbit_calories_intraday", "intraday_calories", "kcal", Zero.MEASURED,
        RollUp("total-calories", "kcalSum"),
        IntradaySeries("calories", zero_is_absent=True),
        TakeoutReadings("calories.json", clock="wall"),
    ),
    Metric(
        "fitbit_distance_intraday", "intraday_distance", "km", Zero.MEASURED,
        RollUp(
            "distance", "millimetersSum", divide_by=1_000_000, reading=Reading("millimeters")
        ),
        IntradaySeries("distance"),
        TakeoutReadings("distance.json", divide_by=100_000),
    ),
    Metric(
        "fitbit_floors_intraday", "intraday_floors", "floors", Zero.MEASURED,
        RollUp("floors", "countSum"),
        IntradaySeries("floors"),
        None,
    ),
    Metric(
        "fitbit_elevation_intraday", "intraday_elevation", "m", Zero.MEASURED,
        RollUp(
            "altitude", "gainMillimetersSum", divide_by=1_000, reading=Reading("gainMillimeters")
        ),
        IntradaySeries("elevation"),
        None,  # as above
    ),
    Metric(
        "fitbit_heart_rate_intraday", "intraday_heart_rate", "bpm", Zero.NO_VALUE,
        RollUp(
            "heart-rate",
            "beatsPerMinuteAvg",
            reading=Reading("beatsPerMinute", "sampleTime.physicalTime"),
        ),
        IntradaySeries("heart"),
        TakeoutReadings(
            "heart_rate.json", "value.bpm", of="mean",
            or_else=TakeoutReadings(
                "heart_rate.csv", "beats per minute", time="timestamp", of="mean"
            ),
        ),
    ),
    # devices
    Metric(
        # A device with an empty battery does not sync: 0 is a field that the wire left out.
        "fitbit_device_battery_percent", "devices", "%", Zero.NO_VALUE,
        PairedDevice("batteryLevel", text_path="batteryStatus"),
        WebDevice("batteryLevel", text_path="battery"),
        None,
        provider_labels=("device_id", "device_type"),
    ),
    Metric(
        "fitbit_device_last_sync_timestamp", "devices", "unix seconds", Zero.NO_VALUE,
        PairedDevice("lastSyncTime", is_instant=True),
        WebDevice("lastSyncTime", is_instant=True),
        None,
        provider_labels=("device_id", "device_type"),
    ),
)  # fmt: skip


def metrics_of(asset: str) -> tuple[Metric, ...]:
    """The rows of one asset, in table order."""
    return tuple(metric for metric in METRICS if metric.asset == asset)
