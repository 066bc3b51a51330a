"""The client-side request budget: never more than the quota in any window of its length."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncbit_dagster.account import Quota


class Pace:
    """A sliding window over this process's requests.

    A window that slides is stricter than the provider's fixed one, wherever that begins: 150
    requests in any 60 s are at most 150 in each of its minutes. Runs of several processes are
    kept apart by Dagster (one at a time, ``dagster.yaml``).
    """

    def __init__(
        self,
        quota: Quota,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._quota = quota
        self._clock = clock
        self._sleep = sleep
        self._sent: deque[float] = deque(maxlen=quota.requests)

    def wait_for_turn(self) -> float:
        """Block until one more request fits, count it, and return the seconds waited."""
        waited = 0.0
        if len(self._sent) == self._quota.requests:
            waited = max(0.0, self._sent[0] + self._quota.seconds - self._clock())
            if waited:
                self._sleep(waited)
        self._sent.append(self._clock())
        return waited
