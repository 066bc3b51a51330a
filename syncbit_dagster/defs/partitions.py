"""Daily partitions: civil days of the account's zone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.civil import DayRange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.config import Settings


def daily_partitions(settings: Settings) -> dg.DailyPartitionsDefinition:
    """One partition a day from the first day on; today is one too if the settings say so."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.account.first_day.isoformat(),
        timezone=settings.account.zone.key,
        end_offset=1 if settings.include_today else 0,
    )


def days_of(partition_keys: Sequence[str]) -> DayRange:
    """The civil days of a run's partition keys, which Dagster gives without gaps."""
    first, last = min(partition_keys), max(partition_keys)
    return DayRange(date.fromisoformat(first), date.fromisoformat(last))
