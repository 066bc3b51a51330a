"""A night as its sleeps tell it: each sleep once, one of them the main one, all summed up.

What the API may leave out, or say twice, is completed here; a sleep then looks as documented.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from syncbit_dagster.sources import wire
from syncbit_dagster.sources.google_health.times import to_instants

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from syncbit_dagster.sources.wire import Json

DOCUMENTED = frozenset(
    {"minutesAfterWakeUp", "minutesAsleep", "minutesAwake", "minutesInSleepPeriod"}
    | {"count", "minutes", "minutesToFallAsleep", "outOfBedSegments", "shortAwakenings"}
    | {"stages", "stagesSummary", "summary", "type"}
)
ASLEEP = frozenset({"ASLEEP", "DEEP", "LIGHT", "REM"})
TWICE = "the same sleep comes twice; the complete one counts"
NO_SUMMARY = "a sleep has neither a summary nor stages"
IN_WORK = "a sleep is still being processed"


def nights(
    values: Sequence[Json],
    days: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    leave_out: Callable[[int, str, bool], None],
) -> tuple[list[Json], npt.NDArray[np.bool_]]:
    """The sleeps, completed, and which of them count.

    Args:
        values: the sleeps' values.
        days: the first instants of their days (ms).
        ends: when they ended (ms).
        leave_out: is told the first instant of a day, a reason, and whether the day misses
            something by it.
    """
    found = [_summed(value) for value in values]
    kept = np.zeros(len(found), np.bool_)
    by_end: dict[int, list[int]] = defaultdict(list)
    for n, end in enumerate(ends.tolist()):
        by_end[end].append(n)
    for same in by_end.values():
        best = max(same, key=lambda n: _completeness(found[n]))
        kept[best] = True
        if any(found[n] != found[best] for n in same):
            leave_out(int(days[best]), TWICE, False)
    for n in np.flatnonzero(kept).tolist():
        flags = _flags(found[n])
        if flags.get("processed") is False or "minutesAsleep" not in found[n]["summary"]:
            leave_out(int(days[n]), NO_SUMMARY if flags.get("processed") else IN_WORK, True)
    for day in np.unique(days[kept]).tolist():
        of_the_day = [n for n in np.flatnonzero(kept).tolist() if days[n] == day]
        main = _main_of([found[n] for n in of_the_day])
        for place, n in enumerate(of_the_day):
            found[n] = _flagged(found[n], is_main=place == main)
    return found, kept


def _summed(sleep: Json) -> Json:
    """A sleep with a summary; what the API gave none of is that of its stages."""
    summary = sleep.get("summary")
    given = summary if isinstance(summary, dict) else {}
    if given.keys() >= {"minutesAsleep", "minutesInSleepPeriod", "stagesSummary"}:
        return sleep
    try:
        return {**sleep, "summary": {**_summary_of(sleep["stages"], sleep["interval"]), **given}}
    except wire.ODD:
        return {**sleep, "summary": given}


def _summary_of(stages: list[Json], interval: Json) -> Json:
    seconds: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    for stage in stages:
        seconds[stage["type"]] += _seconds(stage)
        counts[stage["type"]] += 1
    if not seconds:
        raise ValueError("no stages")
    return {
        "minutesAsleep": sum(seconds[name] for name in ASLEEP & seconds.keys()) // 60,
        "minutesInSleepPeriod": _seconds(interval) // 60,
        "stagesSummary": [
            {"type": name, "minutes": seconds[name] // 60, "count": counts[name]}
            for name in seconds
        ],
    }


def _seconds(span: Json) -> float:
    start, end = to_instants([span["startTime"], span["endTime"]]).tolist()
    if end < start:
        raise ValueError("an end before its start")
    return float(end - start) / 1000


def _length(sleep: Json) -> float:
    try:
        return _seconds(sleep["interval"])
    except wire.ODD:
        return 0.0


def _completeness(sleep: Json) -> tuple[Any, ...]:
    is_processed = _flags(sleep).get("processed") is not False
    is_summed = "minutesAsleep" in sleep["summary"]
    return is_processed, is_summed, bool(sleep.get("stages")), _length(sleep), repr(sleep)


def _main_of(sleeps: list[Json]) -> int | None:
    """Which of a day's sleeps is the main one; None: all are naps.

    The one that says so; of several, and where none does, the longest with stages, else the
    longest. A sleep that calls itself a nap is not the main one.
    """
    flags = list(map(_flags, sleeps))
    said = [n for n, flag in enumerate(flags) if flag.get("mainSleep") is True]
    possible = said or [n for n, flag in enumerate(flags) if flag.get("nap") is not True]
    return max(
        possible, key=lambda n: (_has_stages(sleeps[n]), _length(sleeps[n]), n), default=None
    )


def _has_stages(sleep: Json) -> bool:
    return sleep.get("type") == "STAGES" or bool(sleep.get("stages"))


def _flags(sleep: Json) -> Json:
    metadata = sleep.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _flagged(sleep: Json, *, is_main: bool) -> Json:
    if (_flags(sleep).get("mainSleep") is True) == is_main:
        return sleep
    return {**sleep, "metadata": {**_flags(sleep), "mainSleep": is_main}}
