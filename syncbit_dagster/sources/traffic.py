"""What went over the line to a provider."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Traffic:
    """Requests for data and what became of them; requests for tokens are not counted.

    Attributes:
        requests: sent, repeated ones included.
        rate_limited: answers 429.
    """

    requests: int = 0
    rate_limited: int = 0
