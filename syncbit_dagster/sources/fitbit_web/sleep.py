"""The fields of a sleep log. A log belongs to its ``dateOfSleep``, the day on which it ended."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from syncbit_dagster.sources import wire
from syncbit_dagster.sources.fitbit_web.wall_clock import to_milliseconds_of
from syncbit_dagster.sources.fitbit_web.wire import to_local_time

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from syncbit_dagster.catalog.locations import SleepLog
    from syncbit_dagster.sources.wire import Json


def nights(placed: list[tuple[date, int, Json]]) -> list[tuple[date, int, Json]]:
    """Each log once, and one of each day's logs the main one.

    Several a day are normal, the same log twice is a repetition. Where none says that it is the
    main sleep, the longest with stages is, else the longest.
    """
    once = {_identity(log): (day, moment, log) for day, moment, log in placed}
    found = list(once.values())
    said = {day for day, _, log in found if log.get("isMainSleep") is True}
    main: dict[date, Json] = {}
    for day, _, log in found:
        if day not in said and "isMainSleep" not in log and _weight(log)[1] > 0:
            main[day] = max(main.get(day, log), log, key=_weight)
    return [
        (day, moment, {**log, "isMainSleep": True} if main.get(day) is log else log)
        for day, moment, log in found
    ]


def _identity(log: Json) -> object:
    return str(log.get("logId") or (log.get("startTime"), log.get("endTime")))


def _weight(log: Json) -> tuple[bool, float]:
    length = log.get("duration")
    return log.get("type") == "stages", float(length) if isinstance(length, int | float) else 0.0


def field(log: Json, part: SleepLog, zone: ZoneInfo) -> Any:
    """A field of a log; None where the log has none, or is not the one that the part wants.

    A log without stages (``classic``) has none of their minutes, which is not zero.
    """
    if part.of == "main sleep" and log.get("isMainSleep") is not True:
        return None
    if part.is_instant:
        return _instants(log, zone).get(part.path)
    path = part.classic_path if log.get("type") == "classic" and part.classic_path else part.path
    return wire.at(log, path)


def _instants(log: Json, zone: ZoneInfo) -> dict[str, float]:
    """Start and end as unix seconds, as far as they are known.

    Both are readings of the wall clock. One in the repeated hour of a clock change means the pass
    that fits the log's length.
    """
    local = {
        name: to_local_time(log[name])
        for name in ("startTime", "endTime")
        if log.get(name) is not None
    }
    duration = wire.to_floats([log.get("duration") or 0]).item()
    candidates = [
        {
            name: to_milliseconds_of(time, zone, fold=fold)
            for (name, time), fold in zip(local.items(), folds, strict=True)
        }
        for folds in product((0, 1), repeat=len(local))
    ]
    best = min(
        candidates,
        key=lambda times: (
            abs(times["endTime"] - times["startTime"] - duration) if len(times) == 2 else 0
        ),
    )
    return {name: time / 1000 for name, time in best.items()}
