"""What the SyncBit daemon did with days, as far as its faults need: no waits, no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from syncbit_dagster.core.civil import ONE_DAY

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH_DAYS = 10


@dataclass
class OldDaemon:
    """Asks for days one by one and keeps one date as its whole state.

    Attributes:
        first: where the history begins.
        write: stores a day's values at an instant; whether that worked.
        asked: every day that the provider was asked for, in order.
        state: the day that it believes to have come to.
    """

    first: date
    write: Callable[[date, datetime], bool]
    asked: list[date] = field(default_factory=list)
    state: date | None = None

    def backfill(self, now: datetime) -> None:
        """Ten days are written at a time. The rest waits for a midnight that equals yesterday's
        time of day, which is never; and a write that failed counts too."""
        after = self.state + ONE_DAY if self.state else self.first
        current, end = datetime.combine(after, time(), now.tzinfo), now - ONE_DAY
        batch: list[datetime] = []
        while current <= end:
            self.asked.append(current.date())
            batch.append(current)
            if len(batch) == BATCH_DAYS or current == end:
                for midnight in batch:
                    self.write(midnight.date(), midnight)
                self.state, batch = batch[-1].date(), []
            current += ONE_DAY

    def sync(self, now: datetime) -> None:
        """Yesterday and today, at this time of day; before them the gap, if it sees one."""
        yesterday = now - ONE_DAY
        if self.state and self.state < yesterday.date():
            self.backfill(now)
        has_gap = self.state is not None and self.state < yesterday.date()
        for instant in (yesterday, now):
            self.asked.append(instant.date())
            if self.write(instant.date(), instant) and instant == yesterday and not has_gap:
                self.state = yesterday.date()
