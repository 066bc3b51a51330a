"""What a source gave, batch by batch, as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.core.samples import from_series, to_series

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd


def concat(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several tables as one; categories are united."""
    return from_series(one for frame in frames for one in to_series(frame))
