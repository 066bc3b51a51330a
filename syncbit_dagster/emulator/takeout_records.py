"""Sleep sessions and weights out of a Takeout export, and how its files are read.

- ``sleep-*``: local ISO times without zone. A session whose ``logId`` stands in two files counts
  once. On the night when the clocks go back a reading can mean two instants: it means the first
  one that is not before what came earlier in the same session.
- ``weight-*``: pounds, local ``MM/DD/YY`` and ``HH:MM:SS``, sometimes with body fat in percent.
  Two readings of one second count as one: the one of the later log.
"""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from syncbit_dagster.core.civil import civil_day, to_milliseconds
from syncbit_dagster.emulator.records import (
    Body,
    Reading,
    Segment,
    SleepSession,
    Stage,
    Staging,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path
    from zoneinfo import ZoneInfo

_GRAMS_PER_POUND = 453.59237

_STAGES = {
    "wake": Stage.AWAKE,
    "light": Stage.LIGHT,
    "deep": Stage.DEEP,
    "rem": Stage.REM,
    "awake": Stage.AWAKE,
    "restless": Stage.RESTLESS,
    "asleep": Stage.ASLEEP,
}

_CLASSIC_REASONS = {1: Staging.NO_HEART_RATE, 2: Staging.TOO_SHORT, 3: Staging.FAILED}
"""``infoCode`` of sessions without stages, as the old Web API documented it."""


def rows(folder: Path, kind: str) -> Iterator[dict[str, Any]]:
    """The rows of all files of one kind, in the order of the file names."""
    files = (*folder.rglob(f"{kind}-*.json"), *folder.rglob(f"{kind}-*.json.gz"))
    for path in sorted(files, key=lambda path: path.name):
        content = path.read_bytes()
        yield from orjson.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def sleep_by_day(folder: Path, zone: ZoneInfo) -> dict[date, tuple[SleepSession, ...]]:
    """The sessions by the civil day that they end on, in order of time."""
    by_id = {str(row["logId"]): row for row in rows(folder, "sleep")}
    sessions = (_session(log_id, row, zone) for log_id, row in by_id.items())
    found: dict[date, tuple[SleepSession, ...]] = {}
    for session in sorted(sessions, key=lambda session: session.end_ms):
        day = civil_day(datetime.fromtimestamp(session.end_ms / 1000, UTC), zone)
        found[day] = (*found.get(day, ()), session)
    return found


def _session(log_id: str, row: dict[str, Any], zone: ZoneInfo) -> SleepSession:
    start_ms = _instant(row["startTime"], zone, 0)
    segments = tuple(_segments(row["levels"].get("data", []), zone, start_ms))
    ended_ms = segments[-1].end_ms if segments else start_ms
    staged = row["type"] == "stages"
    return SleepSession(
        id=log_id,
        start_ms=start_ms,
        end_ms=_instant(row["endTime"], zone, ended_ms),
        staging=Staging.DONE
        if staged
        else _CLASSIC_REASONS.get(row.get("infoCode", 0), Staging.NO_HEART_RATE),
        segments=segments,
        awakenings=tuple(_segments(row["levels"].get("shortData", []), zone, start_ms)),
    )


def _segments(data: list[dict[str, Any]], zone: ZoneInfo, earliest_ms: int) -> Iterator[Segment]:
    for part in data:
        start_ms = _instant(part["dateTime"], zone, earliest_ms)
        earliest_ms = start_ms + round(part["seconds"] * 1000)
        yield Segment(_STAGES[part["level"]], start_ms, earliest_ms)


def _instant(text: str, zone: ZoneInfo, earliest_ms: int) -> int:
    """The instant of a local reading; of two, the first that is not too early."""
    reading = datetime.fromisoformat(text).replace(tzinfo=zone)
    first_ms = to_milliseconds(reading)
    return first_ms if first_ms >= earliest_ms else to_milliseconds(reading.replace(fold=1))


def body_by_day(folder: Path, zone: ZoneInfo) -> dict[date, Body]:
    """Weights and body fat by civil day. The files do not say what a scale measured."""
    by_instant: dict[int, tuple[Reading, Reading | None]] = {}
    for row in sorted(rows(folder, "weight"), key=lambda row: int(row["logId"])):
        reading = datetime.strptime(f"{row['date']} {row['time']}", "%m/%d/%y %H:%M:%S")  # noqa: DTZ007
        at_ms = to_milliseconds(reading.replace(tzinfo=zone))
        log_id, grams = str(row["logId"]), round(row["weight"] * _GRAMS_PER_POUND, 1)
        fat = row.get("fat")
        by_instant[at_ms] = (
            Reading(log_id, at_ms, grams, is_manual=True),
            None if fat is None else Reading(log_id, at_ms, float(fat), is_manual=True),
        )
    found: dict[date, Body] = {}
    for at_ms, (weight, percent) in sorted(by_instant.items()):
        day = civil_day(datetime.fromtimestamp(at_ms / 1000, UTC), zone)
        known = found.get(day, Body())
        found[day] = Body(
            (*known.weights, weight),
            known.body_fat if percent is None else (*known.body_fat, percent),
        )
    return found
