"""A process that takes the store's lock and keeps it until it is killed."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import NullPool

from syncbit_dagster.account.state.database import server_engine
from syncbit_dagster.stores.locks.shared import SharedTargetLock


def hold(url: str, target: str, barrier: Any) -> None:
    """Tell the barrier when the lock is held; never return."""
    with SharedTargetLock(server_engine(url, poolclass=NullPool).connect, target)():
        barrier.wait()
        threading.Event().wait()
