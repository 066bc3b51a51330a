"""The request limit of an account, as a value, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from syncbit_dagster.account.state.place import StatePlace

Priority = Literal["fresh", "history"]
WindowKind = Literal["sliding", "fixed"]
LONGEST_WAIT_SECONDS = 15 * 60.0


@dataclass(frozen=True)
class Quota:
    """How many requests the provider grants this account in a time, and how they are shared.

    Attributes:
        requests: the limit.
        seconds: the length of the window that it holds for.
        window: any time of that length (``sliding``), or one that begins with each full hour or
            minute of the clock (``fixed``).
        place: where the processes that share the limit keep count; None: nobody shares it.
        priority: ``fresh`` requests (schedule, sensor, a person) go before those for ``history``.
        longest_wait_seconds: a longer wait ends the run instead of keeping its process.
    """

    requests: int
    seconds: int
    window: WindowKind = "sliding"
    place: StatePlace | None = None
    priority: Priority = "fresh"
    longest_wait_seconds: float = LONGEST_WAIT_SECONDS

    def __str__(self) -> str:
        return f"{self.requests} requests in {self.seconds} s"


@dataclass(frozen=True)
class QuotaFigures:
    """A quota's window now: requests that count, requests that are left, and waits ever."""

    used: int
    remaining: int
    waits: int
