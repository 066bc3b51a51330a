"""Samples: as series inside of sources and stores, as one table where a Dagster user meets them.

The table is a pandas DataFrame with exactly these columns, in any row order:

=========== ======================== ===========================================================
column      dtype                    meaning
=========== ======================== ===========================================================
metric      category of str          metric name, ``[a-zA-Z_:][a-zA-Z0-9_:]*``
labels      category of str          label set as canonical JSON: ``{"device":"fitbit","user":"a"}``
timestamp   datetime64[ms, UTC]      instant of the sample
value       float64                  finite; unit in the metric's name
=========== ======================== ===========================================================

A series is one (metric, labels) pair; it holds at most one sample per timestamp. :func:`to_series`
checks the table, a store the series that enter it (``stores/validation.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import orjson
import pandas as pd

from syncbit_dagster.core.errors import SyncbitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

TIMESTAMP_DTYPE = pd.DatetimeTZDtype("ms", "UTC")
COLUMNS = ("metric", "labels", "timestamp", "value")


class InvalidSamplesError(SyncbitError):
    """Samples that no store may take; nothing of them was written."""


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


def milliseconds(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """The timestamps as int64 milliseconds since the epoch."""
    instants: npt.NDArray[np.datetime64] = frame["timestamp"].to_numpy(dtype="datetime64[ms]")
    return instants.astype(np.int64)


def count(series: Iterable[Series]) -> int:
    """How many samples there are."""
    return sum(len(one.timestamps) for one in series)


def between(series: Iterable[Series], start: int, end: int) -> list[Series]:
    """The samples from ``start`` until before ``end``, in milliseconds; no series without any."""
    found = []
    for one in series:
        low, high = np.searchsorted(one.timestamps, [start, end])
        if low < high:
            part = one._replace(timestamps=one.timestamps[low:high], values=one.values[low:high])
            found.append(part)
    return found


def to_series(frame: pd.DataFrame) -> list[Series]:
    """A table's series, sorted by metric and labels, each in order of time. No per-row Python.

    Raises:
        InvalidSamplesError: wrong columns or dtypes, or a row without metric, labels or instant.
    """
    _require_schema(frame)
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
