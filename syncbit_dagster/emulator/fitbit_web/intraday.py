"""Values within the day: activity in steps of minutes, heart rate in those or in seconds.

Activity has every label of the day, 0 where nothing is known: not worn, not yet synced, not even
over. Heart rate has only what was measured. Which labels there are when the clocks change, see
``wall_clock.py``.

A request that names times gets other daily blocks, as real answers had: activity sums up the
window, and heart rate is the average of the window with flat zones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from syncbit_dagster.emulator.fitbit_web.activity import (
    daily_entries,
    heart_entries,
    resource_of,
)
from syncbit_dagster.emulator.fitbit_web.days import UP_TO_A_YEAR, Limit
from syncbit_dagster.emulator.fitbit_web.errors import invalid, invalid_resource
from syncbit_dagster.emulator.fitbit_web.wall_clock import (
    label,
    skipped_labels,
    slots_of,
    windows_of,
)
from syncbit_dagster.emulator.person import MINUTE_MS, minutes_of, wall_offsets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from syncbit_dagster.emulator.fitbit_web.request import DataRequest
    from syncbit_dagster.emulator.fitbit_web.resources import Resource
    from syncbit_dagster.emulator.fitbit_web.wall_clock import Window
    from syncbit_dagster.emulator.person import FloatArray, IntArray, PersonDay

_ACTIVITY_STEPS = {"1min": 1, "5min": 5, "15min": 15}
_HEART_STEPS = {"1sec": 0} | _ACTIVITY_STEPS
_LIMIT = Limit(UP_TO_A_YEAR)
_SECOND_MS = 1000
_METS_AT_REST = 10
"""METs come multiplied by ten."""


def activity(request: DataRequest) -> dict[str, Any]:
    """One activity resource within at most 24 hours."""
    resource = resource_of(request)
    name = f"activities-{request.path['resource']}"
    if resource.intraday_decimals is None:
        raise invalid_resource(name.replace("activities-", "/activities/"))
    step = _step(request, _ACTIVITY_STEPS)
    days = request.days(_LIMIT)
    points: list[dict[str, Any]] = []
    entries = []
    for day, window in windows_of(days, request.path):
        found, total = _activity_points(request, resource, day, window, step)
        points += found
        entries.append({"dateTime": day.isoformat(), "value": total})
    if not _names_times(request):
        entries = daily_entries(request, resource, days)
    return {name: entries, f"{name}-intraday": _dataset(points, step)}


def _activity_points(
    request: DataRequest, resource: Resource, day: date, window: Window, step: int
) -> tuple[list[dict[str, Any]], str]:
    """The points of one day in a window, and their sum as the API gives it."""
    known = request.feed.day(day)
    columns = {"value": _per_minute(known, resource)}
    if resource.summed == "calories":
        columns |= _levels_and_mets(known)
    _, wall_minutes = minutes_of(day, request.feed.zone)
    inside = window.holds(wall_minutes)
    slots = slots_of(wall_minutes[inside], step)
    reduced = [
        _reduce(np.maximum if name == "level" else np.add, column[inside], slots.starts)
        for name, column in columns.items()
    ]
    skipped = skipped_labels(day, request.feed.zone, step)
    skipped = skipped[window.holds(skipped)]
    labels = np.concatenate((slots.labels, skipped))
    # Skipped labels never come with repeated ones: sorting would mix the two passes of an hour.
    order = np.argsort(labels, kind="stable") if len(skipped) else np.arange(len(labels))
    padded = [np.concatenate((column, np.zeros(len(skipped))))[order] for column in reduced]
    values, *others = padded
    rows = zip(
        (label(minute * 60) for minute in labels[order].tolist()),
        resource.numbers(values),
        *(other.astype(np.int64).tolist() for other in others),
        strict=True,
    )
    names = ("time", *columns)
    total = resource.text(float(values.sum()))
    return [dict(zip(names, row, strict=True)) for row in rows], total


def _per_minute(day: PersonDay, resource: Resource) -> FloatArray:
    """The amount of every real minute of the day, 0 where nothing counts."""
    rows = resource.select(day)
    amounts = np.zeros(len(day.worn))
    amounts[(rows.start_ms - day.start_ms) // MINUTE_MS] = rows.columns[-1]
    return amounts


def _levels_and_mets(day: PersonDay) -> dict[str, FloatArray]:
    """What only points of calories have: the activity level, and multiples of the basal burn."""
    none = np.zeros(len(day.worn))
    if day.level is None or day.calories_kcal is None or day.active_kcal is None:
        return {"level": none, "mets": none}
    multiple = day.calories_kcal / (day.calories_kcal - day.active_kcal)
    mets = np.where(day.worn & np.isfinite(multiple), multiple * _METS_AT_REST, 0.0)
    return {"level": np.where(day.worn, day.level, 0).astype(float), "mets": np.rint(mets)}


def heart(request: DataRequest) -> dict[str, Any]:
    """Heart rate within at most 24 hours."""
    step = _step(request, _HEART_STEPS)
    days = request.days(_LIMIT)
    windows = windows_of(days, request.path)
    points: list[dict[str, Any]] = []
    entries = heart_entries(request, days)
    for at, (day, window) in enumerate(windows):
        seconds, bpm = _readings(request, day, window)
        points += _heart_points(seconds, bpm, step)
        if _names_times(request):
            entries[at] = _average_entry(day, bpm, entries[at]["value"])
    return {"activities-heart": entries, "activities-heart-intraday": _dataset(points, step)}


def _readings(request: DataRequest, day: date, window: Window) -> tuple[IntArray, IntArray]:
    """Seconds of the wall clock and beats a minute, in the order of time."""
    known = request.feed.day(day)
    offsets = wall_offsets(day, request.feed.zone)
    minute = (known.heart_ms - known.start_ms) // MINUTE_MS
    seconds = (known.heart_ms + offsets[minute]) // _SECOND_MS % 86_400
    inside = window.holds(seconds // 60)
    return seconds[inside], known.heart_bpm[inside]


def _heart_points(seconds: IntArray, bpm: IntArray, step: int) -> list[dict[str, Any]]:
    if step:
        slots = slots_of(seconds // 60, step)
        counts = np.diff(np.append(slots.starts, len(bpm)))
        sums = _reduce(np.add, bpm, slots.starts)
        seconds, bpm = slots.labels * 60, np.rint(sums / counts).astype(np.int64)
    return [
        {"time": label(second), "value": value}
        for second, value in zip(seconds.tolist(), bpm.tolist(), strict=True)
    ]


def _average_entry(day: date, bpm: IntArray, whole_day: Mapping[str, Any]) -> dict[str, Any]:
    average = f"{bpm.mean():.2f}" if len(bpm) else "0"
    zones = {name: whole_day[name] for name in ("customHeartRateZones", "heartRateZones")}
    return {"dateTime": day.isoformat(), **zones, "value": average}


def _reduce(by: np.ufunc, column: Any, starts: IntArray) -> FloatArray:
    reduced: FloatArray = by.reduceat(column, starts) if len(starts) else np.zeros(0)
    return reduced


def _names_times(request: DataRequest) -> bool:
    return "start" in request.path


def _step(request: DataRequest, steps: dict[str, int]) -> int:
    level = request.path["level"]
    if level not in steps:
        raise invalid(
            "detail level", f"Invalid detail level: {level}; there are {', '.join(steps)}."
        )
    return steps[level]


def _dataset(points: list[dict[str, Any]], step: int) -> dict[str, Any]:
    """The dataset; readings of single seconds count as steps of one."""
    return {
        "dataset": points,
        "datasetInterval": step or 1,
        "datasetType": "minute" if step else "second",
    }
