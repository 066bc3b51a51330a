"""How an account's request budget stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class QuotaFigures:
    """A quota's window now: requests that count, requests that are left, and waits ever."""

    used: int
    remaining: int
    waits: int
