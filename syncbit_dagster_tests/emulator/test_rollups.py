"""rollUp and dailyRollUp: what each window holds, on ordinary days and when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncbit_dagster.core.civil import ONE_DAY, day_end, day_start
from syncbit_dagster.emulator.google_health.data_types import DATA_TYPES
from syncbit_dagster.emulator.google_health.rollups import roll_up
from syncbit_dagster.emulator.google_health.rules import Record
from syncbit_dagster.emulator.person import MINUTE_MS
from syncbit_dagster.emulator.server_view import Feed
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulator.api import reason, windows
from syncbit_dagster_tests.emulator.conftest import BERLIN

if TYPE_CHECKING:
    from syncbit_dagster_tests.emulator.api import Api, Clock, Json

SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2025, 10, 26), date(2026, 11, 12)
WORKOUT = date(2026, 11, 8)
TRUE_ZERO = ("steps", "distance", "floors", "altitude", "total-calories")


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


@pytest.mark.parametrize("day", [SPRING, AUTUMN, PLAIN])
@pytest.mark.parametrize(
    "data_type",
    [t.id for t in DATA_TYPES.values() if t.rollup and t.record is Record.INTERVAL],
)
def test_a_day_is_the_sum_of_its_minutes(shared_api: Api, data_type: str, day: date) -> None:
    (whole,) = windows(shared_api.daily(data_type, day, day + timedelta(days=1)))
    body = DATA_TYPES[data_type].body_field
    parts = minutes_of(shared_api, data_type, day)
    assert len({part["startTime"] for part in parts}) == len(parts)
    assert total(whole[body]) == pytest.approx(sum(total(part[body]) for part in parts))


@pytest.mark.parametrize("day", [SPRING, AUTUMN, PLAIN])
def test_heart_rate_of_a_day(shared_api: Api, day: date) -> None:
    (whole,) = windows(shared_api.daily("heart-rate", day, day + timedelta(days=1)))
    parts = [part["heartRate"] for part in minutes_of(shared_api, "heart-rate", day)]
    assert whole["heartRate"]["beatsPerMinuteMax"] == max(p["beatsPerMinuteMax"] for p in parts)
    assert whole["heartRate"]["beatsPerMinuteMin"] == min(p["beatsPerMinuteMin"] for p in parts)
    assert all(
        p["beatsPerMinuteMin"] <= p["beatsPerMinuteAvg"] <= p["beatsPerMinuteMax"] for p in parts
    )
    assert all(isinstance(value, float) for p in parts for value in p.values())


@pytest.mark.parametrize("day", [SPRING, AUTUMN, PLAIN])
@pytest.mark.parametrize("data_type", TRUE_ZERO)
def test_worn_minutes_exist_and_others_do_not(
    shared_api: Api, person: SyntheticPerson, data_type: str, day: date
) -> None:
    made = person.day(day)
    found = minutes_of(shared_api, data_type, day)
    worn = made.start_ms + np.flatnonzero(made.worn)[::-1] * MINUTE_MS
    starts = [int(datetime.fromisoformat(each["startTime"]).timestamp() * 1000) for each in found]
    assert starts == worn.tolist()  # newest first
    assert 0 < len(starts) <= len(made.worn)


def test_zeros_are_left_out_and_whole_numbers_are_texts(shared_api: Api) -> None:
    values = [each["steps"] for each in minutes_of(shared_api, "steps", PLAIN)]
    assert {} in values
    counts = [value["countSum"] for value in values if value]
    assert all(isinstance(count, str) and int(count) > 0 for count in counts)
    kcal = [
        each["totalCalories"]["kcalSum"] for each in minutes_of(shared_api, "total-calories", PLAIN)
    ]
    assert all(isinstance(value, float) for value in kcal)


def test_types_without_true_zeros_have_no_idle_windows(shared_api: Api) -> None:
    for data_type in ("active-minutes", "active-zone-minutes", "active-energy-burned"):
        body = DATA_TYPES[data_type].body_field
        found = minutes_of(shared_api, data_type, date(2026, 11, 14))
        assert all(total(each[body]) > 0 for each in found)
        assert len(found) < 900


def test_active_zone_minutes_count_twice_above_fat_burn(
    shared_api: Api, person: SyntheticPerson
) -> None:
    zones = person.day(WORKOUT).heart_zone
    assert zones is not None
    _, fat_burn, cardio, peak = np.bincount(zones[zones >= 0], minlength=4).tolist()
    assert cardio
    (whole,) = windows(shared_api.daily("active-zone-minutes", WORKOUT, WORKOUT + ONE_DAY))
    sums = {name: int(value) for name, value in whole["activeZoneMinutes"].items()}
    scores = (fat_burn, 2 * cardio, 2 * peak)
    names = ("sumInFatBurnHeartZone", "sumInCardioHeartZone", "sumInPeakHeartZone")
    assert sums == {name: score for name, score in zip(names, scores, strict=True) if score}


def test_intervals_of_a_zone_add_up_to_its_time(shared_api: Api) -> None:
    member = "time_in_heart_rate_zone.interval.civil_start_time"
    text = f'{member} >= "{WORKOUT}" AND {member} < "{WORKOUT + ONE_DAY}"'
    spent: dict[str, timedelta] = {}
    for page in shared_api.walk("time-in-heart-rate-zone", filter=text):
        for point in (each["timeInHeartRateZone"] for each in page):
            start, end = (
                datetime.fromisoformat(point["interval"][name]) for name in ("startTime", "endTime")
            )
            zone = point["heartRateZoneType"]
            spent[zone] = spent.get(zone, timedelta()) + (end - start)
    (whole,) = windows(shared_api.daily("time-in-heart-rate-zone", WORKOUT, WORKOUT + ONE_DAY))
    assert {
        each["heartRateZone"]: each["duration"]
        for each in whole["timeInHeartRateZone"]["timeInHeartRateZones"]
    } == {zone: f"{round(time.total_seconds())}s" for zone, time in spent.items()}
    assert len(spent) > 2


def test_windows_are_anchored_at_the_start_of_the_range(shared_api: Api) -> None:
    found = windows(
        shared_api.roll_up(
            "heart-rate",
            "2026-11-12T10:00:30Z",
            "2026-11-12T10:14:00Z",
            windowSize="300s",
            pageSize=9,
        )
    )
    spans = [(each["startTime"][11:19], each["endTime"][11:19]) for each in found]
    assert spans == [
        ("10:10:30", "10:14:00"),  # the last one in time is cut at the end of the range
        ("10:05:30", "10:10:30"),
        ("10:00:30", "10:05:30"),
    ]


def test_windows_with_fractions(shared_api: Api) -> None:
    found = windows(
        shared_api.roll_up(
            "heart-rate",
            "2026-11-12T10:00:00.500Z",
            "2026-11-12T12:00:08+02:00",
            windowSize="1.500s",
        )
    )
    assert found
    for each in found:
        milliseconds = [each[name].partition(".")[2] for name in ("startTime", "endTime")]
        assert set(milliseconds) <= {"", "500Z", "000Z"}
        assert "000Z" not in milliseconds


def test_pages_of_roll_up(shared_api: Api) -> None:
    day = instants(PLAIN)
    at_once = windows(shared_api.roll_up("steps", *day))
    pages: list[list[Json]] = []
    token = ""
    while token or not pages:
        answer = shared_api.roll_up("steps", *day, pageSize=500, pageToken=token)
        pages.append(windows(answer))
        token = answer.json().get("nextPageToken", "")
    assert len(pages) == 3
    assert [each for page in pages for each in page] == at_once


def test_the_default_page(shared_api: Api) -> None:
    answer = shared_api.roll_up("heart-rate", *instants(AUTUMN), pageSize=None)
    assert "nextPageToken" in answer.json()  # 1500 windows, 1440 a page


def test_a_token_belongs_to_its_request(shared_api: Api) -> None:
    day = instants(PLAIN)
    token = shared_api.roll_up("steps", *day, pageSize=500).json()["nextPageToken"]
    expected = (400, "INVALID_PAGE_TOKEN")
    assert reason(shared_api.roll_up("steps", *day, pageSize=499, pageToken=token)) == expected
    assert reason(shared_api.roll_up("distance", *day, pageSize=500, pageToken=token)) == expected
    other_day = instants(SPRING)
    assert (
        reason(shared_api.roll_up("steps", *other_day, pageSize=500, pageToken=token)) == expected
    )
    assert reason(shared_api.daily("steps", PLAIN, SPRING, pageToken=token))[0] == 400


def test_civil_windows(shared_api: Api) -> None:
    first = date(2025, 10, 25)
    found = windows(shared_api.daily("steps", first, date(2025, 10, 28), windowSizeDays=2))
    starts = [each["civilStartTime"]["date"]["day"] for each in found]
    ends = [each["civilEndTime"]["date"]["day"] for each in found]
    assert (starts, ends) == ([27, 25], [28, 27])  # the last one is cut
    assert all(each["civilStartTime"]["time"] == {} for each in found)


def test_an_end_inside_a_day_cuts_the_last_window(shared_api: Api) -> None:
    start = {"date": {"year": 2026, "month": 11, "day": 12}}
    end = start | {"time": {"hours": 12}}
    (cut,) = windows(
        shared_api.post("steps", "dailyRollUp", {"range": {"start": start, "end": end}})
    )
    (whole,) = windows(shared_api.daily("steps", PLAIN, PLAIN + timedelta(days=1)))
    assert cut["civilEndTime"] == end
    assert int(cut["steps"]["countSum"]) < int(whole["steps"]["countSum"])


def test_days_off_are_absent(shared_api: Api, person: SyntheticPerson) -> None:
    first, end = date(2026, 11, 7), date(2026, 11, 13)
    days = [
        each["civilStartTime"]["date"]["day"]
        for each in windows(shared_api.daily("steps", first, end))
    ]
    worn = [day for day in range(12, 6, -1) if person.day(date(2026, 11, day)).worn.any()]
    assert days == worn
    assert len(worn) < 6


def test_nothing_newer_than_the_last_sync(api: Api, clock: Clock, person: SyntheticPerson) -> None:
    clock.instant = datetime(2026, 11, 2, 20, 0, tzinfo=UTC)
    api.log_in()
    synced = person.last_sync(clock())
    assert clock() - synced > timedelta(days=1)  # the phone is away on these days
    start = (synced - timedelta(days=1)).replace(microsecond=0)
    minutes = windows(api.roll_up("steps", start.isoformat(), clock().isoformat()))
    assert all(datetime.fromisoformat(each["endTime"]) <= synced for each in minutes)
    assert minutes
    found = windows(api.roll_up("heart-rate", start.isoformat(), clock().isoformat()))
    newest = datetime.fromisoformat(found[0]["startTime"])
    assert synced - timedelta(hours=2) < newest < synced
    device = api.get("pairedDevices").json()["pairedDevices"][0]
    assert datetime.fromisoformat(device["lastSyncTime"]) == synced
    clock.forward(days=3)
    api.log_in()
    later = windows(api.roll_up("heart-rate", start.isoformat(), clock().isoformat()))
    assert datetime.fromisoformat(later[0]["startTime"]) > newest + timedelta(days=1)


@given(
    cuts=st.lists(st.integers(0, 3 * 1440), min_size=2, max_size=12, unique=True).map(sorted),
    data_type=st.sampled_from(TRUE_ZERO),
)
@settings(max_examples=40, deadline=None)
def test_windows_of_any_size_share_out_the_minutes(cuts: list[int], data_type: str) -> None:
    feed = Feed(_PERSON, datetime(2026, 11, 20, tzinfo=UTC))
    origin = int(day_start(AUTUMN, BERLIN).timestamp() * 1000)
    edges = origin + np.array(cuts, dtype=np.int64) * MINUTE_MS
    rule = DATA_TYPES[data_type].rollup
    assert rule is not None
    parts = roll_up(feed, rule, edges)
    whole = roll_up(feed, rule, edges[[0, -1]])
    numbers = [float(value.split(":")[1].strip('"}')) for value in parts.values if ":" in value]
    expected = [float(value.split(":")[1].strip('"}')) for value in whole.values if ":" in value]
    assert sum(numbers) == pytest.approx(sum(expected))


_PERSON = SyntheticPerson(BERLIN, date(2025, 6, 1), seed=3)
