"""How far a long work has come, in words: days, requests, and when it may end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncbit_dagster.quota.quota import Quota


@dataclass(frozen=True)
class Progress:
    """Days of some assets, and the requests for those that are still missing.

    Attributes:
        days: how many there are to fetch; each asset's count.
        done: how many of them are stored.
        requests: how many requests the rest takes, at least.
    """

    days: int
    done: int
    requests: int

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return self.done >= self.days

    def __str__(self) -> str:
        share = self.done / self.days if self.days else 1.0
        return (
            f"{self.done:,} of {self.days:,} days ({share:.0%}), about {self.requests:,} requests "
            "to go"
        )


def time_to_go(requests: int, remaining: int, quota: Quota) -> timedelta:
    """How long the budget makes somebody wait who sends so many requests.

    Args:
        requests: to be sent.
        remaining: how many of them the present window still has room for.
        quota: the budget; it is granted once a window.
    """
    windows = max(0, -(-(requests - remaining) // quota.requests))
    return timedelta(seconds=windows * quota.seconds)


def rate_to_go(done: int, whole: int, seconds: float) -> timedelta | None:
    """How long the rest takes if it goes on as it went so far; None: nobody knows yet."""
    return timedelta(seconds=seconds * (whole - done) / done) if done else None


def at_least(progress: Progress, remaining: int, quota: Quota, rate: timedelta | None) -> timedelta:
    """How long the rest takes: as the budget allows, or as it went so far if that is longer."""
    of_budget = time_to_go(progress.requests, remaining, quota)
    return max(of_budget, rate or of_budget)


def in_words(duration: timedelta) -> str:
    """A length of time as somebody would say it: seconds, minutes or hours.

    >>> in_words(timedelta(minutes=95))
    '1 h 35 min'
    """
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"
