"""A clock for several threads that moves only when all of them sleep."""

from __future__ import annotations

import threading


class VirtualClock:
    """Time for a known number of threads: it jumps to the next one that wakes."""

    def __init__(self, start: float, threads: int) -> None:
        self._now = start
        self._threads = threads
        self._wakes: list[float] = []
        self._changed = threading.Condition()

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        """Return when the clock has moved so far."""
        assert seconds > 0
        with self._changed:
            wake = self._now + seconds
            self._wakes.append(wake)
            self._advance()
            self._changed.wait_for(lambda: self._now >= wake)

    def leave(self) -> None:
        """The calling thread sleeps no more; the clock does not wait for it."""
        with self._changed:
            self._threads -= 1
            self._advance()

    def _advance(self) -> None:
        if self._wakes and len(self._wakes) == self._threads:
            self._now = min(self._wakes)
            self._wakes = [wake for wake in self._wakes if wake > self._now]
            self._changed.notify_all()
