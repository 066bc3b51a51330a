"""How old an asset may be before Dagster warns."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.catalog.assets import Group
    from syncbit_dagster.config import Settings

# Hours after the last materialization until a warning and until a failure. The schedule runs once
# a day: one run that is late by six hours warns, a second one that is missing fails.
_DAY = (30, 54)
_HOURS: dict[Group, tuple[int, int]] = {"daily": _DAY, "intraday": _DAY, "devices": (24, 48)}


def freshness(asset: Asset, settings: Settings) -> dg.FreshnessPolicy | None:
    """The policy of an asset; None for one that is not materialized day by day.

    Dagster looks at the newest materialization of any partition. Which days are missing is told by
    the check ``gaps``.
    """
    is_by_hand = asset.is_intraday and asset.resource not in settings.intraday_on_schedule
    if is_by_hand or settings.is_offline:
        return None
    warn, fail = _HOURS[asset.group]
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=fail), warn_window=timedelta(hours=warn)
    )
