"""What tests run in processes of their own; imports little, so that they start fast."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from syncbit_dagster.quota import Budget

if TYPE_CHECKING:
    from syncbit_dagster.quota.quota import Quota


def send(quota: Quota, requests: int) -> list[float]:
    """When the requests went, by the clock of all processes that nobody sets."""
    looks: list[float] = []

    def clock() -> float:
        looks.append(time.monotonic())
        return looks[-1]

    times = []
    with closing(Budget(quota, clock=clock)) as own:
        for _ in range(requests):
            own.wait_for_turn()
            times.append(looks[-1])
    return times
