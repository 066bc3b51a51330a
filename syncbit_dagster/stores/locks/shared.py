"""The target's lock for writers on several hosts: an advisory lock in the PostgreSQL they share.

A part of a target that is a range of days can be locked instead of all of it. The lock belongs to a
transaction, so PostgreSQL frees it when a process dies, and a minute after a host has vanished. Who
loses the connection while it holds the lock learns so at the end, and fails.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from syncbit_dagster.stores.errors import StoreUnavailableError
from syncbit_dagster.stores.locks.local import PAUSE_SECONDS, WAIT_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from syncbit_dagster.core.civil import DayRange

# A transaction that waits for VictoriaMetrics is idle, and shall not be ended for it. A host that
# is gone says nothing: after a minute without an answer it counts as dead.
_SETTINGS = {
    "idle_in_transaction_session_timeout": "0",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_SET = text("SELECT set_config(:name, :value, true)")
# In the keys' order, so that of two who want the same, one gets as far as the first of them.
_TRY = text(
    "SELECT bool_and(CASE WHEN is_shared THEN pg_try_advisory_xact_lock_shared(key) "
    "ELSE pg_try_advisory_xact_lock(key) END) "
    "FROM unnest(CAST(:keys AS bigint[]), CAST(:shared AS boolean[])) AS wanted (key, is_shared)"
)
_WHO = text(
    "SELECT activity.application_name FROM pg_locks AS held "
    "JOIN pg_stat_activity AS activity USING (pid) "
    "WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1 "
    "AND (held.classid::bigint << 32) | held.objid::bigint = ANY(CAST(:keys AS bigint[])) "
    "AND activity.datname = current_database() AND pid <> pg_backend_pid() LIMIT 1"
)
BLOCK_DAYS = 64  # of the server's memory for locks, ten years take 57 blocks and 126 days


class SharedTargetLock:
    """Exclusive access to one target, across threads, processes and hosts.

    Args:
        connect: opens a connection to the PostgreSQL that all writers share.
        target: what is locked, as a URL without secrets; equal texts exclude each other.
        wait_seconds: how long to wait for another writer.
        pause_seconds: between two tries.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        target: str,
        *,
        wait_seconds: float = WAIT_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._target = target
        self._wait_seconds = wait_seconds
        self._pause_seconds = pause_seconds
        self._sleep = sleep
        self._monotonic = monotonic

    @contextmanager
    def __call__(self, days: DayRange | None = None) -> Iterator[None]:
        """Hold the lock.

        Args:
            days: those of the target; they exclude the same days, not all of it. Who locks days of
                a target always does so.

        Raises:
            StoreUnavailableError: another writer held it all the time (names that writer), or
                PostgreSQL does not work, or it was lost while it was held.
        """
        with self._errors("cannot be used"):
            connection = self._connect()
        try:
            with self._errors("cannot be used"):
                self._acquire(connection, keys_of(self._target, days))
            yield
            with self._errors("was lost while it was held"):
                connection.commit()
        finally:
            with self._errors("cannot be used"):
                connection.close()

    def _acquire(self, connection: Connection, keys: dict[int, bool]) -> None:
        wanted = {"keys": sorted(keys), "shared": [keys[key] for key in sorted(keys)]}

        def try_lock() -> bool:
            for name, value in {**_SETTINGS, "application_name": _own_name()}.items():
                connection.execute(_SET, {"name": name, "value": value})
            has_all = bool(connection.execute(_TRY, wanted).scalar_one())
            if not has_all:
                connection.rollback()  # gives back those that it has
            return has_all

        def who() -> str:
            name = connection.execute(_WHO, {"keys": wanted["keys"]}).scalar()
            connection.rollback()
            return name or "another process"

        wait_for(
            try_lock,
            who,
            self._target,
            "in PostgreSQL",
            wait_seconds=self._wait_seconds,
            pause_seconds=self._pause_seconds,
            sleep=self._sleep,
            monotonic=self._monotonic,
        )

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            kind = type(getattr(error, "orig", None) or error).__name__
            raise StoreUnavailableError(
                f"The lock of {self._target} in PostgreSQL {what} ({kind}); check that the "
                "database of SYNCBIT_STATE_URL can be reached, then materialize the partition "
                "again."
            ) from None


def keys_of(target: str, days: DayRange | None) -> dict[int, bool]:
    """The keys to lock, and whether others may lock them too.

    Whole blocks of days are locked as such. Where a block is locked in part, so are its days, and
    the block itself is shared with those who lock other days of it.
    """
    if days is None:
        return {_key(target): False}
    found: dict[int, bool] = {}
    blocks = {day.toordinal() // BLOCK_DAYS for day in (days.first, days.last)}
    for block in range(min(blocks), max(blocks) + 1):
        first, last = block * BLOCK_DAYS, block * BLOCK_DAYS + BLOCK_DAYS - 1
        own = range(max(first, days.first.toordinal()), min(last, days.last.toordinal()) + 1)
        found[_key(f"{target} block {block}")] = len(own) < BLOCK_DAYS
        if len(own) < BLOCK_DAYS:
            found |= {_key(f"{target} day {day}"): False for day in own}
    return found


def _key(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def _own_name() -> str:
    """This process, in the 63 characters that PostgreSQL keeps."""
    return f"process {os.getpid()} on {platform.node()}"[:63]
