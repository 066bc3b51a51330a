"""Checks of sample tables against the slices they are meant for, shared by all stores."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import Series, decode_labels
from syncbit_dagster.stores.validation import InvalidSamplesError, validate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from syncbit_dagster.stores.base import Slice, Write


def validate_all(writes: Sequence[Write]) -> list[list[Series]]:
    """:func:`validate_for` each of them, and no sample can belong to two.

    Raises:
        InvalidSamplesError: with the first thing that is wrong.
    """
    for one, other in combinations([write.target for write in writes], 2):
        if one.overlaps(other):
            raise InvalidSamplesError(
                f"Two writes at once are for {one.metrics[0]} of {dict(one.labels)} and "
                f"{other.metrics[0]} of {dict(other.labels)}, which overlap; make one after the "
                "other."
            )
    return [validate_for(one.target, one.samples) for one in writes]


def validate_for(target: Slice, samples: pd.DataFrame) -> list[Series]:
    """:func:`validate`, and every sample lies inside the slice.

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
