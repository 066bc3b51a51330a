"""What tests run in processes of their own; imports little, so that they start fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.quota import Budget

if TYPE_CHECKING:
    from syncbit_dagster.quota.quota import Quota


def send(quota: Quota, requests: int) -> list[float]:
    """When the requests went, by the shared clock."""
    own = Budget(quota)
    times = []
    for _ in range(requests):
        own.wait_for_turn()
        times.append(own._sent_at)
    own.close()
    return times
