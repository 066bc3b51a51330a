"""Daily partitions: civil days of the account's zone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.core.civil import ONE_DAY, DayRange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.config import Settings


def daily_partitions(
    settings: Settings, first: date, last: date | None
) -> dg.DailyPartitionsDefinition:
    """One partition a day from ``first`` on.

    Until ``last``, or for ever; then today is one too if the settings say so.
    """
    return dg.DailyPartitionsDefinition(
        start_date=first.isoformat(),
        end_date=(last + ONE_DAY).isoformat() if last else None,
        timezone=settings.account.zone.key,
        end_offset=1 if settings.include_today and last is None else 0,
    )


def days_of(partition_keys: Sequence[str]) -> DayRange:
    """The civil days of a run's partition keys, which Dagster gives without gaps."""
    first, last = min(partition_keys), max(partition_keys)
    return DayRange(date.fromisoformat(first), date.fromisoformat(last))
