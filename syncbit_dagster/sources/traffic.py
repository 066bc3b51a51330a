"""What went over the line to a provider: four numbers that add up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Traffic:
    """Requests for data and what became of them; requests for tokens are not counted.

    Attributes:
        requests: sent, repeated ones included.
        retries: those of them that repeat one: after a 429, a 5xx, a refused token or no answer.
        rate_limited: answers 429.
        wait_seconds: spent waiting for the budget and before repeating.
    """

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    wait_seconds: float = 0.0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.requests + other.requests,
            self.retries + other.retries,
            self.rate_limited + other.rate_limited,
            self.wait_seconds + other.wait_seconds,
        )

    def __sub__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.requests - other.requests,
            self.retries - other.retries,
            self.rate_limited - other.rate_limited,
            self.wait_seconds - other.wait_seconds,
        )
