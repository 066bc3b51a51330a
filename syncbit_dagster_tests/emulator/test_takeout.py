"""A person out of an export: made-up files for the odd cases, a real export for the rest."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from syncbit_dagster.civil import DayRange
from syncbit_dagster.emulator.google_health.feed import Feed
from syncbit_dagster.emulator.person import MINUTE_MS
from syncbit_dagster.emulator.records import Stage, Staging
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.takeout import TakeoutPerson
from syncbit_dagster.errors import ConfigError
from syncbit_dagster_tests.emulator.api import Api, Clock, windows

if TYPE_CHECKING:
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
AUTUMN = date(2021, 10, 31)


def rows(start: datetime, values: list[Any], minutes: int = 1) -> list[dict[str, Any]]:
    return [
        {
            "dateTime": f"{start + timedelta(minutes=minutes * n):%m/%d/%y %H:%M:%S}",
            "value": value,
        }
        for n, value in enumerate(values)
    ]


def write(path: Path, content: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def test_a_day(tmp_path: Path) -> None:
    start = datetime(2021, 6, 11, 8, 0, tzinfo=UTC)
    write(tmp_path / "steps-2021-06-11.json", rows(start, ["0", "47", "21"]))
    write(tmp_path / "a" / "distance-2021-06-11.json.gz", rows(start, ["0", "3300", "1480"]))
    samples = rows(start + timedelta(minutes=10), [{"bpm": 61, "confidence": 3}, {"bpm": 62}])
    write(tmp_path / "b" / "heart_rate-2021-06-11.json", samples)
    person = TakeoutPerson(tmp_path, BERLIN)
    assert (person.first_day, person.last_day) == (date(2021, 6, 11), date(2021, 6, 11))
    day = person.day(date(2021, 6, 11))
    eight = 10 * 60  # the wall clock is two hours ahead
    assert day.steps is not None
    assert day.distance_mm is not None
    assert day.steps[eight : eight + 3].tolist() == [0, 47, 21]
    assert day.distance_mm[eight : eight + 3].tolist() == [0, 33_000, 14_800]
    assert np.flatnonzero(day.worn).tolist() == [600, 601, 602, 610, 611]
    assert day.heart_bpm.tolist() == [61, 62]
    assert day.heart_ms[0] == int((start + timedelta(minutes=10)).timestamp() * 1000)
    absent = (day.floors, day.altitude_gain_mm, day.calories_kcal, day.level, day.heart_zone)
    assert absent == (None,) * 5
    assert person.last_sync(datetime(2030, 1, 1, tzinfo=UTC)) == start + timedelta(
        minutes=11, seconds=1
    )
    assert person.last_sync(start) == start
    assert person.day(date(2021, 6, 12)).steps is None


def test_a_minute_that_comes_twice_counts_once(tmp_path: Path) -> None:
    start = datetime(2021, 6, 11, 8, 0, tzinfo=UTC)
    write(tmp_path / "steps-2021-06-11.json", rows(start, ["47"]) + rows(start, ["0"]))
    write(tmp_path / "steps-2021-06-12.json", rows(start, ["12"]))
    day = TakeoutPerson(tmp_path, BERLIN).day(date(2021, 6, 11))
    assert day.steps is not None
    assert day.steps.sum() == 47


@pytest.mark.parametrize(
    ("day", "minutes", "with_calories"),
    [(AUTUMN, 1500, 1440), (date(2021, 3, 28), 1380, 1380), (date(2021, 6, 11), 1440, 1440)],
)
def test_calories_follow_the_wall_clock(
    tmp_path: Path, day: date, minutes: int, with_calories: int
) -> None:
    table = rows(midnight(day), [str(n) for n in range(1440)])
    write(tmp_path / "calories-2021.json", table)
    made = TakeoutPerson(tmp_path, BERLIN).day(day)
    assert made.calories_kcal is not None
    assert len(made.calories_kcal) == minutes
    known = made.calories_kcal[~np.isnan(made.calories_kcal)]
    assert len(known) == with_calories
    assert not made.worn.any()  # basal calories are filled in for every minute
    assert (np.diff(known) > 0).all()
    assert made.calories_kcal[0] == 0
    assert made.calories_kcal[-1] == 1439
    if day == AUTUMN:
        assert made.calories_kcal[120:180].tolist() == list(range(120, 180))  # the first pass
        assert np.isnan(made.calories_kcal[180:240]).all()


def test_resting_heart_rate(tmp_path: Path) -> None:
    values = [
        {"date": "06/11/21", "value": 52.4, "error": 6.8},
        {"date": None, "value": 0.0, "error": 0.0},
        {"date": "06/13/21", "value": 0.0},
    ]
    write(tmp_path / "resting_heart_rate-2021-06-11.json", rows(midnight(AUTUMN), values, 1440))
    person = TakeoutPerson(tmp_path, BERLIN)
    assert person.daily(date(2021, 6, 11)).resting_heart_rate == 52
    assert person.daily(date(2021, 6, 12)).resting_heart_rate is None
    assert person.daily(date(2021, 6, 13)).resting_heart_rate is None
    assert person.last_day == date(2021, 6, 11)


def test_a_folder_without_files(tmp_path: Path) -> None:
    write(tmp_path / "sleep-2021-06-11.json", [])
    with pytest.raises(ConfigError, match="no Fitbit files"):
        TakeoutPerson(tmp_path, BERLIN)


CHICAGO = ZoneInfo("America/Chicago")


def sleep_log(log_id: int, start: str, end: str, **changes: Any) -> dict[str, Any]:
    return {
        "logId": log_id,
        "startTime": f"{start}.000",
        "endTime": f"{end}.000",
        "type": "classic",
        "infoCode": 2,
        "levels": {"data": []},
    } | changes


def part(start: str, level: str, seconds: int) -> dict[str, Any]:
    return {"dateTime": f"{start}.000", "level": level, "seconds": seconds}


def test_sleep(tmp_path: Path) -> None:
    """Local times without zone; by the day of the end; a log in two files counts once."""
    night = sleep_log(
        7,
        "2021-06-10T23:30:00",
        "2021-06-11T03:00:00",
        type="stages",
        infoCode=0,
        levels={
            "data": [
                part("2021-06-10T23:30:00", "wake", 600),
                part("2021-06-10T23:40:00", "deep", 2_400),
                part("2021-06-11T00:20:00", "light", 7_200),
                part("2021-06-11T02:20:00", "rem", 2_400),
            ],
            "shortData": [part("2021-06-11T00:40:00", "wake", 30)],
        },
    )
    nap = sleep_log(
        8,
        "2021-06-11T13:00:00",
        "2021-06-11T14:30:30",
        levels={"data": [part("2021-06-11T13:00:00", "asleep", 5_400)]},
    )
    write(tmp_path / "sleep-2021-06-01.json", [nap, night])
    write(tmp_path / "sleep-2021-06-11.json.gz", [night])
    person = TakeoutPerson(tmp_path, BERLIN)
    assert (person.first_day, person.last_day) == (date(2021, 6, 11), date(2021, 6, 11))
    first, second = person.sleep(date(2021, 6, 11))
    assert (first.id, second.id) == ("7", "8")
    assert _utc(first.start_ms) == datetime(2021, 6, 10, 21, 30, tzinfo=UTC)
    assert (first.end_ms - first.start_ms) == 210 * MINUTE_MS
    assert [each.stage for each in first.segments] == [
        Stage.AWAKE,
        Stage.DEEP,
        Stage.LIGHT,
        Stage.REM,
    ]
    assert first.segments[-1].end_ms == first.end_ms
    (awake,) = first.awakenings
    assert awake.end_ms - awake.start_ms == 30_000
    assert (first.staging, second.staging) == (Staging.DONE, Staging.TOO_SHORT)
    assert second.end_ms - second.segments[-1].end_ms == 30_000
    assert person.sleep(date(2021, 6, 10)) == ()
    assert [each.id for each in Feed(person, _utc(second.end_ms - 1)).sleep(AUTUMN)] == []


@pytest.mark.parametrize(("code", "staging"), [(1, "NO_HEART_RATE"), (3, "FAILED")])
def test_why_a_session_has_no_stages(tmp_path: Path, code: int, staging: str) -> None:
    log = sleep_log(1, "2021-06-11T01:00:00", "2021-06-11T06:00:00", infoCode=code)
    write(tmp_path / "sleep-2021-06-01.json", [log])
    (session,) = TakeoutPerson(tmp_path, BERLIN).sleep(date(2021, 6, 11))
    assert session.staging is Staging[staging]


def test_sleep_in_the_night_when_an_hour_comes_twice(tmp_path: Path) -> None:
    """Readings of the second pass are told by what came before them."""
    data = [
        part("2021-10-31T01:30:00", "asleep", 4_500),
        part("2021-10-31T02:45:00", "restless", 1_800),
        part("2021-10-31T02:15:00", "asleep", 2_700),
    ]
    log = sleep_log(1, "2021-10-31T01:30:00", "2021-10-31T03:00:00", levels={"data": data})
    write(tmp_path / "sleep-2021-10-01.json", [log])
    (session,) = TakeoutPerson(tmp_path, BERLIN).sleep(AUTUMN)
    assert session.end_ms - session.start_ms == 150 * MINUTE_MS
    for before, after in pairwise(session.segments):
        assert before.end_ms == after.start_ms
    assert session.segments[-1].end_ms == session.end_ms


def test_weights(tmp_path: Path) -> None:
    """Pounds and local time; fat only where a file has it; one reading a second."""

    def weight(log_id: int, pounds: float, time: str, **more: float) -> dict[str, Any]:
        return {
            "logId": log_id,
            "weight": pounds,
            "bmi": 24.7,
            "date": "06/11/21",
            "time": time,
        } | more

    logs = [
        weight(2, 176.4, "21:10:05"),
        weight(1, 175.0, "07:05:59", fat=20.5),
        weight(3, 176.6, "21:10:05", fat=21.25),
    ]
    write(tmp_path / "weight-2021-06-01.json", logs)
    person = TakeoutPerson(tmp_path, CHICAGO)
    body = person.body(date(2021, 6, 11))
    morning, evening = body.weights
    assert _utc(morning.at_ms) == datetime(2021, 6, 11, 12, 5, 59, tzinfo=UTC)
    assert (morning.value, evening.value) == (79_378.7, 80_104.4)
    assert evening.id == "3"
    assert [(each.at_ms, each.value) for each in body.body_fat] == [
        (morning.at_ms, 20.5),
        (evening.at_ms, 21.25),
    ]
    assert all(each.is_manual for each in (*body.weights, *body.body_fat))
    assert (person.first_day, person.last_day) == (date(2021, 6, 11), date(2021, 6, 11))
    assert person.body(AUTUMN).weights == body.heights == ()


@pytest.mark.recordings
def test_real_sleep_is_served_whole(recordings: Path) -> None:
    """Sessions, days, lengths and main sleeps are those of the files; minutes those of stages."""
    folder = recordings / "data" / "takeout_us_central_2021-06"
    logs = {str(log["logId"]): log for log in _read(folder, "sleep")}
    with running_emulator(TakeoutPerson(folder, CHICAGO), now=Clock()) as emulator:
        api = Api(emulator)
        api.log_in()
        with api.session:
            text = 'sleep.interval.civil_end_time >= "2021-06-01"'
            found = api.all_points("sleep", ":reconcile", filter=text)
            devices = api.get("pairedDevices").json()["pairedDevices"]
    assert {point["dataPointName"].split("/")[-1] for point in found} == set(logs)
    for point in found:
        log, session = logs[point["dataPointName"].split("/")[-1]], point["sleep"]
        assert session["type"] == log["type"].upper()
        assert ("mainSleep" in session["metadata"]) == log["mainSleep"]
        end = datetime.fromisoformat(session["interval"]["endTime"]).astimezone(CHICAGO)
        assert end.date().isoformat() == log["dateOfSleep"]
        assert end.replace(tzinfo=None) == datetime.fromisoformat(log["endTime"])
        assert session["summary"]["minutesInSleepPeriod"] == str(log["timeInBed"])
        parts = log["levels"]["data"]
        asleep = sum(each["seconds"] for each in parts if each["level"] not in NOT_ASLEEP)
        assert session["summary"]["minutesAsleep"] == str(asleep // 60)
        assert len(session["stages"]) == len(parts)
        assert len(session.get("shortAwakenings", [])) == len(log["levels"].get("shortData", []))
    assert [device["deviceType"] for device in devices] == ["TRACKER"]
    assert "batteryLevel" not in devices[0]


NOT_ASLEEP = {"wake", "awake", "restless"}


@pytest.mark.recordings
def test_a_real_export_is_served_whole(recordings: Path) -> None:
    """What the files say is what the API answers, day by day."""
    folder = recordings / "data" / "takeout_us_central_2021-06"
    person = TakeoutPerson(folder, CHICAGO)
    steps: dict[date, int] = {}
    for row in _read(folder, "steps"):
        instant = datetime.strptime(row["dateTime"], "%m/%d/%y %H:%M:%S").replace(tzinfo=UTC)
        day = instant.astimezone(CHICAGO).date()
        steps[day] = steps.get(day, 0) + int(row["value"])
    calories: dict[date, float] = {}
    for row in _read(folder, "calories"):
        month, number, year = map(int, row["dateTime"][:8].split("/"))
        day = date(2000 + year, month, number)
        calories[day] = calories.get(day, 0.0) + float(row["value"])
    with running_emulator(person, now=Clock()) as emulator:
        api = Api(emulator)
        api.log_in()
        with api.session:
            for days in DayRange(person.first_day, person.last_day).chunks(14):
                end = days.last + timedelta(days=1)
                served = windows(api.daily("steps", days.first, end))
                assert {_date(each): int(each["steps"]["countSum"]) for each in served} == {
                    day: steps[day] for day in days if day in steps
                }
                served = windows(api.daily("total-calories", days.first, end))
                assert {_date(each): each["totalCalories"]["kcalSum"] for each in served} == {
                    day: pytest.approx(calories[day]) for day in days if day in calories
                }
                for absent in ("floors", "active-minutes", "time-in-heart-rate-zone"):
                    assert windows(api.daily(absent, days.first, end)) == []
            member = "heart_rate.sample_time.civil_time"
            text = f'{member} >= "2021-06-15" AND {member} < "2021-06-16"'
            found = [p for page in api.walk("heart-rate", filter=text, pageSize=5000) for p in page]
    (file,) = folder.glob("heart_rate-2021-06-15.*")
    rates = [row["value"]["bpm"] for row in json.loads(gzip.decompress(file.read_bytes()))]
    assert [int(point["heartRate"]["beatsPerMinute"]) for point in found][::-1] == rates


def _read(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [
        row
        for path in folder.glob(f"{kind}-*.json.gz")
        for row in json.loads(gzip.decompress(path.read_bytes()))
    ]


def _utc(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _date(window: dict[str, Any]) -> date:
    return date(**window["civilStartTime"]["date"])
