"""Sleep logs: several a day, one of them the main one, some without stages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.sources.fitbit_web.plan import (
    SleepRequest,
)
from syncbit_dagster_tests.sources.fitbit_web.answers import (
    DAYS,
    FIRST,
    Samples,
    log,
    read_here,
)

CLASSIC = {
    "type": "classic",
    "levels": {
        "summary": {
            "asleep": {"count": 0, "minutes": 63},
            "awake": {"count": 2, "minutes": 5},
            "restless": {"count": 3, "minutes": 6},
        }
    },
}
NAP = log(
    2,
    isMainSleep=False,
    minutesAsleep=63,
    timeInBed=74,
    startTime="2026-06-01T13:00:00.000",
    **CLASSIC,
)


def nights(*logs: dict[str, Any]) -> Samples:
    return read_here("sleep", (SleepRequest(DAYS), {"sleep": list(logs)}))


def test_minutes_are_summed_and_the_rest_is_of_the_main_sleep() -> None:
    found = {name: values[FIRST] for name, values in nights(NAP, log(1)).items()}
    assert found == {
        "sleep_minutes_total": 483,
        "sleep_stage_minutes deep": 10,
        "sleep_stage_minutes light": 20,
        "sleep_stage_minutes rem": 30,
        "sleep_stage_minutes wake": 40,  # of a classic log, none: it has no stages
        "sleep_time_in_bed_minutes": 471,
        "sleep_efficiency_percent": 93,
        "sleep_awakenings": 3,
        "sleep_start_timestamp": datetime(2026, 6, 1, 3, 10, 30, tzinfo=UTC).timestamp(),
        "sleep_end_timestamp": datetime(2026, 6, 1, 11, 2, tzinfo=UTC).timestamp(),
    }


def test_the_same_log_twice_counts_once() -> None:
    assert nights(log(1), log(1), NAP) == nights(log(1), NAP)


def test_a_classic_main_sleep_has_awakenings_but_no_stages() -> None:
    found = nights(log(1, **CLASSIC))
    assert found["sleep_awakenings"] == {FIRST: 2}
    assert not any("stage" in name for name in found)


def test_a_nap_alone_has_only_minutes_and_a_night_without_the_flag_is_the_main_sleep() -> None:
    assert set(nights(NAP)) == {"sleep_minutes_total"}
    unmarked = log(1)
    del unmarked["isMainSleep"]
    assert nights(unmarked) == nights(log(1))


def test_no_sleep_and_a_sleep_that_is_still_worked_on_are_no_samples() -> None:
    assert nights() == {}
    pending = {"meta": {"retryDuration": 3000, "state": "pending"}}
    assert read_here("sleep", (SleepRequest(DAYS), pending)) == {}


@pytest.mark.parametrize(
    ("start", "end", "minutes", "instants"),
    [
        # Clocks go back at 06:00Z: 01:30 is 05:30Z and again 06:30Z.
        ("2026-10-31T23:00:00.000", "2026-11-01T01:30:00.000", 150, (3.0, 5.5)),
        ("2026-10-31T23:00:00.000", "2026-11-01T01:30:00.000", 210, (3.0, 6.5)),
        ("2026-11-01T01:30:00.000", "2026-11-01T07:00:00.000", 390, (5.5, 12.0)),
        ("2026-11-01T01:30:00.000", "2026-11-01T07:00:00.000", 330, (6.5, 12.0)),
        ("2026-11-01T01:10:00.000", "2026-11-01T01:40:00.000", 90, (5 + 1 / 6, 6 + 2 / 3)),
    ],
)
def test_a_reading_of_the_repeated_hour_is_the_one_that_fits_the_length(
    start: str, end: str, minutes: int, instants: tuple[float, float]
) -> None:
    night = log(
        1, dateOfSleep="2026-11-01", startTime=start, endTime=end, duration=minutes * 60_000
    )
    days = DayRange(date(2026, 11, 1), date(2026, 11, 1))
    found = read_here("sleep", (SleepRequest(days), {"sleep": [night]}))
    midnight = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
    (first,) = found["sleep_start_timestamp"].values()
    (last,) = found["sleep_end_timestamp"].values()
    assert [(first - midnight) / 3600, (last - midnight) / 3600] == pytest.approx(instants)
