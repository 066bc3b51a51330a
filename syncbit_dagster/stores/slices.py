"""Checks of a sample table against the slice it is meant for, shared by all stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.civil import to_milliseconds
from syncbit_dagster.samples import InvalidSamplesError, Series, decode_labels, validate

if TYPE_CHECKING:
    import pandas as pd

    from syncbit_dagster.stores.base import Slice


def validate_for(target: Slice, samples: pd.DataFrame) -> list[Series]:
    """:func:`samples.validate`, and every sample lies inside the slice.

    Raises:
        InvalidSamplesError: with the first thing that is wrong.
    """
    series = validate(samples)
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
    if inside < len(samples):
        raise InvalidSamplesError(
            f"{len(samples) - inside} of {len(samples)} samples lie outside of "
            f"{target.start.isoformat()} .. {target.end.isoformat()}."
        )
    return series
