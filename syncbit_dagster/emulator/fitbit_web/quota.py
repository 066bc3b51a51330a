"""The quota: so many requests an hour and user, in whole hours of the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncbit_dagster.emulator.fitbit_web.errors import too_many_requests

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_HOUR_SECONDS = 3600


@dataclass
class Quota:
    """The requests of the current hour. It starts anew at the top of each hour, for everybody."""

    now: Callable[[], datetime]
    per_hour: int
    _hour: int = 0
    _count: int = 0

    def count(self) -> None:
        """Count one request, or refuse it."""
        self._turn()
        if self._count >= self.per_hour:
            raise too_many_requests(self._seconds_left())
        self._count += 1

    def headers(self) -> dict[str, str]:
        """The headers of every answer; the last one in seconds from now."""
        self._turn()
        return {
            "Fitbit-Rate-Limit-Limit": str(self.per_hour),
            "Fitbit-Rate-Limit-Remaining": str(self.per_hour - self._count),
            "Fitbit-Rate-Limit-Reset": str(self._seconds_left()),
        }

    def _turn(self) -> None:
        hour = int(self.now().timestamp()) // _HOUR_SECONDS
        if hour != self._hour:
            self._hour, self._count = hour, 0

    def _seconds_left(self) -> int:
        return _HOUR_SECONDS - int(self.now().timestamp()) % _HOUR_SECONDS
