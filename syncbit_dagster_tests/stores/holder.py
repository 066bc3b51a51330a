"""Processes that take the turn of some days."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from syncbit_dagster.stores.errors import StoreUnavailableError
from syncbit_dagster.stores.turns import Turns

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.core.civil import DayRange


def hold_days(directory: Path, days: DayRange, barrier: Any) -> None:
    """Tell the barrier when the days are held; never return."""
    with Turns(directory, "user 'a'")(days):
        barrier.wait()
        threading.Event().wait()


def try_days(directory: Path, days: DayRange) -> bool:
    """Whether the days are free."""
    try:
        with Turns(directory, "user 'a'", wait_seconds=0)(days):
            return True
    except StoreUnavailableError:
        return False
