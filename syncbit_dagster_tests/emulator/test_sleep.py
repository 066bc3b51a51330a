"""Sleep sessions: what they hold, when they appear, and how they are asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.core.civil import ONE_DAY

if TYPE_CHECKING:
    from syncbit_dagster.emulator.synthetic import SyntheticPerson
    from syncbit_dagster_tests.emulator.api import Api, Clock, Json

SPRING, AUTUMN = date(2026, 3, 29), date(2025, 10, 26)
ASLEEP = {"LIGHT", "DEEP", "REM", "ASLEEP"}


def ending(first: date, days: int = 1) -> str:
    member = "sleep.interval.civil_end_time"
    return f'{member} >= "{first}" AND {member} < "{first + timedelta(days=days)}"'


def local(session: Json, end: str) -> datetime:
    """The wall clock at the start or the end of a session, out of the session alone."""
    offset = int(session["interval"][f"{end}UtcOffset"].removesuffix("s"))
    instant = datetime.fromisoformat(session["interval"][f"{end}Time"]).replace(tzinfo=None)
    return instant + timedelta(seconds=offset)


def minutes(parts: list[Json]) -> float:
    edges = [[datetime.fromisoformat(p[f"{e}Time"]) for e in ("start", "end")] for p in parts]
    return sum((end - start for start, end in edges), timedelta()) / timedelta(minutes=1)


def test_the_sessions_of_a_month(shared_api: Api, person: SyntheticPerson) -> None:
    """Each on the civil day of its end, newest first, with a summary that follows from it."""
    first = date(2026, 10, 12)
    found = shared_api.all_points("sleep", filter=ending(first, 31))
    sessions = [point["sleep"] for point in found]
    made = [each for n in range(31) for each in person.sleep(first + n * ONE_DAY)]
    names = [point["name"].rpartition("/")[2] for point in found]
    assert names == [each.id for each in reversed(made)]
    starts = [session["interval"]["startTime"] for session in sessions]
    assert starts == sorted(starts, reverse=True)
    main: dict[date, int] = {}
    for session in sessions:
        _check_summary(session)
        day, metadata = local(session, "end").date(), session["metadata"]
        assert ("mainSleep" in metadata) != ("nap" in metadata)  # what is false is left out
        main[day] = main.get(day, 0) + ("mainSleep" in metadata)
    assert set(main.values()) == {1}
    assert len(sessions) > len(main) > 25
    assert {session["type"] for session in sessions} == {"STAGES", "CLASSIC"}
    assert any(local(each, "start").date() < local(each, "end").date() for each in sessions)


def _check_summary(session: Json) -> None:
    stages, summary = session["stages"], session["summary"]
    known = {"AWAKE", "LIGHT", "DEEP", "REM"}, {"AWAKE", "RESTLESS", "ASLEEP"}
    assert {stage["type"] for stage in stages} <= known[session["type"] == "CLASSIC"]
    assert stages[0]["startTime"] == session["interval"]["startTime"]
    assert all(a["endTime"] == b["startTime"] for a, b in pairwise(stages))
    asleep = minutes([stage for stage in stages if stage["type"] in ASLEEP])
    awake = minutes([stage for stage in stages if stage["type"] == "AWAKE"])
    # Half minutes are cut off everywhere but in the minutes awake, as in a recorded answer.
    assert summary["minutesInSleepPeriod"] == str(int(minutes([session["interval"]])))
    assert summary["minutesAsleep"] == str(int(asleep))
    assert summary["minutesAwake"] == str(int(awake + 0.5))
    for part in summary["stagesSummary"]:
        same = [stage for stage in stages if stage["type"] == part["type"]]
        assert (part["count"], part["minutes"]) == (str(len(same)), str(int(minutes(same))))


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
    assert (early["metadata"], early["type"]) == ({"mainSleep": True}, "CLASSIC")
    assert set(early["summary"]) == {"minutesInSleepPeriod"}
    assert not {"stages", "shortAwakenings"} & set(early)
    (late,) = seen(timedelta(hours=3))
    assert late["metadata"] == {"processed": True, "stagesStatus": "SUCCEEDED", "mainSleep": True}
    assert late["interval"] == early["interval"]
    assert late["updateTime"] > early["updateTime"] == early["createTime"] == late["createTime"]


def test_a_page_has_at_most_25_sessions(shared_api: Api) -> None:
    for method in ("", ":reconcile"):
        pages = shared_api.walk("sleep", method, filter=ending(date(2026, 8, 1), 90), pageSize=1000)
        sizes = [len(page) for page in pages if page]
        assert set(sizes[:-1]) == {25}
        assert len(sizes) > 3
