"""The intervals of one day: labels of the wall clock and numbers, all in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncbit_dagster.sources.errors import PermissionMissingError
from syncbit_dagster.sources.fitbit_web import wire
from syncbit_dagster.sources.fitbit_web.wall_clock import place

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.sources.fitbit_web.plan import IntradayRequest
    from syncbit_dagster.sources.fitbit_web.wire import Json


class Intervals(NamedTuple):
    """The starts of a day's intervals (int64 milliseconds, ascending), their values, a note."""

    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    note: str | None


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
        return Intervals(np.empty(0, np.int64), np.empty(0), None)
    content = answer[f"{name}-intraday"]
    if of_days != [day] or _interval(content) != request.interval_seconds:
        raise ValueError("another day or another interval")
    dataset = content["dataset"]
    labels = wire.to_seconds_of_day([point["time"] for point in dataset])
    values = wire.to_floats([point["value"] for point in dataset])
    placed = place(labels, day, zone)
    note = (
        f"Clocks went back on this day, and the API names the repeated hour only once: "
        f"{placed.once} values stand in its first pass, its second pass has none."
        if placed.once
        else None
    )
    return Intervals(placed.times, values[placed.rows], note)


def _interval(content: Json) -> int:
    """The length of the answer's intervals in seconds."""
    seconds: int = {"second": 1, "minute": 60}[content["datasetType"]] * content["datasetInterval"]
    return seconds
