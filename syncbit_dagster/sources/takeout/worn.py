"""Days on which the device was not worn: their zeros are filled in, not measured.

Of such a day, and of the days after the export up to the end of its month, the files of active
minutes say 0, and 1440 minutes at rest. A day is taken as not worn where none of these values
proves otherwise, which is what the catalogue's ``worn_if`` is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.catalog.locations import TakeoutDay

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.catalog.locations import TakeoutLocation
    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.sources.takeout.series import Tile

MINUTE_MS = 60_000
DAY_MINUTES = 1440  # whatever the clocks do


def needs_proof(place: TakeoutLocation | None) -> bool:
    """Whether a place's values are filled in for days without the device."""
    return isinstance(place, TakeoutDay) and place.worn_if is not None


def worn_days(metrics: Sequence[Metric], series: Sequence[Series], tile: Tile) -> list[Series]:
    """An asset's series, one a metric, without the values that are only filled in."""
    lengths = np.minimum(np.diff(tile.edges) // MINUTE_MS, DAY_MINUTES)
    worn = np.zeros(len(lengths), np.bool_)
    for metric, one in zip(metrics, series, strict=True):
        if isinstance(metric.takeout, TakeoutDay) and metric.takeout.worn_if:
            day = tile.day(one.timestamps)
            is_proof = one.values > 0
            if metric.takeout.worn_if == "below a day":
                is_proof &= one.values < lengths[day]
            worn[day[is_proof]] = True
    return [
        _where(one, worn[tile.day(one.timestamps)]) if needs_proof(metric.takeout) else one
        for metric, one in zip(metrics, series, strict=True)
    ]


def _where(one: Series, kept: npt.NDArray[np.bool_]) -> Series:
    return one._replace(timestamps=one.timestamps[kept], values=one.values[kept])
