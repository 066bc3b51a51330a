"""What exactness costs: the store beside plain POSTs, syncs and corrections with a long history.

    python -m benchmarks.store.run            # all, about 5 minutes
    python -m benchmarks.store.run --rounds 1

Needs a VictoriaMetrics (see ``syncbit_dagster_tests/victoriametrics.py``) and curl. Each figure
is the median over the rounds; every measurement has a server of its own.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import requests

from benchmarks.store import data
from syncbit_dagster.stores.victoriametrics import (
    FileJournal,
    VictoriaMetricsConfig,
    VictoriaMetricsStore,
    encoding,
)
from syncbit_dagster_tests.victoriametrics import Server, running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.stores.base import Slice, Store

MEGABYTE = 1e6
FEW_SYNCS, MANY_SYNCS = 100, 1_000
SETTLE_SECONDS = 12.0  # what the server has accepted is on disk, and merged
DELETED = "vm_deleted_metrics_total"
INDEX = r'vm_data_size_bytes\{type="indexdb[^"]*"\}'


@contextmanager
def server_with(parts: Sequence[Series] = ()) -> Iterator[Server]:
    """A server that has some samples on disk, started anew so that loading them left no trace."""
    with tempfile.TemporaryDirectory() as directory:
        server = victoria_metrics(Path(directory))
        with running(server):
            lines = (line for one in parts for line in encoding.encode(one, {}))
            for body in encoding.batches(lines):
                url = f"{server.url}/api/v1/import"
                requests.post(url, data=body, timeout=60).raise_for_status()
            server.stop()
            server.start()
            yield server


@contextmanager
def store_on(server: Server) -> Iterator[VictoriaMetricsStore]:
    with tempfile.TemporaryDirectory() as directory:
        config = VictoriaMetricsConfig(server.url)
        journal = FileJournal(Path(directory), config.key)
        store = VictoriaMetricsStore(config, lock=nullcontext, journal=journal)
        yield store
        store.close()


def seconds_of(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def megabytes(server: Server, line: str) -> float:
    """A line of the server's /proc/PID/status: ``VmHWM``, the most so far, or ``VmRSS``."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(re.findall(rf"{line}:\s+(\d+)", status)[0]) * 1024 / MEGABYTE


def metric(server: Server, name: str) -> float:
    """The sum over one of the server's own metrics, whose page may be a second old."""
    time.sleep(1.1)
    text = requests.get(f"{server.url}/metrics", timeout=10).text
    return sum(map(float, re.findall(rf"^{name} (\S+)$", text, re.MULTILINE)))


def floor(parts: Sequence[Series]) -> float:
    """curl, one connection, the same bodies, already encoded and in files."""
    with server_with() as server, tempfile.TemporaryDirectory() as directory:
        lines = (line for one in parts for line in encoding.encode(one, {}))
        command = ["curl", "--silent", "--fail"]
        for number, body in enumerate(encoding.batches(lines)):
            path = Path(directory) / str(number)
            path.write_bytes(body)
            command += [*(["--next", "--silent", "--fail"] if number else [])]
            command += ["--data-binary", f"@{path}", f"{server.url}/api/v1/import"]
        return seconds_of(lambda: subprocess.run(command, check=True))


def first_writes() -> dict[str, float]:
    """A year in one range beside the floor, and the same again without a change."""
    year = data.year()
    target = data.slice_of(year, 0, 365)
    with server_with() as server, store_on(server) as store:
        first = seconds_of(lambda: store.replace(target, year, durable=True))
        again = seconds_of(lambda: store.replace(target, year, durable=True))
    return {"first": first / floor(year), "again": again / first}


def syncs() -> dict[str, float]:
    """Syncs of today after ten years of history, and the same into an empty store."""
    with server_with() as server, store_on(server) as store:
        run_syncs(store, 0, 2)  # partitions are made, caches filled
        empty = cpu_of(server, lambda: run_syncs(store, 2, FEW_SYNCS))
    with server_with(data.ten_years()) as server, store_on(server) as store:
        run_syncs(store, 0, 2)
        deleted = metric(server, DELETED)
        full = cpu_of(server, lambda: run_syncs(store, 2, FEW_SYNCS))
        deleted = metric(server, DELETED) - deleted
        memory, index = megabytes(server, "VmRSS"), metric(server, INDEX)
        run_syncs(store, FEW_SYNCS, FEW_SYNCS + MANY_SYNCS)
        return {
            "sync CPU": (full - empty) / FEW_SYNCS,
            "deleted": deleted,
            "memory": megabytes(server, "VmRSS") / memory,
            "index": (metric(server, INDEX) - index) / MEGABYTE,
        }


