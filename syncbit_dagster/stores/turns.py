"""Days that one run at a time may be at work on.

A run that had fetched a day before another one did, and stored it after, would put older data in
the place of newer. The store's own lock does not prevent that: it is held while something is
written, and this from before the first request to the last write.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from syncbit_dagster.stores.locks.local import WAIT_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from syncbit_dagster.core.civil import DayRange

PAUSE_SECONDS = 0.2


class Turns:
    """Turns of the processes of one machine that share a directory.

    Each day is a byte of a file that is never written: the operating system locks ranges of bytes,
    and frees them when a process dies. Threads of one process do not exclude each other.

    Args:
        directory: where the file lies; created with mode 0700.
        whose: whose days they are, for people.
        wait_seconds: how long to wait for another run.
    """

    def __init__(
        self,
        directory: Path,
        whose: str,
        *,
        wait_seconds: float = WAIT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = directory / "days.lock"
        self._whose = whose
        self._wait_seconds = wait_seconds
        self._sleep = sleep
        self._monotonic = monotonic

    @contextmanager
    def __call__(self, days: DayRange) -> Iterator[None]:
        """Hold the days.

        Raises:
            StoreUnavailableError: another run was at work on one of them all the time.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            wait_for(
                lambda: _has(file, days),
                lambda: "another run",
                f"some day of {days} of {self._whose}",
                str(self._path),
                wait_seconds=self._wait_seconds,
                pause_seconds=PAUSE_SECONDS,
                sleep=self._sleep,
                monotonic=self._monotonic,
            )
            yield
        finally:
            os.close(file)  # and with it the lock


def _has(file: int, days: DayRange) -> bool:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, len(days), days.first.toordinal())
    except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, as systems like
        return False
    return True
