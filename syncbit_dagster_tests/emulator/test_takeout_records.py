"""Sleep and weights out of an export: made-up files for the odd cases, a real one for the rest."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.emulator.person import MINUTE_MS
from syncbit_dagster.emulator.records import Stage, Staging
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.server_view import Feed
from syncbit_dagster.emulator.takeout import TakeoutPerson
from syncbit_dagster_tests.emulator.api import Api, Clock
from syncbit_dagster_tests.emulator.test_takeout import AUTUMN, BERLIN, CHICAGO, read, write

if TYPE_CHECKING:
    from pathlib import Path

NOT_ASLEEP = {"wake", "awake", "restless"}


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
    logs = {str(log["logId"]): log for log in read(folder, "sleep")}
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


def _utc(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
