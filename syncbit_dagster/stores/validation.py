"""What a table of samples must be before a store takes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pandas as pd

from syncbit_dagster.core.errors import SyncbitError
from syncbit_dagster.core.samples import COLUMNS, TIMESTAMP_DTYPE, encode_labels, to_series

if TYPE_CHECKING:
    import numpy.typing as npt

    from syncbit_dagster.core.samples import Series

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
