"""Sleep logs, version 1.2: those that end in a range of days, newest first.

Real logs showed the sums: short awakenings lie inside the segments of ``data``, and the summary
takes them out of the stage around them; each of them, and each part of a stage that they leave,
counts as one. The minutes of all stages fill the time in bed, which is cut to whole minutes. In a
classic log only restless and awake stretches are counted, and both of them are minutes awake.

The Google Health API tells the same nights without taking the short awakenings out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from syncbit_dagster.emulator.fitbit_web.days import NO_PERIODS, Limit
from syncbit_dagster.emulator.fitbit_web.wall_clock import local_time
from syncbit_dagster.emulator.person import MINUTE_MS
from syncbit_dagster.emulator.records import Segment, Stage, Staging, main_session

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from zoneinfo import ZoneInfo

    from syncbit_dagster.emulator.fitbit_web.request import DataRequest
    from syncbit_dagster.emulator.records import SleepSession

_LIMIT = Limit(NO_PERIODS, days=100)

_LEVELS = {
    Stage.AWAKE: "wake",
    Stage.LIGHT: "light",
    Stage.DEEP: "deep",
    Stage.REM: "rem",
    Stage.ASLEEP: "asleep",
    Stage.RESTLESS: "restless",
}
_STAGED = (Stage.DEEP, Stage.LIGHT, Stage.REM)
_CLASSIC = (Stage.ASLEEP, Stage.AWAKE, Stage.RESTLESS)

_INFO_CODES = {
    Staging.DONE: 0,
    Staging.NO_HEART_RATE: 1,
    Staging.TOO_SHORT: 2,
    Staging.FAILED: 3,
}

_PENDING = {"meta": {"retryDuration": 3000, "state": "pending"}}
"""A log is still worked on. The reference has this; that the log is left out is a guess."""


class _Sums(NamedTuple):
    """Minutes of a session and, per level, how often and how many minutes."""

    asleep: int
    awake: int
    by_level: dict[str, dict[str, int]]


def range_logs(request: DataRequest) -> dict[str, Any]:
    """The logs of some days."""
    logs, is_pending = _logs(request)
    return {"sleep": logs} | (_PENDING if is_pending else {})


def day_logs(request: DataRequest) -> dict[str, Any]:
    """The logs of one day, and their sums."""
    logs, is_pending = _logs(request)
    summary: dict[str, Any] = {
        "totalMinutesAsleep": sum(log["minutesAsleep"] for log in logs),
        "totalSleepRecords": len(logs),
        "totalTimeInBed": sum(log["timeInBed"] for log in logs),
    }
    staged = [log["levels"]["summary"] for log in logs if log["type"] == "stages"]
    if staged:
        summary["stages"] = {
            level: sum(levels[level]["minutes"] for levels in staged) for level in staged[0]
        }
    return {"sleep": logs, "summary": summary} | (_PENDING if is_pending else {})


def _logs(request: DataRequest) -> tuple[list[dict[str, Any]], bool]:
    """The logs, and whether there will be more of these days."""
    logs: list[dict[str, Any]] = []
    is_pending = False
    for day in request.days(_LIMIT):
        sessions = request.feed.sleep(day) if day >= request.feed.person.first_day else ()
        done = tuple(session for session in sessions if session.staging is not None)
        is_pending = is_pending or len(done) < len(sessions)
        main = main_session(done)
        logs += [_log(each, day, request.feed.zone, is_main=each is main) for each in done]
    return logs[::-1], is_pending


def _log(session: SleepSession, day: date, zone: ZoneInfo, *, is_main: bool) -> dict[str, Any]:
    in_bed = (session.end_ms - session.start_ms) // MINUTE_MS
    is_staged = session.staging is Staging.DONE
    sums = (_staged_sums if is_staged else _classic_sums)(session, in_bed)
    levels: dict[str, Any] = {
        "summary": sums.by_level,
        "data": _segments(session.segments, zone, is_staged=is_staged),
    }
    if is_staged:
        levels["shortData"] = _segments(session.awakenings, zone, is_staged=True)
    return {
        "dateOfSleep": day.isoformat(),
        "duration": in_bed * MINUTE_MS,
        "efficiency": round(100 * sums.asleep / in_bed) if in_bed else 0,
        "endTime": local_time(session.end_ms, zone),
        "infoCode": _INFO_CODES[session.staging or Staging.DONE],
        "isMainSleep": is_main,
        "levels": levels,
        "logId": int(session.id),
        "logType": "auto_detected",
        "minutesAfterWakeup": 0,
        "minutesAsleep": sums.asleep,
        "minutesAwake": sums.awake,
        "minutesToFallAsleep": 0,
        "startTime": local_time(session.start_ms, zone),
        "timeInBed": in_bed,
        "type": "stages" if is_staged else "classic",
    }


def _segments(
    segments: tuple[Segment, ...], zone: ZoneInfo, *, is_staged: bool
) -> list[dict[str, Any]]:
    return [
        {
            "dateTime": local_time(segment.start_ms, zone),
            "level": _level(segment.stage, is_staged=is_staged),
            "seconds": (segment.end_ms - segment.start_ms) // 1000,
        }
        for segment in segments
    ]


def _level(stage: Stage, *, is_staged: bool) -> str:
    """Being awake has two names: ``wake`` among stages, ``awake`` in classic logs."""
    return "awake" if stage is Stage.AWAKE and not is_staged else _LEVELS[stage]


def _staged_sums(session: SleepSession, in_bed: int) -> _Sums:
    parts = [part for segment in session.segments for part in _without(segment, session.awakenings)]
    by_level = {
        _LEVELS[stage]: {
            "count": sum(part.stage is stage for part in parts),
            "minutes": _minutes(part for part in parts if part.stage is stage),
            "thirtyDayAvgMinutes": 0,
        }
        for stage in _STAGED
    }
    asleep = sum(level["minutes"] for level in by_level.values())
    woken = sum(part.stage is Stage.AWAKE for part in parts) + len(session.awakenings)
    by_level["wake"] = {
        "count": woken,
        "minutes": in_bed - asleep,
        "thirtyDayAvgMinutes": 0,
    }
    return _Sums(asleep, in_bed - asleep, by_level)


def _without(segment: Segment, awakenings: tuple[Segment, ...]) -> list[Segment]:
    """What short awakenings, which ascend, leave of a segment."""
    left = []
    start_ms = segment.start_ms
    for awakening in awakenings:
        if awakening.end_ms <= start_ms or awakening.start_ms >= segment.end_ms:
            continue
        if awakening.start_ms > start_ms:
            left.append(segment._replace(start_ms=start_ms, end_ms=awakening.start_ms))
        start_ms = awakening.end_ms
    if start_ms < segment.end_ms:
        left.append(segment._replace(start_ms=start_ms))
    return left


def _classic_sums(session: SleepSession, in_bed: int) -> _Sums:
    by_level = {
        _level(stage, is_staged=False): {
            "count": sum(each.stage is stage for each in session.segments)
            * (stage is not Stage.ASLEEP),
            "minutes": _minutes(each for each in session.segments if each.stage is stage),
        }
        for stage in _CLASSIC
    }
    asleep = by_level["asleep"]["minutes"]
    return _Sums(asleep, in_bed - asleep, by_level)


def _minutes(segments: Iterable[Segment]) -> int:
    return sum(each.end_ms - each.start_ms for each in segments) // MINUTE_MS
