"""One request for data, with everything that an answer is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from syncbit_dagster.core.civil import DayRange, civil_day
from syncbit_dagster.emulator.fitbit_web.days import Limit, days_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from syncbit_dagster.emulator.fitbit_web.totals import DayTotals, Totals
    from syncbit_dagster.emulator.server_view import Feed

    Answer: TypeAlias = Callable[["DataRequest"], Any]


@dataclass(frozen=True)
class DataRequest:
    """What the server has, the parts of the path; the scope is checked already."""

    feed: Feed
    path: Mapping[str, str]
    totals: Totals

    @cached_property
    def today(self) -> date:
        """The civil day of now, in the account's zone."""
        return civil_day(self.feed.now, self.feed.zone)

    def days(self, limit: Limit) -> DayRange:
        """The days that are asked for, or 400."""
        asked = days_of(self.path, self.today, limit.periods)
        limit.check(asked)
        return asked

    def totals_of(self, day: date) -> DayTotals:
        """The totals of one day."""
        return self.totals.of(self.feed, day)
