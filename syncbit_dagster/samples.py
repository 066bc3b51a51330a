"""The one table that samples travel in, from every source to every store.

A pandas DataFrame with exactly these columns, in any row order:

=========== ======================== ===========================================================
column      dtype                    meaning
=========== ======================== ===========================================================
metric      category of str          metric name, ``[a-zA-Z_:][a-zA-Z0-9_:]*``
labels      category of str          label set as canonical JSON: ``{"device":"fitbit","user":"a"}``
timestamp   datetime64[ms, UTC]      instant of the sample
value       float64                  finite; unit in the metric's name
=========== ======================== ===========================================================

A series is one (metric, labels) pair; it holds at most one sample per timestamp. ``validate``
checks all of that and is called where a table enters a store.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import orjson
import pandas as pd

from syncbit_dagster.errors import SyncbitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

TIMESTAMP_DTYPE = pd.DatetimeTZDtype("ms", "UTC")
COLUMNS = ("metric", "labels", "timestamp", "value")

# VictoriaMetrics keeps 11 significant decimal digits bit-exactly; with 12 one value in five comes
# back changed, and a store that compares would then rewrite it for ever.
SIGNIFICANT_DIGITS = 11
MAX_LABELS = 30  # more are dropped by VictoriaMetrics 1.79 without an error
MAX_LABEL_VALUE_BYTES = 4096  # longer values are cut or refused, by version
MAX_MILLISECONDS = 9_999_999_999_999  # the year 2286; seconds given as milliseconds stay visible

_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class InvalidSamplesError(SyncbitError):
    """A sample table that breaks the schema; nothing of it was written."""


class Series(NamedTuple):
    """One series' samples: ``timestamps`` int64 milliseconds, ascending; ``values`` float64."""

    metric: str
    labels: str
    timestamps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


def encode_labels(labels: Mapping[str, str]) -> str:
    """A label set as canonical JSON: sorted keys, no spaces, so equal sets are equal strings."""
    return orjson.dumps(dict(labels), option=orjson.OPT_SORT_KEYS).decode()


def decode_labels(text: str) -> dict[str, str]:
    """The label set of a canonical JSON text."""
    labels: dict[str, str] = orjson.loads(text)
    return labels


def from_series(series: Iterable[Series]) -> pd.DataFrame:
    """The table of some series; the inverse of :func:`to_series`."""
    # Sorted as to_series gives them back, which then need not sort the rows.
    parts = sorted(series, key=lambda one: (one.metric, one.labels))
    lengths = [len(part.timestamps) for part in parts]

    def column(texts: list[str]) -> pd.Categorical[str]:
        categories = sorted(set(texts))
        position = {text: n for n, text in enumerate(categories)}
        codes = np.repeat(np.array([position[text] for text in texts], dtype=np.int32), lengths)
        return pd.Categorical.from_codes(codes, categories=pd.Index(categories, dtype=str))

    milliseconds = np.concatenate([np.empty(0, np.int64), *(p.timestamps for p in parts)])
    instants = pd.DatetimeIndex(milliseconds.astype("datetime64[ms]")).tz_localize("UTC")
    return pd.DataFrame(
        {
            "metric": column([part.metric for part in parts]),
            "labels": column([part.labels for part in parts]),
            "timestamp": instants.astype(TIMESTAMP_DTYPE),
            "value": np.concatenate([np.empty(0, np.float64), *(p.values for p in parts)]),
        }
    )


def empty() -> pd.DataFrame:
    """A table without samples."""
    return from_series([])