def run_syncs(store: Store, first: int, end: int) -> None:
    for number in range(first, end):
        so_far, days = data.sync(number)
        store.replace_all(so_far)
        store.replace_all(days, durable=True)


def cpu_of(server: Server, action: Callable[[], object]) -> float:
    """Seconds of the server's CPU, those of the work that it does afterwards included."""
    before = cpu_seconds(server)
    action()
    time.sleep(SETTLE_SECONDS)
    return cpu_seconds(server) - before


def cpu_seconds(server: Server) -> float:
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def correct(parts: list[Series], day: int) -> dict[str, float]:
    """One value of a day changed in all of these series, and how long a reader misses them."""
    target = data.slice_of(parts, day, 1)
    changed = [
        one._replace(
            values=np.where(np.arange(len(one.values)) == len(one.values) // 2, 99, one.values)
        )
        for one in data.between(parts, day, 1)
    ]
    with server_with(parts) as server, store_on(server) as store:
        store.read(target)
        stop, gaps = threading.Event(), [0.0]
        watcher = threading.Thread(target=watch, args=(server.url, target, stop, gaps))
        watcher.start()
        cpu = cpu_seconds(server) + time.thread_time()
        total = seconds_of(lambda: store.replace(target, changed, durable=True))
        cpu = cpu_seconds(server) + time.thread_time() - cpu
        stop.set()
        watcher.join()
        peak = megabytes(server, "VmHWM")
        return {"total": total, "CPU": cpu, "unreadable": max(gaps), "peak": peak}


def watch(url: str, target: Slice, stop: threading.Event, gaps: list[float]) -> None:
    """Ask for the day of the last series over and over; note each time without an answer."""
    missing_since: float | None = None
    window = {"start": f"{target.start.timestamp()}", "end": f"{target.end.timestamp()}"}
    with requests.Session() as session:
        for number in itertools.count():
            if stop.is_set():
                return
            asked = time.perf_counter()
            # Spelled anew each time: the server caches what a selector does not match.
            chosen = f'{{__name__="{target.metrics[-1]}",look_{number}=""}}'
            query = {"match[]": chosen, **window}
            answer = session.get(f"{url}/api/v1/export", params=query, timeout=60)
            if answer.content:
                if missing_since is not None:
                    gaps.append(time.perf_counter() - missing_since)
                missing_since = None
            elif missing_since is None:
                missing_since = asked
            time.sleep(0.005)


def corrections_of_days() -> dict[str, float]:
    return correct(data.days_of_ten_years(), -1800)


def corrections_of_minutes() -> dict[str, float]:
    return correct([data.minutes_of_ten_years()], -1800)


# What is told of each measurement: its key, what it is, its unit, what it may be at most.
ROWS = {
    first_writes: (
        ("first", "first write of a year, times curl", "", 3),
        ("again", "unchanged re-run, share of the first write", "", 0.5),
    ),
    syncs: (
        ("sync CPU", "a sync after ten years, server's CPU over an empty store's", "s", 0.2),
        ("deleted", f"series deleted by {FEW_SYNCS} syncs", "", 0),
        ("memory", f"server's memory after {MANY_SYNCS} more, share of before", "", 1.1),
        ("index", "  growth of its index", "MB", 5),
    ),
    corrections_of_days: (
        ("total", "one day corrected in 25 daily series of ten years", "s", 2.5),
        ("CPU", "  CPU of client and server", "s", None),
        ("unreadable", "  unreadable for", "s", 1),
        ("peak", "  server's high-water mark", "MB", None),
    ),
    corrections_of_minutes: (
        ("total", "one minute corrected in ten years of minutes", "s", 6),
        ("CPU", "  CPU of client and server", "s", None),
        ("unreadable", "  unreadable for", "s", 1),
        ("peak", "  server's high-water mark", "MB", 500),
    ),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    rounds = arguments.parse_args().rounds
    print(f"{'':60} {'measured':>12}  at most")
    for measure, rows in ROWS.items():
        found = [measure() for _ in range(rounds)]
        for key, what, unit, most in rows:
            figure = f"{statistics.median(one[key] for one in found):.2f} {unit}"
            print(f"{what:60} {figure:>12}  {'' if most is None else most}", flush=True)


if __name__ == "__main__":
    main()
