"""The intervals of one day: labels of the wall clock and numbers, all in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from syncbit_dagster.sources import wire
from syncbit_dagster.sources.errors import PermissionMissingError
from syncbit_dagster.sources.fitbit_web.wall_clock import place
from syncbit_dagster.sources.fitbit_web.wire import to_seconds_of_day
from syncbit_dagster.sources.set_aside import BAD_TIME, BAD_VALUE
from syncbit_dagster.sources.verdict import Shape, of_elements

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.sources.fitbit_web.plan import IntradayRequest
    from syncbit_dagster.sources.wire import Json

_POINT = Shape("", frozenset({"value"}), frozenset({"time", "level", "mets"}))


class Intervals(NamedTuple):
    """The starts of a day's intervals (int64 milliseconds, ascending), their values, a note.

    ``left_out`` has a reason for each interval that cannot be read.
    """

    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    note: str | None
    left_out: list[str]


def read_intervals(request: IntradayRequest, answer: Json, zone: ZoneInfo) -> Intervals:
    """The intervals in an answer.

    The answer also has the day's own value; where that is missing, the intervals are filled up
    with zeros, and the day has no data.

    Raises:
        PermissionMissingError: the intervals are missing, which is how the API tells an app that
            may not have them.
        KeyError, TypeError, ValueError and the like: the answer is not as documented.
    """
    name, day = f"activities-{request.resource}", request.days.first
    of_days = [wire.to_day(entry["dateTime"]) for entry in answer[name]]
    if f"{name}-intraday" not in answer:
        raise PermissionMissingError(
            f"{request.path}: the answer has no intraday values: Fitbit gives them to apps of "
            "the type Personal only; change the app's type at dev.fitbit.com and run `syncbit "
            "authorize` again."
        )
    if not of_days:
        return Intervals(np.empty(0, np.int64), np.empty(0), None, [])
    content = answer[f"{name}-intraday"]
    if of_days != [day] or _interval(content) != request.interval_seconds:
        raise ValueError("another day or another interval")
    points, left_out = _readable(content["dataset"])
    try:
        labels, values = _numbers(points)
    except wire.ODD:
        points = [point for point in points if _is_read(point, left_out)]
        labels, values = _numbers(points)
    placed = place(labels, day, zone)
    note = (
        f"Clocks went back on this day, and the API names the repeated hour only once: "
        f"{placed.once} values stand in its first pass, its second pass has none."
        if placed.once
        else None
    )
    return Intervals(placed.times, values[placed.rows], note, left_out)


def _readable(dataset: list[Any]) -> tuple[list[Json], list[str]]:
    """The points that have a value, and a reason for each of the others."""
    verdict = of_elements(dataset, _POINT)
    if verdict.state == "unreadable":
        raise ValueError(verdict.reason)
    points = [point for number, point in enumerate(dataset) if number not in verdict.odd]
    return points, list(verdict.odd.values())


def _numbers(points: list[Json]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    labels = to_seconds_of_day([point["time"] for point in points])
    return labels, wire.to_floats([point["value"] for point in points])


def _is_read(point: Json, left_out: list[str]) -> bool:
    """Whether a point can be read; if not, why."""
    for reason, read in (
        (BAD_TIME, lambda: to_seconds_of_day([point["time"]])),
        (BAD_VALUE, lambda: wire.to_floats([point["value"]])),
    ):
        try:
            read()
        except wire.ODD:
            left_out.append(reason)
            return False
    return True


def _interval(content: Json) -> int:
    """The length of the answer's intervals in seconds."""
    seconds: int = {"second": 1, "minute": 60}[content["datasetType"]] * content["datasetInterval"]
    return seconds
