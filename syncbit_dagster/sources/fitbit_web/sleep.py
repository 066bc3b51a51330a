"""The fields of a sleep log. A log belongs to its ``dateOfSleep``, the day on which it ended."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from syncbit_dagster.sources.fitbit_web import wire
from syncbit_dagster.sources.fitbit_web.wall_clock import to_milliseconds_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from syncbit_dagster.catalog.locations import SleepLog
    from syncbit_dagster.sources.fitbit_web.wire import Json


def unique(logs: Iterable[Json]) -> list[Json]:
    """Each log once: several a day are normal, the same ``logId`` twice is a repetition."""
    return list({log["logId"]: log for log in logs}.values())


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
        name: wire.to_local_time(log[name])
        for name in ("startTime", "endTime")
        if log.get(name) is not None
    }
    duration = log.get("duration") or 0
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
