"""The target's lock for writers on several hosts: an advisory lock in the PostgreSQL they share.

The lock belongs to a transaction, so PostgreSQL frees it when a process dies, and a minute after a
host has vanished. Who loses the connection while it holds the lock learns so at the end, and fails.
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
from syncbit_dagster.stores.locks.local import WAIT_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

# A transaction that waits for VictoriaMetrics is idle, and shall not be ended for it. A host that
# is gone says nothing: after a minute without an answer it counts as dead.
_SETTINGS = {
    "idle_in_transaction_session_timeout": "0",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_SET = text("SELECT set_config(:name, :value, true)")
_TRY = text("SELECT pg_try_advisory_xact_lock(CAST(:key AS bigint))")
_WHO = text(
    "SELECT activity.application_name FROM pg_locks AS held "
    "JOIN pg_stat_activity AS activity USING (pid) "
    "WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1 "
    "AND (held.classid::bigint << 32) | held.objid::bigint = CAST(:key AS bigint) "
    "AND activity.datname = current_database() AND pid <> pg_backend_pid() LIMIT 1"
)


class SharedTargetLock:
    """Exclusive access to one target, across threads, processes and hosts.

    Args:
        connect: opens a connection to the PostgreSQL that all writers share.
        target: what is locked, as a URL without secrets; equal texts exclude each other.
        wait_seconds: how long to wait for another writer.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        target: str,
        *,
        wait_seconds: float = WAIT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._target = target
        self._wait_seconds = wait_seconds
        self._sleep = sleep
        self._monotonic = monotonic

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Hold the lock.

        Raises:
            StoreUnavailableError: another writer held it all the time (names that writer), or
                PostgreSQL does not work, or it was lost while it was held.
        """
        with self._errors("cannot be used"):
            connection = self._connect()
        try:
            with self._errors("cannot be used"):
                self._acquire(connection)
            yield
            with self._errors("was lost while it was held"):
                connection.commit()
        finally:
            with self._errors("cannot be used"):
                connection.close()

    def _acquire(self, connection: Connection) -> None:
        wanted = {"key": _key(self._target)}

        def try_lock() -> bool:
            for name, value in {**_SETTINGS, "application_name": _own_name()}.items():
                connection.execute(_SET, {"name": name, "value": value})
            has_it = bool(connection.execute(_TRY, wanted).scalar_one())
            if not has_it:
                connection.rollback()  # who waits is no open transaction
            return has_it

        def who() -> str:
            name = connection.execute(_WHO, wanted).scalar()
            connection.rollback()
            return name or "another process"

        wait_for(
            try_lock,
            who,
            self._target,
            "in PostgreSQL",
            wait_seconds=self._wait_seconds,
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


def _key(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def _own_name() -> str:
    """This process, in the 63 characters that PostgreSQL keeps."""
    return f"process {os.getpid()} on {platform.node()}"[:63]
