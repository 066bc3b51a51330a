"""Sleep sessions: what they hold, when they appear, and how they are asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.core.civil import ONE_DAY
from syncbit_dagster.emulator.google_health.sleep import sleep_events
from syncbit_dagster.emulator.person import MINUTE_MS
from syncbit_dagster.emulator.records import Segment, SleepSession, Stage, Staging
from syncbit_dagster.emulator.server_view import Feed
from syncbit_dagster_tests.emulator.api import reason
from syncbit_dagster_tests.emulator.conftest import BERLIN

if TYPE_CHECKING:
    from syncbit_dagster.emulator.person import Person
    from syncbit_dagster.emulator.synthetic import SyntheticPerson
    from syncbit_dagster_tests.emulator.api import Api, Clock, Json

FILTER = "INVALID_DATA_POINT_FILTER"
SPRING, AUTUMN = date(2026, 3, 29), date(2025, 10, 26)
ASLEEP = {"LIGHT", "DEEP", "REM", "ASLEEP"}


def ending(first: date, days: int = 1) -> str:
    member = "sleep.interval.civil_end_time"
    return f'{member} >= "{first}" AND {member} < "{first + timedelta(days=days)}"'


def local(session: Json, end: str) -> datetime:
    """The wall clock at the start or the end of a session, out of the session alone."""
    instant = datetime.fromisoformat(session["interval"][f"{end}Time"]).replace(tzinfo=None)
    return instant + timedelta(
        seconds=int(session["interval"][f"{end}UtcOffset"].removesuffix("s"))
    )


def minutes(parts: list[Json]) -> float:
    spans = (
        datetime.fromisoformat(part["endTime"]) - datetime.fromisoformat(part["startTime"])
        for part in parts
    )
    return sum(spans, timedelta()) / timedelta(minutes=1)


def test_the_sessions_of_a_month(shared_api: Api, person: SyntheticPerson) -> None:
    """Each on the civil day of its end, newest first, with a summary that follows from it."""
    first = date(2026, 10, 12)
    found = shared_api.all_points("sleep", filter=ending(first, 31))
    sessions = [point["sleep"] for point in found]
    made = [each for n in range(31) for each in person.sleep(first + n * ONE_DAY)]
    assert [point["name"].rpartition("/")[2] for point in found] == [
        each.id for each in reversed(made)
    ]
    starts = [session["interval"]["startTime"] for session in sessions]
    assert starts == sorted(starts, reverse=True)
    for session in sessions:
        _check_summary(session)
    assert {session["type"] for session in sessions} == {"STAGES", "CLASSIC"}
    assert any(local(each, "start").date() < local(each, "end").date() for each in sessions)


def _check_summary(session: Json) -> None:
    stages, summary = session["stages"], session["summary"]
    names = {"AWAKE", "LIGHT", "DEEP", "REM"}
    assert {stage["type"] for stage in stages} <= (
        names if session["type"] == "STAGES" else {"AWAKE", "RESTLESS", "ASLEEP"}
    )
    assert stages[0]["startTime"] == session["interval"]["startTime"]
    assert all(a["endTime"] == b["startTime"] for a, b in pairwise(stages))
    period = minutes([session["interval"]])
    asleep = minutes([stage for stage in stages if stage["type"] in ASLEEP])
    awake = minutes([stage for stage in stages if stage["type"] == "AWAKE"])
    assert summary["minutesInSleepPeriod"] == str(int(period))
    assert summary["minutesAsleep"] == str(int(asleep))
    assert summary["minutesAwake"] == str(int(awake + 0.5))
    for part in summary["stagesSummary"]:
        same = [stage for stage in stages if stage["type"] == part["type"]]
        assert (part["count"], part["minutes"]) == (str(len(same)), str(int(minutes(same))))
    for short in session.get("shortAwakenings", []):
        (around,) = (
            stage
            for stage in stages
            if stage["startTime"] <= short["startTime"] and short["endTime"] <= stage["endTime"]
        )
        assert around["type"] == "LIGHT"
        assert minutes([short]) <= 3


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_a_night_of_a_clock_change(shared_api: Api, day: date) -> None:
    """The offsets differ, and the length is the real one."""
    main = next(
        point["sleep"]
        for point in shared_api.all_points("sleep", filter=ending(day))
        if point["sleep"]["metadata"].get("mainSleep")
    )
    interval = main["interval"]
    offsets = ("3600s", "7200s") if day == SPRING else ("7200s", "3600s")
    assert (interval["startUtcOffset"], interval["endUtcOffset"]) == offsets
    by_clock = (local(main, "end") - local(main, "start")) / timedelta(minutes=1)
    hour = 60 if day == AUTUMN else -60
    assert int(main["summary"]["minutesInSleepPeriod"]) == by_clock + hour
    changed = [stage for stage in main["stages"] if stage["startUtcOffset"] == offsets[1]]
    assert 0 < len(changed) < len(main["stages"])


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


def main_sleep(*sessions: SleepSession) -> list[bool]:
    dreamer: Any = Dreamer(*sessions)
    person: Person = dreamer
    events = sleep_events(Feed(person, datetime(2026, 1, 1, tzinfo=UTC)), date(2020, 1, 2))
    return ['"mainSleep":true' in event.value for event in events]


def test_the_main_sleep() -> None:
    """The longest with stages; the longest of all only where none has any."""

    def session(start: int, length: int, staging: Staging) -> SleepSession:
        return SleepSession(str(start), start, start + length, staging, ())

    short, long = (session(at, size, Staging.DONE) for at, size in ((0, 200), (300, 250)))
    classic = session(1000, 900, Staging.NO_HEART_RATE)
    nap = session(3000, 60, Staging.TOO_SHORT)
    assert main_sleep(short, long, classic) == [False, True, False]
    assert main_sleep(classic, nap) == [True, False]
    assert main_sleep(nap) == [True]
    assert main_sleep() == []


def test_every_day_has_one_main_sleep(shared_api: Api) -> None:
    found = shared_api.all_points("sleep", filter=ending(date(2026, 6, 1), 150))
    days: dict[date, int] = {}
    for point in found:
        metadata = point["sleep"]["metadata"]
        assert ("mainSleep" in metadata) != ("nap" in metadata)  # what is false is left out
        day = local(point["sleep"], "end").date()
        days[day] = days.get(day, 0) + ("mainSleep" in metadata)
    assert set(days.values()) == {1}
    assert len(found) > len(days) > 130


def test_a_session_without_segments_has_only_its_length() -> None:
    dreamer: Any = Dreamer(SleepSession("1", 0, 90 * MINUTE_MS, Staging.TOO_SHORT, ()))
    (event,) = sleep_events(Feed(dreamer, datetime(2026, 1, 1, tzinfo=UTC)), date(1970, 1, 1))
    assert '"summary":{"minutesInSleepPeriod":"90"}' in event.value
    assert '"stages"' not in event.value


def test_half_minutes() -> None:
    """As in a recorded answer: they are cut off everywhere but in the minutes awake."""
    half = MINUTE_MS // 2
    segments = (
        Segment(Stage.AWAKE, 0, 15 * half),
        Segment(Stage.LIGHT, 15 * half, 400 * half),
        Segment(Stage.DEEP, 400 * half, 500 * half),
    )
    dreamer: Any = Dreamer(SleepSession("1", 0, 500 * half, Staging.DONE, segments))
    (event,) = sleep_events(Feed(dreamer, datetime(2026, 1, 1, tzinfo=UTC)), date(1970, 1, 1))
    assert '"minutesAsleep":"242","minutesAwake":"8"' in event.value
    assert '{"type":"AWAKE","minutes":"7","count":"1"}' in event.value
    assert '{"type":"LIGHT","minutes":"192","count":"1"}' in event.value


def test_a_session_appears_when_it_ended_and_gets_its_stages_later(
    api: Api, clock: Clock, person: SyntheticPerson
) -> None:
    day = date(2026, 11, 19)
    (made,) = person.sleep(day)

    def seen(after: timedelta) -> list[Json]:
        clock.instant = datetime.fromtimestamp(made.end_ms / 1000, UTC) + after
        api.log_in()
        return [point["sleep"] for point in api.all_points("sleep", filter=ending(day))]

    assert seen(timedelta(minutes=-1)) == []
    (early,) = seen(timedelta(hours=2))
    assert early["metadata"] == {"mainSleep": True}
    assert early["type"] == "CLASSIC"
    assert early["summary"] == {"minutesInSleepPeriod": early["summary"]["minutesInSleepPeriod"]}
    assert not {"stages", "shortAwakenings"} & set(early)
    (late,) = seen(timedelta(hours=3))
    assert late["metadata"] == {"processed": True, "stagesStatus": "SUCCEEDED", "mainSleep": True}
    assert late["interval"] == early["interval"]
    assert late["updateTime"] > early["updateTime"] == early["createTime"] == late["createTime"]


@pytest.mark.parametrize("method", ["", ":reconcile"])
def test_a_page_has_at_most_25_sessions(shared_api: Api, method: str) -> None:
    asked = ending(date(2026, 8, 1), 90)

    def sizes_of_pages(size: object) -> list[int]:
        pages = shared_api.walk("sleep", method, filter=asked, pageSize=size)
        return [len(page) for page in pages if page]

    sizes = {size: sizes_of_pages(size) for size in ("", 1000, 20)}
    assert sizes[""] == sizes[1000]
    assert set(sizes[1000][:-1]) == {25}
    assert set(sizes[20][:-1]) == {20}
    assert len(sizes[1000]) > 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('sleep.interval.start_time >= "2026-11-10T00:00:00Z"', f"{FILTER}_DATA_TYPE_MEMBER"),
        ('sleep.interval.civil_start_time >= "2026-11-10"', f"{FILTER}_DATA_TYPE_MEMBER"),
        ('sleep.date >= "2026-11-10"', f"{FILTER}_DATA_TYPE_MEMBER"),
        ('sleep.interval.civil_end_time > "2026-11-10"', f"{FILTER}_RESTRICTION_COMPARATOR"),
        ('sleep.interval.end_time >= "2026-11-10"', f"{FILTER}_TIMESTAMP_FORMAT"),
        (
            'sleep.interval.civil_end_time >= "2026-11-10T00:00:00Z"',
            f"{FILTER}_CIVIL_DATE_TIME_FORMAT",
        ),
    ],
)
@pytest.mark.parametrize("method", ["", ":reconcile"])
def test_filters_that_are_none(shared_api: Api, method: str, text: str, expected: str) -> None:
    assert reason(shared_api.points("sleep", method, filter=text)) == (400, expected)


def test_filters_go_by_the_end(shared_api: Api) -> None:
    """The end itself is inside when it is the first instant, and outside when it is the last."""
    (newest, *_) = shared_api.all_points("sleep", filter=ending(date(2026, 11, 1), 19))
    end = newest["sleep"]["interval"]["endTime"]
    clock = local(newest["sleep"], "end").isoformat()
    for member, literal in (("end_time", end), ("civil_end_time", clock)):
        name = f"sleep.interval.{member}"
        recent = f'{name} >= "2026-11-01{"T00:00:00Z" * (member == "end_time")}"'
        first, second = (
            shared_api.all_points("sleep", filter=f'{recent} AND {name} {comparator} "{literal}"')
            for comparator in (">=", "<")
        )
        assert newest in first
        assert newest not in second
        assert len(second) > 10


def test_a_list_of_sleep_has_no_families(shared_api: Api) -> None:
    """The reference: not for a list of sleep; reconciled sleep has them."""
    family = "users/me/dataSourceFamilies/google-wearables"
    asked = {"filter": ending(date(2026, 11, 1), 10), "dataSourceFamily": family}
    refused = shared_api.points("sleep", **asked)
    assert reason(refused) == (400, "INVALID_DATA_POINT_DATA_SOURCE_FAMILY")
    assert shared_api.all_points("sleep", ":reconcile", **asked)
