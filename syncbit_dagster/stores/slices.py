"""Checks of a sample table against the slice it is meant for, shared by all stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.civil import to_milliseconds
from syncbit_dagster.samples import (
    InvalidSamplesError,
    decode_labels,
    milliseconds,
    validate,
)

if TYPE_CHECKING:
    import pandas as pd

    from syncbit_dagster.stores.base import Slice


def validate_for(target: Slice, samples: pd.DataFrame) -> pd.DataFrame:
    """:func:`samples.validate`, and every sample lies inside the slice.

    Raises:
        InvalidSamplesError: with the first thing that is wrong.
    """
    valid = validate(samples)
    if strangers := sorted(_used(valid["metric"]) - set(target.metrics)):
        raise InvalidSamplesError(f"Metric {strangers[0]} does not belong to this write.")
    for text in _used(valid["labels"]):
        labels = decode_labels(text)
        if any(labels.get(name) != value for name, value in target.labels.items()):
            raise InvalidSamplesError(
                f"A series has the labels {text}; this write is for {dict(target.labels)}."
            )
    instants = milliseconds(valid)
    low, high = to_milliseconds(target.start), to_milliseconds(target.end)
    outside = int(((instants < low) | (instants >= high)).sum())
    if outside:
        raise InvalidSamplesError(
            f"{outside} of {len(instants)} samples lie outside of "
            f"{target.start.isoformat()} .. {target.end.isoformat()}."
        )
    return valid


def _used(column: pd.Series[str]) -> set[str]:
    """The categories that occur; counting codes is far cheaper than comparing texts."""
    codes, categories = column.cat.codes.to_numpy(), column.cat.categories
    return set(categories[np.bincount(codes, minlength=len(categories)).nonzero()])
