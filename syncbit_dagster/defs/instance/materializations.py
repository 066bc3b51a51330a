"""What Dagster has on record of an account's partitions."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from syncbit_dagster.defs.names import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dagster as dg

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.civil import DayRange


def missing_days(
    settings: Settings, offered: Sequence[Asset], instance: dg.DagsterInstance, days: DayRange
) -> dict[str, set[date]]:
    """For each asset the days of its history that were never materialized."""
    result = {}
    for asset in offered:
        if wanted := settings.history_of(asset, days):
            there = instance.get_materialized_partitions(key_of(settings, asset.name))
            result[asset.name] = set(wanted) - {date.fromisoformat(key) for key in there}
    return result
