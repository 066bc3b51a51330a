"""rollUp and dailyRollUp: what each window holds, on ordinary days and when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from syncbit_dagster.core.civil import ONE_DAY, day_end, day_start
from syncbit_dagster.emulator.google_health.data_types import DATA_TYPES
from syncbit_dagster.emulator.google_health.rules import Record
from syncbit_dagster.emulator.person import MINUTE_MS
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulator.api import windows
from syncbit_dagster_tests.emulator.conftest import BERLIN

if TYPE_CHECKING:
    from syncbit_dagster_tests.emulator.api import Api, Clock, Json

SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2025, 10, 26), date(2026, 11, 12)
WORKOUT = date(2026, 11, 8)
TRUE_ZERO = ("steps", "distance", "floors", "altitude", "total-calories")
_PERSON = SyntheticPerson(BERLIN, date(2025, 6, 1), seed=3)

on_each_kind_of_day = pytest.mark.parametrize("day", [SPRING, AUTUMN, PLAIN])


def instants(day: date) -> tuple[str, str]:
    return day_start(day, BERLIN).isoformat(), day_end(day, BERLIN).isoformat()


def minutes_of(api: Api, data_type: str, day: date) -> list[Json]:
    return windows(api.roll_up(data_type, *instants(day)))


def total(value: Any) -> float:
    """The sum of every number in a roll-up value, durations in seconds."""
    if isinstance(value, dict):
        return sum(total(below) for below in value.values())
    if isinstance(value, list):
        return sum(total(below) for below in value)
    if isinstance(value, str):
        return float(value.removesuffix("s")) if value.removesuffix("s").isdigit() else 0.0
    return float(value)


@on_each_kind_of_day
def test_a_day_is_the_sum_of_its_minutes(shared_api: Api, day: date) -> None:
    for rule in DATA_TYPES.values():
        if rule.rollup and rule.record is Record.INTERVAL:
            (whole,) = windows(shared_api.daily(rule.id, day, day + ONE_DAY))
            parts = minutes_of(shared_api, rule.id, day)
            assert len({part["startTime"] for part in parts}) == len(parts)
            minutes = sum(total(part[rule.body_field]) for part in parts)
            assert total(whole[rule.body_field]) == pytest.approx(minutes), rule.id


@on_each_kind_of_day
def test_heart_rate_of_a_day(shared_api: Api, day: date) -> None:
    (whole,) = windows(shared_api.daily("heart-rate", day, day + ONE_DAY))
    parts = [part["heartRate"] for part in minutes_of(shared_api, "heart-rate", day)]
    low, mean, high = ([p[f"beatsPerMinute{n}"] for p in parts] for n in ("Min", "Avg", "Max"))
    assert whole["heartRate"]["beatsPerMinuteMax"] == max(high)
    assert whole["heartRate"]["beatsPerMinuteMin"] == min(low)
    assert all(a <= b <= c for a, b, c in zip(low, mean, high, strict=True))


@on_each_kind_of_day
def test_worn_minutes_exist_and_others_do_not(
    shared_api: Api, person: SyntheticPerson, day: date
) -> None:
    """A minute at rest is a measured zero, whose number is left out of the answer."""
    made = person.day(day)
    worn = made.start_ms + np.flatnonzero(made.worn)[::-1] * MINUTE_MS  # newest first
    for data_type in TRUE_ZERO:
        found = minutes_of(shared_api, data_type, day)
        starts = [datetime.fromisoformat(each["startTime"]).timestamp() * 1000 for each in found]
        assert starts == worn.tolist(), data_type
    steps = [each["steps"] for each in minutes_of(shared_api, "steps", day)]
    assert {} in steps
    assert all(isinstance(each["countSum"], str) for each in steps if each)
    assert 0 < len(minutes_of(shared_api, "active-minutes", day)) < len(worn)


def test_active_zone_minutes_count_twice_above_fat_burn(
    shared_api: Api, person: SyntheticPerson
) -> None:
    zones = person.day(WORKOUT).heart_zone
    assert zones is not None
    _, fat_burn, cardio, peak = np.bincount(zones[zones >= 0], minlength=4).tolist()
    assert cardio
    (whole,) = windows(shared_api.daily("active-zone-minutes", WORKOUT, WORKOUT + ONE_DAY))
    sums = {name: int(value) for name, value in whole["activeZoneMinutes"].items()}
    scores = {"FatBurn": fat_burn, "Cardio": 2 * cardio, "Peak": 2 * peak}
    assert sums == {f"sumIn{name}HeartZone": score for name, score in scores.items() if score}


def test_windows_begin_at_the_start_of_the_range_and_the_last_is_cut(shared_api: Api) -> None:
    span = ("2026-11-12T10:00:30Z", "2026-11-12T10:14:00Z")
    found = windows(shared_api.roll_up("heart-rate", *span, windowSize="300s", pageSize=9))
    assert [(each["startTime"][11:19], each["endTime"][11:19]) for each in found] == [
        ("10:10:30", "10:14:00"),
        ("10:05:30", "10:10:30"),
        ("10:00:30", "10:05:30"),
    ]
    days = windows(
        shared_api.daily("steps", date(2025, 10, 25), date(2025, 10, 28), windowSizeDays=2)
    )
    assert [
        tuple(each[f"civil{end}Time"]["date"]["day"] for end in ("Start", "End")) for each in days
    ] == [(27, 28), (25, 27)]


def test_nothing_newer_than_the_last_sync(api: Api, clock: Clock, person: SyntheticPerson) -> None:
    clock.instant = datetime(2026, 11, 2, 20, 0, tzinfo=UTC)
    api.log_in()
    synced = person.last_sync(clock())
    assert clock() - synced > timedelta(days=1)  # the phone is away on these days
    start = (synced - timedelta(days=1)).replace(microsecond=0).isoformat()
    minutes = windows(api.roll_up("steps", start, clock().isoformat()))
    assert minutes
    assert all(datetime.fromisoformat(each["endTime"]) <= synced for each in minutes)
    device = api.get("pairedDevices").json()["pairedDevices"][0]
    assert datetime.fromisoformat(device["lastSyncTime"]) == synced
    clock.forward(days=3)
    api.log_in()
    later = windows(api.roll_up("heart-rate", start, clock().isoformat()))
    assert datetime.fromisoformat(later[0]["startTime"]) > synced + timedelta(days=1)
