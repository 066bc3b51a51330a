"""How a sleep session looks on the wire.

The rules are those of the discovery document (``Sleep`` and what it refers to); a recorded answer
showed what it leaves out: there are no civil times, numbers of the summary are written even where
they are zero, false flags are not, and half minutes count towards being awake.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from syncbit_dagster.emulator.google_health import wire
from syncbit_dagster.emulator.google_health.rules import Event
from syncbit_dagster.emulator.person import MINUTE_MS, offset_ms
from syncbit_dagster.emulator.records import Stage, Staging, main_session
from syncbit_dagster.emulator.server_view import PROCESSING

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from syncbit_dagster.emulator.records import Segment, SleepSession
    from syncbit_dagster.emulator.server_view import Feed

_PROCESSING_MS = PROCESSING // timedelta(milliseconds=1)
_STAGED_TYPES = (Stage.AWAKE, Stage.LIGHT, Stage.DEEP, Stage.REM)
_CLASSIC_TYPES = (Stage.AWAKE, Stage.RESTLESS, Stage.ASLEEP)
_ASLEEP = {Stage.LIGHT, Stage.DEEP, Stage.REM, Stage.ASLEEP}

_STATUS = {
    Staging.DONE: "SUCCEEDED",
    Staging.TOO_SHORT: "REJECTED_NAP",
    Staging.NO_HEART_RATE: "REJECTED_COVERAGE",
    Staging.FAILED: "REJECTED_SERVER",
}


def sleep_events(feed: Feed, day: date) -> list[Event]:
    """The sessions that end on a day; filters and pages go by the end."""
    sessions = feed.sleep(day)
    main = main_session(sessions)
    return [
        Event(
            at_ms=session.end_ms,
            offset_ms=offset_ms(session.end_ms, feed.zone),
            id=session.id,
            recording="DERIVED",
            device="Emulated Tracker",
            value=_value(session, feed.zone, is_main=session is main),
        )
        for session in sessions
    ]


def _value(session: SleepSession, zone: ZoneInfo, *, is_main: bool) -> str:
    first, last = (offset_ms(each, zone) for each in (session.start_ms, session.end_ms))

    def offset(instant_ms: int) -> str:
        # Asked of the zone only in the two nights of a year in which the clocks change.
        return wire.duration(first if first == last else offset_ms(instant_ms, zone))

    def span(start_ms: int, end_ms: int) -> str:
        return (
            f'"startTime":{wire.instant(start_ms)},"startUtcOffset":{offset(start_ms)},'
            f'"endTime":{wire.instant(end_ms)},"endUtcOffset":{offset(end_ms)}'
        )

    def segments(found: tuple[Segment, ...]) -> str:
        parts = [f'{{{span(*each[1:])},"type":"{each.stage.name}"}}' for each in found]
        return f"[{','.join(parts)}]"

    # No source shows a session that is still worked on: here it is a classic one without segments.
    done = session.staging is not None
    fields = {
        "interval": f"{{{span(session.start_ms, session.end_ms)}}}",
        "type": '"STAGES"' if session.staging is Staging.DONE else '"CLASSIC"',
        "stages": segments(session.segments) if session.segments else "",
        "metadata": _metadata(session, is_main=is_main),
        "summary": wire.joined(_summary(session)),
        "createTime": wire.instant(session.end_ms),
        "updateTime": wire.instant(session.end_ms + _PROCESSING_MS * done),
        "shortAwakenings": segments(session.awakenings) if session.awakenings else "",
    }
    return wire.joined({name: field for name, field in fields.items() if field})


def _metadata(session: SleepSession, *, is_main: bool) -> str:
    """What is false is left out. Live accounts saw a second long sleep called a nap too."""
    flags: dict[str, object] = {}
    if session.staging is not None:
        flags |= {"stagesStatus": _STATUS[session.staging], "processed": True}
    flags |= {"mainSleep": True} if is_main else {"nap": True}
    return orjson.dumps(flags).decode()


def _summary(session: SleepSession) -> dict[str, str]:
    """Absent is not zero: without segments only the length of the session is known."""
    length = {"minutesInSleepPeriod": _minutes(session.end_ms - session.start_ms)}
    if not session.segments:
        return length
    spent: dict[Stage, list[int]] = {}
    for stage, start_ms, end_ms in session.segments:
        spent.setdefault(stage, []).append(end_ms - start_ms)
    asleep = sum(sum(parts) for stage, parts in spent.items() if stage in _ASLEEP)
    awake = sum(spent.get(Stage.AWAKE, []))
    types = _STAGED_TYPES if session.staging is Staging.DONE else _CLASSIC_TYPES
    by_stage = [
        f'{{"type":"{stage.name}","minutes":{_minutes(sum(spent[stage]))},'
        f'"count":{wire.int64(len(spent[stage]))}}}'
        for stage in types
        if stage in spent
    ]
    return length | {
        "minutesAfterWakeUp": wire.int64(0),
        "minutesToFallAsleep": wire.int64(0),
        "minutesAsleep": _minutes(asleep),
        "minutesAwake": _minutes(awake + MINUTE_MS - 1),
        "stagesSummary": f"[{','.join(by_stage)}]",
    }


def _minutes(milliseconds: int) -> str:
    return wire.int64(milliseconds // MINUTE_MS)
