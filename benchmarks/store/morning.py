"""A morning's small durable writes, one by one and together, of many people into one server."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.accounts.meter import cpu_seconds
from benchmarks.store.data import DAILY_METRICS, DAY, START, regular
from syncbit_dagster.core.samples import encode_labels
from syncbit_dagster.stores.base import Slice, Write

if TYPE_CHECKING:
    from syncbit_dagster.stores.base import Store

PEOPLE = 60
ASSETS = 10
DAYS = 7


def mornings(store: Store, server: int) -> dict[str, float]:
    """Seconds of everybody's morning, and of the server's CPU, by how it is written.

    The two ways take turns, so that both meet as many files on the server.

    Args:
        store: a new one.
        server: its process.
    """
    spent = dict.fromkeys(("apart", "together", "apart CPU", "together CPU"), 0.0)
    for number in range(PEOPLE):
        for way in ("apart", "together"):
            writes = _morning(f"{way}-{number}")
            cpu, began = cpu_seconds(server), time.perf_counter()
            for group in [writes] if way == "together" else [[one] for one in writes]:
                store.replace_all(group, durable=True)
            spent[way] += time.perf_counter() - began
            spent[f"{way} CPU"] += cpu_seconds(server) - cpu
    return spent


def _morning(user: str) -> list[Write]:
    """A week of some assets with two metrics each."""
    labels = {"user": user, "device": "watch"}
    end = START + timedelta(days=DAYS)
    writes = []
    for number in range(ASSETS):
        metrics = DAILY_METRICS[2 * number : 2 * number + 2]
        series = [
            regular(metric, START, DAY, np.arange(DAYS, dtype=float))._replace(
                labels=encode_labels(labels)
            )
            for metric in metrics
        ]
        writes.append(Write(Slice(metrics, labels, START, end), series))
    return writes