def concat(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several tables as one; categories are united."""
    return from_series(one for frame in frames for one in to_series(frame))


def milliseconds(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """The timestamps as int64 milliseconds since the epoch."""
    instants: npt.NDArray[np.datetime64] = frame["timestamp"].to_numpy(dtype="datetime64[ms]")
    return instants.astype(np.int64)


def to_series(frame: pd.DataFrame) -> list[Series]:
    """A table's series, sorted by metric and labels, each in order of time. No per-row Python."""
    metric, labels = frame["metric"].cat, frame["labels"].cat
    series_code = metric.codes.to_numpy(np.int64) * len(labels.categories) + labels.codes.to_numpy(
        np.int64
    )
    instants = milliseconds(frame)
    values = frame["value"].to_numpy(np.float64)
    if not _is_sorted(series_code, instants):
        order = np.lexsort((instants, series_code))
        series_code, instants, values = series_code[order], instants[order], values[order]
    bounds = np.flatnonzero(np.diff(series_code)) + 1
    starts = np.concatenate([[0], bounds]) if len(series_code) else np.empty(0, np.int64)
    result = [
        Series(
            str(metric.categories[series_code[start] // len(labels.categories)]),
            str(labels.categories[series_code[start] % len(labels.categories)]),
            part_instants,
            part_values,
        )
        for start, part_instants, part_values in zip(
            starts, np.split(instants, bounds), np.split(values, bounds), strict=False
        )
    ]
    return sorted(result, key=lambda one: (one.metric, one.labels))


def _is_sorted(series_code: npt.NDArray[np.int64], instants: npt.NDArray[np.int64]) -> bool:
    """Whether rows come series by series and in order of time, as sources and stores make them."""
    step = np.diff(series_code)
    return bool(((step > 0) | ((step == 0) & (np.diff(instants) >= 0))).all())


def validate(frame: pd.DataFrame) -> list[Series]:
    """The table's series as :func:`to_series` gives them, rounded to :data:`SIGNIFICANT_DIGITS`.

    Raises:
        InvalidSamplesError: wrong columns or dtypes, a missing or infinite value, a bad name or
            label, a timestamp out of range, or two samples of one series at one instant.
    """
    _require_schema(frame)
    series = to_series(frame)
    for metric in {one.metric for one in series}:
        if not _METRIC_NAME.fullmatch(metric):
            raise InvalidSamplesError(
                f"{metric!r} is not a metric name ([a-zA-Z_:][a-zA-Z0-9_:]*)."
            )
    for labels in {one.labels for one in series}:
        _require_labels(labels)
    for one in series:
        _require_samples(one)
    return [one._replace(values=round_significant(one.values)) for one in series]


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


def _require_schema(frame: pd.DataFrame) -> None:
    if set(frame.columns) != set(COLUMNS):
        raise InvalidSamplesError(
            f"A sample table has the columns {', '.join(COLUMNS)}; this one has "
            f"{', '.join(map(str, frame.columns)) or 'none'}."
        )
    for name in ("metric", "labels"):
        if not isinstance(frame[name].dtype, pd.CategoricalDtype) or frame[name].isna().any():
            raise InvalidSamplesError(f"Column {name} is a category of str without gaps.")
    if frame["timestamp"].dtype != TIMESTAMP_DTYPE or frame["timestamp"].isna().any():
        raise InvalidSamplesError(
            f"Column timestamp is {TIMESTAMP_DTYPE} without gaps, not {frame['timestamp'].dtype}."
        )
    if frame["value"].dtype != np.float64:
        raise InvalidSamplesError(f"Column value is float64, not {frame['value'].dtype}.")


def _require_samples(series: Series) -> None:
    name = series.metric + series.labels
    if not np.isfinite(series.values).all():
        count = int((~np.isfinite(series.values)).sum())
        raise InvalidSamplesError(
            f"{name}: {count} of {len(series.values)} values are NaN or infinite; a missing value "
            "is no sample."
        )
    if series.timestamps[0] < 0 or series.timestamps[-1] > MAX_MILLISECONDS:
        raise InvalidSamplesError(f"{name}: a timestamp lies before 1970 or after 2286.")
    repeated = np.flatnonzero(np.diff(series.timestamps) == 0)
    if len(repeated):
        instant = np.datetime64(int(series.timestamps[repeated[0]]), "ms")
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
