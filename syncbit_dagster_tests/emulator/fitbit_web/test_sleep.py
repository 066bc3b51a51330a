"""Sleep logs: what they hold, when they appear, and that their sums are those of real logs."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.core.civil import ONE_DAY
from syncbit_dagster.emulator.fitbit_web import sleep
from syncbit_dagster.emulator.person import MINUTE_MS
from syncbit_dagster.emulator.records import Segment, SleepSession, Stage, Staging
from syncbit_dagster.emulator.takeout import TakeoutPerson
from syncbit_dagster_tests.emulator.conftest import BERLIN
from syncbit_dagster_tests.emulator.fitbit_web.api import ask

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.emulator.person import Person
    from syncbit_dagster.emulator.synthetic import SyntheticPerson
    from syncbit_dagster_tests.emulator.api import Clock
    from syncbit_dagster_tests.emulator.fitbit_web.api import Json, WebApi

FIRST, LAST = date(2026, 8, 1), date(2026, 11, 8)
"""As many days as one request may ask for."""

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def logs(web: WebApi, first: date, last: date) -> list[Json]:
    found = web.json(f"sleep/date/{first}/{last}", version="1.2")
    assert set(found) == {"sleep"}
    sleeps: list[Json] = found["sleep"]
    return sleeps


def reading(text: str) -> datetime:
    assert text.endswith((":00.000", ":30.000"))
    found = datetime.fromisoformat(text)
    assert found.tzinfo is None
    return found


def test_the_logs_of_a_season(shared_web: WebApi, person: SyntheticPerson) -> None:
    """Every session once, under its number, newest first, on the day of its end."""
    found = logs(shared_web, FIRST, LAST)
    made = [
        session
        for n in range((LAST - FIRST).days + 1)
        for session in person.sleep(FIRST + n * ONE_DAY)
    ]
    assert [log["logId"] for log in found] == [int(session.id) for session in reversed(made)]
    assert {log["type"] for log in found} == {"stages", "classic"}
    assert {log["infoCode"] for log in found if log["type"] == "classic"} == {1, 2}
    assert {log["infoCode"] for log in found if log["type"] == "stages"} == {0}
    by_day: dict[str, list[Json]] = {}
    for log in found:
        assert log["dateOfSleep"] == reading(log["endTime"]).date().isoformat()
        by_day.setdefault(log["dateOfSleep"], []).append(log)
        check_log(log)
    assert all(sum(log["isMainSleep"] for log in day) == 1 for day in by_day.values())
    assert len(found) > len(by_day) > 80


def check_log(log: Json) -> None:
    """Minutes fill the time in bed, and the segments fill it in order."""
    assert log["duration"] == log["timeInBed"] * MINUTE_MS
    assert log["minutesAsleep"] + log["minutesAwake"] == log["timeInBed"]
    assert log["efficiency"] == round(100 * log["minutesAsleep"] / log["timeInBed"])
    levels = log["levels"]
    names = {"deep", "light", "rem", "wake"} if log["type"] == "stages" else set()
    assert set(levels["summary"]) == names or {"asleep", "awake", "restless"}
    assert {part["level"] for part in levels["data"]} <= set(levels["summary"])
    assert ("shortData" in levels) == (log["type"] == "stages")
    assert levels["data"][0]["dateTime"] == log["startTime"]
    if log["type"] == "stages":
        assert levels["summary"]["wake"]["minutes"] == log["minutesAwake"]
    else:
        assert levels["summary"]["asleep"] == {"count": 0, "minutes": log["minutesAsleep"]}
    if log["timeInBed"] == by_clock(log):
        for part, following in pairwise(levels["data"]):
            end = reading(part["dateTime"]) + timedelta(seconds=part["seconds"])
            assert end == reading(following["dateTime"])


def by_clock(log: Json) -> int:
    return (reading(log["endTime"]) - reading(log["startTime"])) // timedelta(minutes=1)


@pytest.mark.parametrize(("day", "lost"), [(date(2026, 3, 29), 60), (date(2025, 10, 26), -60)])
def test_a_night_of_a_clock_change(shared_web: WebApi, day: date, lost: int) -> None:
    """Local times, but the real length."""
    (main,) = (log for log in logs(shared_web, day, day) if log["isMainSleep"])
    assert main["timeInBed"] == by_clock(main) - lost
    seconds = sum(part["seconds"] for part in main["levels"]["data"])
    assert seconds * 1000 == main["duration"]


def test_one_day_has_sums(shared_web: WebApi) -> None:
    """The same logs, and what they amount to together."""
    season = logs(shared_web, FIRST, LAST)
    naps = {log["dateOfSleep"] for log in season if not log["isMainSleep"]}
    for day in (*sorted(naps)[:2], "2026-11-09"):
        found = shared_web.json(f"sleep/date/{day}", version="1.2")
        same = logs(shared_web, date.fromisoformat(day), date.fromisoformat(day))
        assert found["sleep"] == same
        stages = found["summary"].pop("stages", {})
        assert found["summary"] == {
            "totalMinutesAsleep": sum(log["minutesAsleep"] for log in same),
            "totalSleepRecords": len(same),
            "totalTimeInBed": sum(log["timeInBed"] for log in same),
        }
        for level, minutes in stages.items():
            staged = [log["levels"]["summary"] for log in same if log["type"] == "stages"]
            assert minutes == sum(summary[level]["minutes"] for summary in staged)


def test_a_day_without_sleep(shared_web: WebApi, person: SyntheticPerson) -> None:
    for day in (date(2026, 11, 10), person.first_day - ONE_DAY, date(2026, 12, 24)):
        assert shared_web.json(f"sleep/date/{day}", version="1.2") == {
            "sleep": [],
            "summary": {"totalMinutesAsleep": 0, "totalSleepRecords": 0, "totalTimeInBed": 0},
        }
        assert shared_web.json(f"sleep/date/{day}/{day}", version="1.2") == {"sleep": []}


def test_a_log_appears_when_it_is_done(web: WebApi, clock: Clock, person: SyntheticPerson) -> None:
    """While the server works on it there is no log, and the answer says so."""
    day = date(2026, 11, 19)
    (made,) = person.sleep(day)

    def seen(after: timedelta, path: str) -> Json:
        clock.instant = datetime.fromtimestamp(made.end_ms / 1000, UTC) + after
        web.log_in()
        found: Json = web.json(path, version="1.2")
        return found

    for path in (f"sleep/date/{day}", f"sleep/date/{day}/{day}"):
        early = seen(timedelta(minutes=-1), path)
        assert early["sleep"] == []
        assert "meta" not in early
        pending = seen(timedelta(hours=2), path)
        assert pending["sleep"] == []
        assert pending["meta"] == {"retryDuration": 3000, "state": "pending"}
        done = seen(timedelta(hours=3), path)
        assert [log["logId"] for log in done["sleep"]] == [int(made.id)]
        assert "meta" not in done


class Dreamer:
    """A person with given sessions."""

    zone = BERLIN
    first_day = date(2020, 1, 1)

    def __init__(self, *sessions: SleepSession) -> None:
        self.sessions = sessions

    def sleep(self, _civil_day: date) -> tuple[SleepSession, ...]:
        return self.sessions

    def last_sync(self, now: datetime) -> datetime:
        return now


def log_of(session: SleepSession) -> Json:
    dreamer: Any = Dreamer(session)
    person: Person = dreamer
    (log,) = ask(sleep.day_logs, person, NOW, day="2020-01-02")["sleep"]
    found: Json = log
    return found


HALF = MINUTE_MS // 2


def test_short_awakenings_are_taken_out_of_the_stage_around_them() -> None:
    segments = (
        Segment(Stage.AWAKE, 0, 15 * HALF),
        Segment(Stage.LIGHT, 15 * HALF, 400 * HALF),
        Segment(Stage.DEEP, 400 * HALF, 500 * HALF),
    )
    awakenings = (
        Segment(Stage.AWAKE, 100 * HALF, 103 * HALF),
        Segment(Stage.AWAKE, 398 * HALF, 402 * HALF),
    )
    log = log_of(SleepSession("1", 0, 500 * HALF, Staging.DONE, segments, awakenings))
    assert log["levels"]["summary"] == {
        # 15 to 100 and 103 to 398; 402 to 500; in halves of a minute
        "light": {"count": 2, "minutes": 190, "thirtyDayAvgMinutes": 0},
        "deep": {"count": 1, "minutes": 49, "thirtyDayAvgMinutes": 0},
        "rem": {"count": 0, "minutes": 0, "thirtyDayAvgMinutes": 0},
        "wake": {"count": 3, "minutes": 11, "thirtyDayAvgMinutes": 0},
    }
    assert (log["minutesAsleep"], log["minutesAwake"]) == (239, 11)
    assert [part["seconds"] for part in log["levels"]["shortData"]] == [90, 120]


def test_a_classic_log_counts_restless_minutes_as_awake() -> None:
    segments = (
        Segment(Stage.ASLEEP, 0, 40 * MINUTE_MS),
        Segment(Stage.RESTLESS, 40 * MINUTE_MS, 46 * MINUTE_MS),
        Segment(Stage.AWAKE, 46 * MINUTE_MS, 50 * MINUTE_MS),
    )
    log = log_of(SleepSession("1", 0, 101 * HALF, Staging.TOO_SHORT, segments))
    assert log["type"] == "classic"
    assert log["levels"]["summary"] == {
        "asleep": {"count": 0, "minutes": 40},
        "awake": {"count": 1, "minutes": 4},
        "restless": {"count": 1, "minutes": 6},
    }
    assert (log["timeInBed"], log["minutesAsleep"], log["minutesAwake"]) == (50, 40, 10)
    assert log["efficiency"] == 80


@pytest.mark.recordings
def test_sums_are_those_of_recorded_logs(recordings: Path) -> None:
    """Out of the segments of recorded logs come the numbers that were recorded with them."""
    folder = recordings / "data" / "takeout_us_central_2021-06"
    recorded = {
        row["logId"]: row
        for path in folder.glob("sleep-*.json.gz")
        for row in json.loads(gzip.decompress(path.read_bytes()))
    }
    person = TakeoutPerson(folder, ZoneInfo("America/Chicago"))
    days = sorted(row["dateOfSleep"] for row in recorded.values())
    path = {"first": days[0], "second": days[-1]}
    now = datetime(2022, 1, 1, tzinfo=UTC)
    found = ask(sleep.range_logs, person, now, **path)["sleep"]
    assert {log["logId"] for log in found} == set(recorded)
    for log in found:
        row = recorded[log["logId"]]
        for name in ("dateOfSleep", "startTime", "endTime", "duration", "timeInBed", "type"):
            assert log[name] == row[name]
        for name in ("infoCode", "logType"):
            assert log[name] == row[name]
        assert log["levels"]["data"] == row["levels"]["data"]
        if log["type"] == "stages":
            assert log["levels"]["shortData"] == row["levels"].get("shortData", [])
            check_stages(log, row)


def check_stages(log: Json, row: Json) -> None:
    """Counts exactly; minutes to one, but for a single night that is three off."""
    summary = log["levels"]["summary"]
    for level, real in row["levels"]["summary"].items():
        assert summary[level]["count"] == real["count"]
    assert abs(log["minutesAsleep"] - row["minutesAsleep"]) <= 3
    for level in ("deep", "light", "rem"):
        assert abs(summary[level]["minutes"] - row["levels"]["summary"][level]["minutes"]) <= 3
