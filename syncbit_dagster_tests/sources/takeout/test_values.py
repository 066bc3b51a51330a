"""What the files' values become, kind by kind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.core.civil import DayRange, day_start, to_milliseconds
from syncbit_dagster_tests.sources.takeout.exports import (
    BERLIN,
    day_rows,
    fetched,
    minutes,
    sleep_log,
    source,
    write_folder,
)

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2021, 6, 11)
DAYS = DayRange(DAY, DAY + timedelta(days=1))
MIDNIGHT, NEXT_MIDNIGHT = (to_milliseconds(day_start(day, BERLIN)) for day in DAYS)
MINUTE = 60_000
EIGHT = datetime(2021, 6, 11, 6, tzinfo=UTC)  # by the wall clock of Berlin
AT_EIGHT = MIDNIGHT + 8 * 60 * MINUTE
HEART_RATE = "fitbit_heart_rate_intraday"


def test_minutes_are_utc_and_their_sum_is_the_day(tmp_path: Path) -> None:
    late = minutes(datetime(2021, 6, 11, 21, 59, tzinfo=UTC), ["3", "4"])  # 23:59 and 0:00
    files = {
        "steps-2021-06-11.json": minutes(EIGHT, ["5", "0", "7"]) + late,
        "distance-2021-06-11.json": minutes(EIGHT, ["350", "0", "490"]),
    }
    found = source(write_folder(tmp_path, files))
    assert fetched(found, "intraday_steps", DAYS) == {
        "fitbit_steps_intraday": {
            AT_EIGHT: 5,
            AT_EIGHT + MINUTE: 0,
            AT_EIGHT + 2 * MINUTE: 7,
            NEXT_MIDNIGHT - MINUTE: 3,
            NEXT_MIDNIGHT: 4,
        }
    }
    assert fetched(found, "intraday_distance", DAYS)["fitbit_distance_intraday"][AT_EIGHT] == 0.0035
    assert fetched(found, "activity_summary", DAYS) == {
        "fitbit_steps_total": {MIDNIGHT: 15, NEXT_MIDNIGHT: 4},
        "fitbit_distance_km": {MIDNIGHT: 0.0084},
    }


def test_an_interval_is_the_sum_of_its_minutes(tmp_path: Path) -> None:
    files = {"steps-2021-06-11.json": minutes(EIGHT, ["1"] * 7) + minutes(EIGHT, ["1"], step=60)}
    found = source(write_folder(tmp_path, files), interval=300)
    assert fetched(found, "intraday_steps", DAYS) == {
        "fitbit_steps_intraday": {AT_EIGHT: 5, AT_EIGHT + 5 * MINUTE: 2}
    }


def test_a_minute_that_comes_twice_counts_once_with_its_larger_value(tmp_path: Path) -> None:
    files = {
        "steps-2021-06-11.json": minutes(EIGHT, ["47"]) + minutes(EIGHT, ["0"]),
        "steps-2021-06-12.json": minutes(EIGHT, ["12"]),
        "heart_rate-2021-06-11.json": minutes(EIGHT, [{"bpm": 60}, {"bpm": 64}, {"bpm": 62}], 0),
    }
    found = source(write_folder(tmp_path, files), heart_rate_interval=1)
    assert fetched(found, "intraday_steps", DAYS) == {"fitbit_steps_intraday": {AT_EIGHT: 47}}
    assert fetched(found, "activity_summary", DAYS) == {"fitbit_steps_total": {MIDNIGHT: 47}}
    assert fetched(found, "intraday_heart_rate", DAYS) == {HEART_RATE: {AT_EIGHT: 64}}


def test_heart_rate_is_a_mean_or_every_reading(tmp_path: Path) -> None:
    readings = [{"bpm": bpm, "confidence": 2} for bpm in (60, 61, 0, 65)]  # 0 is nobody's
    path = write_folder(tmp_path, {"heart_rate-2021-06-11.json": minutes(EIGHT, readings, step=25)})
    raw = fetched(source(path, heart_rate_interval=1), "intraday_heart_rate", DAYS)
    assert raw == {HEART_RATE: {AT_EIGHT: 60, AT_EIGHT + 25_000: 61, AT_EIGHT + 75_000: 65}}
    means = fetched(source(path, heart_rate_interval=60), "intraday_heart_rate", DAYS)
    assert means == {HEART_RATE: {AT_EIGHT: 60.5, AT_EIGHT + MINUTE: 65}}
    quarters = fetched(source(path, heart_rate_interval=900), "intraday_heart_rate", DAYS)
    assert quarters == {HEART_RATE: {AT_EIGHT: 62}}


def test_the_newer_layout_fills_the_days_that_the_classic_one_lacks(tmp_path: Path) -> None:
    head = "timestamp,beats per minute,data source\n"
    files = {
        "heart_rate-2021-06-11.json": minutes(EIGHT, [{"bpm": 60}]),
        "heart_rate_2021-06-11.csv": head + "2021-06-11T07:00:00Z,99.0,Watch\n",
        "heart_rate_2021-06-12.csv": head + "2021-06-12T06:00:00Z,70.5,Watch\n",
        "resting_heart_rate-2021-06-11.json": day_rows(
            DAY, [{"date": None, "value": 0.0}, {"date": "06/12/21", "value": 52.25}]
        ),
        "daily_resting_heart_rate.csv": head
        + "2021-06-11T00:00:00Z,51.5,Watch\n2021-06-12T00:00:00Z,99.0,Watch\n",
    }
    found = source(write_folder(tmp_path, files))
    one_day = 1440 * MINUTE
    assert fetched(found, "intraday_heart_rate", DAYS) == {
        HEART_RATE: {AT_EIGHT: 60, AT_EIGHT + one_day: 70.5}
    }
    assert fetched(found, "heart_rate", DAYS) == {
        "fitbit_resting_heart_rate_bpm": {MIDNIGHT: 51.5, NEXT_MIDNIGHT: 52.25}
    }


DAILY_FILES: dict[str, Any] = {
    "sedentary_minutes-2021-06-11.json": day_rows(DAY, ["600", "1440"]),
    "lightly_active_minutes-2021-06-11.json": day_rows(DAY, ["200", "0"]),
    "moderately_active_minutes-2021-06-11.json": day_rows(DAY, ["20", "0"]),
    "very_active_minutes-2021-06-11.json": day_rows(DAY, ["30", "0"]),
    "time_in_heart_rate_zones-2021-06-11.json": day_rows(
        DAY,
        [
            {
                "valuesInZones": {
                    "BELOW_DEFAULT_ZONE_1": 1037.0,
                    "IN_DEFAULT_ZONE_1": 154.0,
                    "IN_DEFAULT_ZONE_2": 20.0,
                    "IN_DEFAULT_ZONE_3": 0.0,
                }
            }
        ],
    ),
    "demographic_vo2_max-2021-01-01.json": day_rows(
        DAY, [{"demographicVO2Max": 45.97793, "filteredDemographicVO2Max": 46.2}]
    ),
    "Daily SpO2 - 2021-06-11-2021-09-18.csv": (
        "timestamp,average_value,lower_bound,upper_bound\n2021-06-11T00:00:00Z,95.5,93.0,98.0\n"
    ),
    "Daily Respiratory Rate Summary - 2021-06-11.csv": (
        "timestamp,daily_respiratory_rate\n2021-06-11T00:00:00,15.2\n"
    ),
    "Daily Heart Rate Variability Summary - 2021-06-(10).csv": (
        "timestamp,rmssd,nremhr,entropy\n2021-06-11T00:00:00,39.9,56.1,2.9\n"
    ),
    "daily_heart_rate_variability.csv": (
        "timestamp,average heart rate variability milliseconds,non rem heart rate beats per minute,"
        "entropy,deep sleep root mean square of successive differences milliseconds,data source\n"
        "2021-06-11T00:00:00Z,99,56,2.9,42.5,Watch\n2021-06-12T00:00:00Z,0.0,0.0,0.0,0.0,Watch\n"
    ),
    "Computed Temperature - 2021-06-01.csv": (
        "type,sleep_start,sleep_end,temperature_samples,nightly_temperature,"
        "baseline_relative_sample_sum,baseline_relative_sample_sum_of_squares,"
        "baseline_relative_nightly_standard_deviation,baseline_relative_sample_standard_deviation\n"
        "SKIN,2021-06-10T23:14:30,2021-06-11T06:11,400,34.07,-100.0,419.6,0.2,0.9\n"
        "SKIN,2021-06-11T23:14:30,2021-06-12T06:11,400,34.07,NaN,NaN,NaN,NaN\n"
    ),
    "Active Zone Minutes - 2021-06-01.csv": (
        "date_time,heart_zone_id,total_minutes\n"
        "2021-06-11T00:00,FAT_BURN,1\n2021-06-11T23:59,FAT_BURN,1\n2021-06-11T09:37,PEAK,2\n"
    ),
}
ZONE_MINUTES = "fitbit_heart_rate_zone_minutes"
DAILY_VALUES = {
    "activity_summary": {
        "fitbit_active_minutes/sedentary": {MIDNIGHT: 600},
        "fitbit_active_minutes/lightly_active": {MIDNIGHT: 200},
        "fitbit_active_minutes/fairly_active": {MIDNIGHT: 20},
        "fitbit_active_minutes/very_active": {MIDNIGHT: 30},
    },
    "heart_rate": {
        f"{ZONE_MINUTES}/out_of_range": {MIDNIGHT: 1037},
        f"{ZONE_MINUTES}/fat_burn": {MIDNIGHT: 154},
        f"{ZONE_MINUTES}/cardio": {MIDNIGHT: 20},
        f"{ZONE_MINUTES}/peak": {MIDNIGHT: 0},  # zero is measured
    },
    "cardio_fitness": {"fitbit_vo2_max": {MIDNIGHT: 45.97793}},
    "oxygen_saturation": {
        "fitbit_spo2_avg_percent": {MIDNIGHT: 95.5},
        "fitbit_spo2_min_percent": {MIDNIGHT: 93},
        "fitbit_spo2_max_percent": {MIDNIGHT: 98},
    },
    "breathing_rate": {"fitbit_breathing_rate_bpm": {MIDNIGHT: 15.2}},
    "heart_rate_variability": {
        "fitbit_hrv_rmssd_ms": {MIDNIGHT: 39.9},
        "fitbit_hrv_deep_rmssd_ms": {MIDNIGHT: 42.5},
    },
    "skin_temperature": {"fitbit_temp_skin_relative_celsius": {MIDNIGHT: -0.25}},
    "active_zone_minutes": {
        "fitbit_active_zone_minutes/fat_burn": {MIDNIGHT: 2},
        "fitbit_active_zone_minutes/peak": {MIDNIGHT: 2},
    },
}


@pytest.mark.parametrize("asset", DAILY_VALUES)
def test_daily_values(tmp_path: Path, asset: str) -> None:
    found = source(write_folder(tmp_path, DAILY_FILES))
    assert found.covered == DayRange(DAY, DAY)  # the day after holds placeholders only
    assert fetched(found, asset, DAYS) == DAILY_VALUES[asset]
    assert found.problems == []


def test_days_without_the_device_are_filled_in(tmp_path: Path) -> None:
    """1440 minutes at rest, and zeros: on unworn days, and on those after the export."""
    sedentary = ["600", "1440", "1440", "0", "1380"]
    very_active = ["0", "0", "5", "0", "0"]
    first = date(2021, 3, 24)  # the last of the five has 23 hours
    files = {
        f"sedentary_minutes-{first}.json": day_rows(first, sedentary),
        f"very_active_minutes-{first}.json": day_rows(first, very_active),
    }
    found = source(write_folder(tmp_path, files))
    days = DayRange(first, first + timedelta(days=4))
    starts = [to_milliseconds(day_start(day, BERLIN)) for day in days]
    assert fetched(found, "activity_summary", days) == {
        "fitbit_active_minutes/sedentary": {starts[0]: 600, starts[2]: 1440},
        "fitbit_active_minutes/very_active": {starts[0]: 0, starts[2]: 5},
    }
    assert found.covered == days  # there is nothing else to go by


def test_the_newer_layout_alone(tmp_path: Path) -> None:
    files = {
        "daily_oxygen_saturation.csv": (
            "timestamp,average percentage,lower bound percentage,upper bound percentage,data source"
            "\n2021-06-11T00:00:00Z,94.8,93.2,96.5,Watch\n"
        ),
        "daily_respiratory_rate.csv": (
            "timestamp,breaths per minute,data source\n2021-06-11T00:00:00Z,13.8,Watch\n"
        ),
        "daily_sleep_temperature_derivations.csv": (
            "timestamp,nightly temperature celsius,baseline temperature celsius,data source\n"
            "2021-06-11T00:00:00Z,32.25,32.0,Watch\n2021-06-12T00:00:00Z,32.25,NaN,Watch\n"
        ),
        "active_zone_minutes_2021-06-01.csv": (
            "timestamp,heart rate zone,total minutes,data source\n"
            "2021-06-10T22:00:00Z,CARDIO,2,Watch\n"  # the first minute of the 11th in Berlin
        ),
        "weight.csv": (
            "timestamp,weight grams,data source\n"
            "2021-06-11T06:00:00Z,70100,Scale\n2021-06-11T21:59:59.5Z,70400,Scale\n"
        ),
        "body_fat_2021-06-01.csv": (
            "timestamp,body fat percentage,data source\n2021-06-11T06:00:00Z,11.5,Scale\n"
        ),
    }
    found = source(
        write_folder(tmp_path, files, inside="Google Health/Physical Activity_GoogleData")
    )
    assert fetched(found, "oxygen_saturation", DAYS)["fitbit_spo2_avg_percent"] == {MIDNIGHT: 94.8}
    assert fetched(found, "breathing_rate", DAYS) == {"fitbit_breathing_rate_bpm": {MIDNIGHT: 13.8}}
    assert fetched(found, "skin_temperature", DAYS) == {
        "fitbit_temp_skin_relative_celsius": {MIDNIGHT: 0.25}
    }
    assert fetched(found, "active_zone_minutes", DAYS) == {
        "fitbit_active_zone_minutes/cardio": {MIDNIGHT: 2}
    }
    assert fetched(found, "body", DAYS) == {
        "fitbit_weight_kg": {MIDNIGHT: 70.4},
        "fitbit_body_fat_percent": {MIDNIGHT: 11.5},
    }


def test_the_last_weight_of_a_day(tmp_path: Path) -> None:
    logs = [
        {"logId": 3, "weight": 154.0, "bmi": 22.5, "date": "06/11/21", "time": "23:59:59"},
        {
            "logId": 1,
            "weight": 155.0,
            "bmi": 22.6,
            "fat": 15.5,
            "date": "06/11/21",
            "time": "07:00:00",
        },
    ]
    found = fetched(source(write_folder(tmp_path, {"weight-2021-06-11.json": logs})), "body", DAYS)
    assert found == {
        "fitbit_weight_kg": {MIDNIGHT: pytest.approx(154 * 0.45359237)},
        "fitbit_bmi": {MIDNIGHT: 22.5},
        "fitbit_body_fat_percent": {MIDNIGHT: 15.5},
    }


def test_sleeps_of_a_day(tmp_path: Path) -> None:
    night = sleep_log(1, "2021-06-10T23:00:30.000", "2021-06-11T07:00:30.000")
    corrected = {**night, "minutesAsleep": 410}
    nap = sleep_log(
        2, "2021-06-11T14:00:00.000", "2021-06-11T14:30:00.000",
        mainSleep=False, minutesAsleep=25, levels={"summary": {"asleep": {"minutes": 25}}},
    )  # fmt: skip
    after = sleep_log(3, "2021-06-11T23:30:00.000", "2021-06-12T00:10:00.000", mainSleep=False)
    files = {"sleep-2021-05-12.json": [night], "sleep-2021-06-11.json": [after, nap, corrected]}
    found = fetched(source(write_folder(tmp_path, files)), "sleep", DAYS)
    assert found == {
        "fitbit_sleep_minutes_total": {MIDNIGHT: 435, NEXT_MIDNIGHT: 400},
        "fitbit_sleep_stage_minutes/deep": {MIDNIGHT: 60, NEXT_MIDNIGHT: 60},
        "fitbit_sleep_stage_minutes/wake": {MIDNIGHT: 80, NEXT_MIDNIGHT: 80},
        "fitbit_sleep_time_in_bed_minutes": {MIDNIGHT: 480},
        "fitbit_sleep_efficiency_percent": {MIDNIGHT: 90},
        "fitbit_sleep_awakenings": {MIDNIGHT: 20},
        "fitbit_sleep_start_timestamp": {MIDNIGHT: MIDNIGHT / 1000 - 3600 + 30},
        "fitbit_sleep_end_timestamp": {MIDNIGHT: MIDNIGHT / 1000 + 7 * 3600 + 30},
    }
