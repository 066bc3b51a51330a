"""What samples must be before a store takes them, for the slices that they are meant for."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import orjson

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import InvalidSamplesError, count, decode_labels, encode_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.stores.base import Slice, Write

# VictoriaMetrics keeps 11 significant decimal digits bit-exactly; with 12 one value in five comes
# back changed, and a store that compares would then correct it for ever.
SIGNIFICANT_DIGITS = 11
MAX_LABELS = 30  # more are dropped by VictoriaMetrics 1.79 without an error
MAX_LABEL_VALUE_BYTES = 4096  # longer values are cut or refused, by version
MAX_MILLISECONDS = 9_999_999_999_999  # the year 2286; seconds given as milliseconds stay visible

_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def validate_all(writes: Sequence[Write]) -> list[list[Series]]:
    """The series of each write as :func:`validate` gives them, all inside of its slice.

    Raises:
        InvalidSamplesError: with the first thing that is wrong; slices that overlap are.
    """
    for one, other in combinations([write.target for write in writes], 2):
        if one.overlaps(other):
            raise InvalidSamplesError(
                f"Two writes at once are for {one.metrics[0]} of {dict(one.labels)} and "
                f"{other.metrics[0]} of {dict(other.labels)}, which overlap; make one after the "
                "other."
            )
    found = [validate(write.series) for write in writes]
    for (target, _), series in zip(writes, found, strict=True):
        _require_inside(target, series)
    return found


def validate(series: Iterable[Series]) -> list[Series]:
    """The series that have samples, sorted, values rounded to :data:`SIGNIFICANT_DIGITS`.

    Raises:
        InvalidSamplesError: arrays of another kind or length, a missing or infinite value, a bad
            name or label, a timestamp out of range or order, a series twice, or two samples of one
            series at one instant.
    """
    filled = sorted(
        (one for one in series if len(one.timestamps)), key=lambda one: (one.metric, one.labels)
    )
    for metric in {one.metric for one in filled}:
        if not _METRIC_NAME.fullmatch(metric):
            raise InvalidSamplesError(
                f"{metric!r} is not a metric name ([a-zA-Z_:][a-zA-Z0-9_:]*)."
            )
    for labels in {one.labels for one in filled}:
        _require_labels(labels)
    if twice := [one for one, other in pairwise(filled) if one[:2] == other[:2]]:
        raise InvalidSamplesError(f"{twice[0].metric}{twice[0].labels} is given twice; join it.")
    for one in filled:
        _require_samples(one)
    return [one._replace(values=round_significant(one.values)) for one in filled]


def round_significant(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round to :data:`SIGNIFICANT_DIGITS` significant decimal digits.

    The result is the double nearest to that decimal number, so rounding twice changes nothing.
    """
    result = np.array(values, dtype=np.float64)
    is_rough = (result != np.rint(result)) | (np.abs(result) >= 10.0**SIGNIFICANT_DIGITS)
    rough = result[is_rough]
    if len(rough):
        exponents = np.floor(np.log10(np.abs(rough))).astype(int)
        # 10**22 is the largest power of ten that a double holds exactly.
        decimals = np.minimum(SIGNIFICANT_DIGITS - 1 - exponents, 22)
        for places in np.unique(decimals):
            chosen = decimals == places
            rough[chosen] = np.round(rough[chosen], int(places))
        result[is_rough] = rough
    return result


def _require_inside(target: Slice, series: Sequence[Series]) -> None:
    if strangers := sorted({one.metric for one in series} - set(target.metrics)):
        raise InvalidSamplesError(f"Metric {strangers[0]} does not belong to this write.")
    for text in {one.labels for one in series}:
        labels = decode_labels(text)
        if any(labels.get(name) != value for name, value in target.labels.items()):
            raise InvalidSamplesError(
                f"A series has the labels {text}; this write is for {dict(target.labels)}."
            )
    low, high = to_milliseconds(target.start), to_milliseconds(target.end)
    inside = sum(int(np.diff(np.searchsorted(one.timestamps, (low, high)))[0]) for one in series)
    if inside < count(series):
        raise InvalidSamplesError(
            f"{count(series) - inside} of {count(series)} samples lie outside of "
            f"{target.start.isoformat()} .. {target.end.isoformat()}."
        )


def _require_samples(series: Series) -> None:
    name = series.metric + series.labels
    timestamps, values = series.timestamps, series.values
    is_pair = timestamps.shape == values.shape == (len(values),)
    if not is_pair or timestamps.dtype != np.int64 or values.dtype != np.float64:
        raise InvalidSamplesError(
            f"{name} is not an int64 timestamp and a float64 value for each sample."
        )
    if not np.isfinite(values).all():
        raise InvalidSamplesError(
            f"{name}: {int((~np.isfinite(values)).sum())} of {len(values)} values are NaN or "
            "infinite; a missing value is no sample."
        )
    if timestamps.min() < 0 or timestamps.max() > MAX_MILLISECONDS:
        raise InvalidSamplesError(f"{name}: a timestamp lies before 1970 or after 2286.")
    steps = np.diff(timestamps)
    if (steps < 0).any():
        raise InvalidSamplesError(f"{name}: the samples are not in order of time.")
    repeated = np.flatnonzero(steps == 0)
    if len(repeated):
        instant = np.datetime64(int(timestamps[repeated[0]]), "ms")
        raise InvalidSamplesError(
            f"{name} has {len(repeated) + 1} samples that share an instant, the first at "
            f"{instant}Z; one sample per series and instant is legal."
        )


def _require_labels(text: str) -> None:
    try:
        labels = orjson.loads(text)
    except orjson.JSONDecodeError:
        labels = None
    if not isinstance(labels, dict) or encode_labels(labels) != text:
        raise InvalidSamplesError(f"{text!r} is not a label set in canonical JSON.")
    if len(labels) > MAX_LABELS:
        raise InvalidSamplesError(f"{len(labels)} labels on a series; at most {MAX_LABELS}.")
    for name, value in labels.items():
        if not _LABEL_NAME.fullmatch(name) or name == "__name__":
            raise InvalidSamplesError(f"{name!r} is not a label name ([a-zA-Z_][a-zA-Z0-9_]*).")
        if not isinstance(value, str) or not 0 < len(value.encode()) <= MAX_LABEL_VALUE_BYTES:
            raise InvalidSamplesError(
                f"Label {name} must be a text of 1 to {MAX_LABEL_VALUE_BYTES} bytes."
            )
