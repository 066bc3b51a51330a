"""One writer at a time. VictoriaMetrics has no lock and no compare-and-swap: a writer that adds
a day while another corrects the same series loses that day (29 of 30 measured runs).

The lock is a file, so it holds between processes of one machine that share a directory, inside
and outside of Dagster, and the operating system frees it when a process dies. Writers on several
machines share no directory: see ``shared_lock``.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from syncbit_dagster.stores.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

WAIT_SECONDS = 3600.0  # a year of many series takes minutes; an hour means something hangs
PAUSE_SECONDS = 0.05


class TargetLock:
    """Exclusive access to one target, across threads and processes.

    Args:
        directory: where the lock file lies; created with mode 0700. All writers share it.
        target: what is locked, as a URL without secrets; equal texts exclude each other.
        wait_seconds: how long to wait for another writer.
    """

    def __init__(
        self,
        directory: Path,
        target: str,
        *,
        wait_seconds: float = WAIT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        digest = hashlib.sha256(target.encode()).hexdigest()[:16]
        self.path = directory / f"write-{digest}.lock"
        self._holder = directory / f"write-{digest}.holder"
        self._target = target
        self._wait_seconds = wait_seconds
        self._sleep = sleep
        self._monotonic = monotonic

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Hold the lock.

        Raises:
            StoreUnavailableError: another writer held it all the time; names that writer.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One object per use: a shared one would let a second thread of this process in.
        lock = FileLock(self.path, mode=0o600)
        wait_for(
            lambda: _has(lock),
            self._who,
            self._target,
            str(self.path),
            wait_seconds=self._wait_seconds,
            sleep=self._sleep,
            monotonic=self._monotonic,
        )
        try:
            self._holder.write_text(f"process {os.getpid()}", encoding="utf-8")
            yield
        finally:
            self._holder.unlink(missing_ok=True)
            lock.release()

    def _who(self) -> str:
        try:
            return self._holder.read_text(encoding="utf-8") or "another process"
        except OSError:  # between acquiring the lock and writing the name
            return "another process"


def _has(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True


def wait_for(
    try_lock: Callable[[], bool],
    who: Callable[[], str],
    target: str,
    place: str,
    *,
    wait_seconds: float,
    sleep: Callable[[float], None],
    monotonic: Callable[[], float],
) -> None:
    """Try a lock until it is held.

    Args:
        try_lock: takes the lock if it is free, and says whether it did.
        who: the holder, for people.
        target: what is written to.
        place: where the lock is.
        wait_seconds, sleep, monotonic: how long, and by which clock.

    Raises:
        StoreUnavailableError: it was never free; names the holder.
    """
    deadline = monotonic() + wait_seconds
    is_told = False
    while not try_lock():
        if monotonic() >= deadline:
            raise StoreUnavailableError(
                f"Process {os.getpid()} waited {wait_seconds:.0f} s for {who()}, which writes to "
                f"{target} (lock {place}); end that process or try later."
            )
        if not is_told:
            logger.info("Waiting for %s, which writes to %s", who(), target)
            is_told = True
        sleep(PAUSE_SECONDS)
