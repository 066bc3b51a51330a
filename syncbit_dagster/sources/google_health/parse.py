"""From data points to samples. JSON ends here.

Rules: unknown fields are ignored; a value that is missing, null or NaN is no sample; a field that
is missing from a value that is there is a zero where the catalogue says that zero is measured
(JSON of protocol buffers leaves zeros out); whole numbers come as texts, durations as ``"90s"``.
Everything else is an :class:`UnexpectedResponseError`, never a guess.
"""

from __future__ import annotations

import math
import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from syncbit_dagster.catalog import Zero
from syncbit_dagster.catalog.locations import DailyPoint, DailyRollUp, RollUp
from syncbit_dagster.civil import day_start, to_milliseconds
from syncbit_dagster.samples import Series, encode_labels
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.google_health.client import camel
from syncbit_dagster.sources.google_health.plan import (
    DailyPointsRequest,
    DailyRollUpRequest,
    ReadingsRequest,
    RollUpRequest,
    location_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from syncbit_dagster.account import Account
    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.sources.google_health.plan import Request

Json = dict[str, Any]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?s?", re.ASCII)
_STEP = re.compile(r"(\w+)(?:\[(\w+)=(\w+)\])?")


def parse(
    request: Request, points: list[Any], metrics: Iterable[Metric], account: Account
) -> list[Series]:
    """The series that one page of a request's answer holds.

    Args:
        request: what was asked.
        points: the page's data points.
        metrics: the rows to fill; those of other data types or kinds are left alone.
        account: gives the zone and the labels.

    Raises:
        UnexpectedResponseError: a value or a time that the API does not document.
    """
    kind, times_of = _READERS[type(request)]
    served = [
        metric
        for metric in metrics
        if isinstance(metric.google_health, kind)
        and location_of(metric).data_type == request.data_type
    ]
    try:
        present = [point for point in points if point.get(camel(request.data_type)) is not None]
        values = [point[camel(request.data_type)] for point in present]
        times = times_of(present, values, account)
        return [
            _series(metric, account, times, _numbers(metric, request, values)) for metric in served
        ]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnexpectedResponseError(
            f"A data point of {request.data_type} is not as documented ({type(error).__name__})."
        ) from None


def _series(
    metric: Metric,
    account: Account,
    times: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
) -> Series:
    is_sample = ~np.isnan(values)
    if metric.zero is Zero.NO_VALUE:
        is_sample &= values != 0
    labels = encode_labels({**account.labels, **metric.labels})
    return Series(metric.name, labels, times[is_sample], values[is_sample])


def _numbers(metric: Metric, request: Request, values: list[Json]) -> npt.NDArray[np.float64]:
    """A metric's value in each data point, in the metric's unit; NaN where there is none."""
    location = location_of(metric)
    absent = 0 if metric.zero is Zero.MEASURED else None
    if isinstance(location, RollUp):
        path = request.field if isinstance(request, ReadingsRequest) else location.path
        # The hot path: one flat field of up to 10,000 windows a page.
        numbers = _to_floats([value.get(path, absent) for value in values])
        return numbers / location.divide_by
    numbers = _to_floats([_at(value, location.path, absent) for value in values])
    if isinstance(location, DailyRollUp):
        return numbers / location.divide_by
    if location.minus_path:
        numbers = numbers - _to_floats([_at(value, location.minus_path, None) for value in values])
    return numbers


def _to_floats(raw: list[Any]) -> npt.NDArray[np.float64]:
    """Numbers as the wire has them, as float64; NaN for null, "NaN" and absent."""
    kinds = set(map(type, raw))
    if not kinds <= {int, float, str, type(None)}:
        raise TypeError("a number is expected")
    if str in kinds:
        raw = [_text_to_number(one) if isinstance(one, str) else one for one in raw]
    numbers = np.array(raw, dtype=np.float64)
    if np.isinf(numbers).any():
        raise ValueError("an infinite number")
    return numbers


def _text_to_number(text: str) -> float:
    if text == "NaN":
        return math.nan
    if not _NUMBER.fullmatch(text):
        raise ValueError("neither a whole number nor a duration")
    return float(text.removesuffix("s"))


@lru_cache
def _steps(path: str) -> tuple[tuple[str, str | None, str | None], ...]:
    """A path of the catalogue as (field, key of the list's element, value of that key)."""
    steps = []
    for part in path.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise ValueError(f"{path!r} is not a path")
        steps.append((match[1], match[2], match[3]))
    return tuple(steps)


def _at(value: Json, path: str, absent: float | None) -> Any:
    """What is at a path. A missing last field is ``absent``; a missing way there is no value."""
    *way, (last, key, wanted) = _steps(path)
    for field, list_key, list_value in way:
        found = value.get(field)
        if list_key is not None:
            found = next((one for one in found or [] if one.get(list_key) == list_value), None)
        if found is None:
            return None
        value = found
    assert key is None, wanted  # noqa: S101 - paths of the catalogue end in a field
    return value.get(last, absent)


def _civil_times(days: Iterable[Json], account: Account) -> npt.NDArray[np.int64]:
    """The timestamps of daily values: the first instant of each civil day."""
    starts = (day_start(date(d["year"], d["month"], d["day"]), account.zone) for d in days)
    return np.array([to_milliseconds(start) for start in starts], dtype=np.int64)


def _instants(texts: list[str]) -> npt.NDArray[np.int64]:
    """``2026-11-20T08:00:00Z``, with or without a fraction, as milliseconds."""
    if not all(map(_INSTANT.fullmatch, texts)):
        raise ValueError("not an instant in UTC")
    return np.array([text[:-1] for text in texts], dtype="datetime64[ms]").astype(np.int64)


# Which locations a request serves, and where its data points carry their time.
_READERS: dict[type, tuple[type, Callable[[list[Any], list[Any], Account], Any]]] = {
    DailyRollUpRequest: (
        DailyRollUp,
        lambda points, _, account: _civil_times(
            [point["civilStartTime"]["date"] for point in points], account
        ),
    ),
    RollUpRequest: (
        RollUp,
        lambda points, _, __: _instants([point["startTime"] for point in points]),
    ),
    DailyPointsRequest: (
        DailyPoint,
        lambda _, values, account: _civil_times([value["date"] for value in values], account),
    ),
    ReadingsRequest: (
        RollUp,
        lambda _, values, __: _instants([value["sampleTime"]["physicalTime"] for value in values]),
    ),
}
