"""What an answer says about the budget: status and headers become numbers, nonsense becomes None.

``Fitbit-Rate-Limit-Remaining`` and ``-Reset`` (seconds until the window ends) come with every
answer of the Fitbit Web API; ``Retry-After`` (seconds or a date) may come with any 429.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Told:
    """One answer's facts; times in seconds from the answer on."""

    status: int
    remaining: int | None = None
    resets_in: float | None = None
    retry_after: float | None = None

    @property
    def knows_when(self) -> bool:
        """Whether the answer says when requests are welcome again."""
        return self.retry_after is not None or self.resets_in is not None


def told_by(status: int, headers: Mapping[str, str], now: datetime) -> Told:
    """Read an answer; ``headers`` finds names in any case, ``now`` is aware."""
    remaining = _whole(headers.get("Fitbit-Rate-Limit-Remaining"))
    return Told(
        status,
        remaining=None if remaining is None else int(remaining),
        resets_in=_whole(headers.get("Fitbit-Rate-Limit-Reset")),
        retry_after=_retry_after(headers.get("Retry-After"), now),
    )


def _whole(value: str | None) -> float | None:
    text = (value or "").strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _retry_after(value: str | None, now: datetime) -> float | None:
    seconds = _whole(value)
    if seconds is not None or value is None:
        return seconds
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:  # "-0000": UTC, as far as anybody knows
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())
