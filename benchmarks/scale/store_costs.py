"""What the store costs: bytes a sample of a year that looks like a real one, and of each series."""

from __future__ import annotations

import time
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING

import requests

from benchmarks.accounts import meter
from benchmarks.store import data
from syncbit_dagster.samples import from_series
from syncbit_dagster.stores.victoriametrics import VictoriaMetricsConfig, VictoriaMetricsStore
from syncbit_dagster_tests.victoriametrics import Server, running, victoria_metrics

if TYPE_CHECKING:
    from pathlib import Path

SERIES = 200_000


def year_of_samples(directory: Path) -> None:
    """Bytes on disk a sample, of the store's benchmark's year."""
    parts = data.year()
    with running(victoria_metrics(directory)) as server:
        store = VictoriaMetricsStore(VictoriaMetricsConfig(server.url), lock=nullcontext)
        store.replace(data.slice_of(parts, 0, 365), from_series(parts))
        store.close()
        settle(server)
        samples = sum(len(one.timestamps) for one in parts)
        print(f"samples of a day, by the minute  {samples / 365:10,.0f}")
        print(f"bytes on disk a sample           {bytes_below(directory) / samples:10.2f}")


def many_series(directory: Path) -> None:
    """Memory and disk a series, with a sample a day on two days."""
    with running(victoria_metrics(directory)) as server:
        idle = memory(server)
        sizes = [bytes_below(directory)]
        for day in ("2026-01-01", "2026-01-02"):
            instant = int(datetime.fromisoformat(f"{day}T00:00+00:00").timestamp() * 1000)
            for first in range(0, SERIES, 20_000):
                lines = (
                    f'fitbit_daily_{number % 50:02}{{user="{number // 50}"}} {number} {instant}'
                    for number in range(first, first + 20_000)
                )
                answer = requests.post(
                    f"{server.url}/api/v1/import/prometheus", "\n".join(lines), timeout=60
                )
                answer.raise_for_status()
            settle(server)
            sizes.append(bytes_below(directory))
        print(f"memory a series                  {(memory(server) - idle) / SERIES:10.0f} bytes")
        print(f"disk a series, its first day     {(sizes[1] - sizes[0]) / SERIES:10.0f} bytes")
        print(f"disk a series, the next day      {(sizes[2] - sizes[1]) / SERIES:10.0f} bytes")


def settle(server: Server) -> None:
    """Everything on disk, and merged as far as the server merges."""
    for route in ("/internal/force_flush", "/internal/force_merge"):
        requests.get(server.url + route, timeout=60).raise_for_status()
    time.sleep(3)  # small parts go a moment after the merge; nothing tells when


def memory(server: Server) -> float:
    return meter.megabytes(server.pid) * 1e6


def bytes_below(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
