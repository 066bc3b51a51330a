"""In which order a run takes its steps.

A run fetches what comes next while it stores and judges what is there (``read_ahead``). So what
takes the fewest requests comes first, which is the catalogue backwards: the many requests for the
last assets leave time for all the others' storing and checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.catalog import ASSETS, metrics_of
from syncbit_dagster.quality import metrics_read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncbit_dagster.catalog import Asset

PRIORITY_TAG = "dagster/priority"


def in_order(assets: Iterable[Asset]) -> tuple[Asset, ...]:
    """Assets as a run takes them."""
    return tuple(sorted(assets, key=asset_priority, reverse=True))


def asset_priority(asset: Asset) -> int:
    """Dagster's priority of the step that materializes an asset; the highest goes first."""
    return 2 * ASSETS.index(asset) + 1


def checks_priority(asset: Asset) -> int:
    """The priority of an asset's checks: at once after it, unless they look at others' data too.

    Then all data has to be there: a sum may belong to the total of an asset that comes later.
    """
    own = {metric.name for metric in metrics_of(asset.name)}
    return 2 * ASSETS.index(asset) if own.issuperset(metrics_read(asset)) else -1
