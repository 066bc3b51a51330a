"""What exactness costs: the store against plain POSTs of the same samples, side by side.

    python -m benchmarks.store.run            # all, three rounds, about 8 minutes
    python -m benchmarks.store.run --rounds 1

Needs a VictoriaMetrics (see ``syncbit_dagster_tests/victoriametrics.py``) and curl. Each figure
is the median over the rounds; every measurement has a server of its own.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import requests

from benchmarks.store import data
from benchmarks.store.morning import mornings
from syncbit_dagster.core.samples import Series, decode_labels
from syncbit_dagster.stores.victoriametrics import (
    FileJournal,
    VictoriaMetricsConfig,
    VictoriaMetricsStore,
    encoding,
)
from syncbit_dagster.stores.victoriametrics.client import Client
from syncbit_dagster.stores.victoriametrics.durability import Settler
from syncbit_dagster.stores.victoriametrics.transport import Transport
from syncbit_dagster_tests.victoriametrics import Server, running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

MEGABYTE = 1e6


@contextmanager
def fresh_server() -> Iterator[Server]:
    with (
        tempfile.TemporaryDirectory() as directory,
        running(victoria_metrics(Path(directory))) as server,
    ):
        yield server


@contextmanager
def store_on(server_url: str) -> Iterator[VictoriaMetricsStore]:
    with tempfile.TemporaryDirectory() as directory:
        config = VictoriaMetricsConfig(server_url)
        journal = FileJournal(Path(directory), config.key)
        store = VictoriaMetricsStore(config, lock=nullcontext, journal=journal)
        yield store
        store.close()


def seconds_of(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def peak_of(status: str) -> float:
    """The largest resident set in a text of /proc/PID/status, in MB."""
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / MEGABYTE


def high_water(server: Server) -> float:
    """The server's largest resident set so far, in MB."""
    return peak_of(Path(f"/proc/{server.pid}/status").read_text())


def floor(parts: list[Series]) -> float:
    """curl, one connection, the same bodies, already encoded and in files."""
    with fresh_server() as server, tempfile.TemporaryDirectory() as directory:
        lines = (line for one in parts for line in encoding.encode(one, {}))
        command = ["curl", "--silent", "--fail"]
        for number, body in enumerate(encoding.batches(lines)):
            path = Path(directory) / str(number)
            path.write_bytes(body)
            command += [*(["--next", "--silent", "--fail"] if number else [])]
            command += ["--data-binary", f"@{path}", f"{server.url}/api/v1/import"]
        return seconds_of(lambda: subprocess.run(command, check=True))


def encode_and_post(parts: list[Series]) -> float:
    """The store's own writer, without any of its promises."""
    with fresh_server() as server:
        return seconds_of(lambda: write_plainly(server.url, parts))


def write_plainly(url: str, parts: list[Series]) -> None:
    config = VictoriaMetricsConfig(url)
    transport = Transport(config)
    settler = Settler(transport, config)
    Client(transport, settler, config).write(parts)
    transport.close()


def naive_text(parts: list[Series], sample_limit: int = 300_000) -> float:
    """A line of text a sample, a request a day, as the old daemon did; seconds for all samples,
    from the first ``sample_limit``."""

    def lines(day: int) -> str:
        return "\n".join(
            f"{one.metric}{{{label_text(one)}}} {value} {instant}"
            for one in data.between(parts, day, 1)
            for instant, value in zip(one.timestamps, one.values, strict=True)
        )

    def label_text(one: Series) -> str:
        return ",".join(f'{name}="{value}"' for name, value in decode_labels(one.labels).items())

    total = sum(len(one.timestamps) for one in parts)
    a_day = sum(len(one.timestamps) for one in data.between(parts, 0, 1))
    days = max(1, sample_limit // a_day)

    def write() -> None:
        for day in range(days):
            url = f"{server.url}/api/v1/import/prometheus"
            requests.post(url, data=lines(day).encode(), timeout=60).raise_for_status()

    with fresh_server() as server:
        return seconds_of(write) * total / (days * a_day)


def in_one_range(parts: list[Series], days: int) -> dict[str, float]:
    """First write and unchanged re-run of everything in one call; and a durable first write."""
    target = data.slice_of(parts, 0, days)
    with fresh_server() as server, store_on(server.url) as store:
        first = seconds_of(lambda: store.replace(target, parts))
        hwm = high_water(server)
        again = seconds_of(lambda: store.replace(target, parts))
    with fresh_server() as server, store_on(server.url) as store:
        durable = seconds_of(lambda: store.replace(target, parts, durable=True))
    return {"first": first, "again": again, "durable": durable, "server MB": hwm}


def day_by_day(parts: list[Series], days: int) -> dict[str, float]:
    """First write and unchanged re-run, a call a day."""
    days_of_it = [
        (data.slice_of(parts, day, 1), data.between(parts, day, 1)) for day in range(days)
    ]
    with fresh_server() as server, store_on(server.url) as store:

        def write() -> None:
            for target, series in days_of_it:
                store.replace(target, series)

        return {"first": seconds_of(write), "again": seconds_of(write)}


def small_writes() -> dict[str, float]:
    """A morning of ten assets, asset by asset and in one write."""
    with fresh_server() as server, store_on(server.url) as store:
        return mornings(store, server.pid)


def correct_ten_years() -> dict[str, float]:
    """One changed minute in a ten-year minute series, and how long a reader misses the series."""
    values = data.heart_rate(3653 * 1440, np.random.default_rng(3))
    start = data.START.replace(year=2014)
    series = data.regular(data.HEART_RATE, start, data.MINUTE, values)
    changed = series._replace(values=np.where(np.arange(len(values)) == 3_000_000, 99, values))
    day = 3_000_000 // 1440
    offset = (start - data.START).days
    with fresh_server() as server, store_on(server.url) as store:
        write_plainly(server.url, [series])
        target = data.slice_of([series], offset + day, 1)
        corrected = data.between([changed], offset + day, 1)
        store.read(target)
        stop, gaps = threading.Event(), [0.0]
        watcher = threading.Thread(target=watch, args=(server.url, target.start, stop, gaps))
        watcher.start()
        total = seconds_of(lambda: store.replace(target, corrected))
        stop.set()
        watcher.join()
        return {"total": total, "unreadable": max(gaps), "server MB": high_water(server)}


def watch(url: str, instant: datetime, stop: threading.Event, gaps: list[float]) -> None:
    """Ask for one minute of the series over and over; note each time without an answer."""
    missing_since: float | None = None
    with requests.Session() as session:
        while not stop.is_set():
            asked = time.perf_counter()
            start = int(instant.timestamp())
            query = {"match[]": data.HEART_RATE, "start": str(start), "end": str(start + 60)}
            answer = session.get(f"{url}/api/v1/export", params=query, timeout=60)
            if answer.content:
                if missing_since is not None:
                    gaps.append(time.perf_counter() - missing_since)
                missing_since = None
            elif missing_since is None:
                missing_since = asked
            time.sleep(0.005)


def client_memory() -> float:
    """MB over the import of pandas, in a process that makes and writes the year."""
    with fresh_server() as server:
        child = [sys.executable, "-m", "benchmarks.store.run", "--memory-of", server.url]
        written = subprocess.run(child, check=True, capture_output=True, text=True)
        only_pandas = "import pandas; print(open('/proc/self/status').read())"
        child = [sys.executable, "-c", only_pandas]
        pandas = subprocess.run(child, check=True, capture_output=True, text=True)
        return peak_of(written.stdout) - peak_of(pandas.stdout)


def report_own_memory(url: str) -> None:
    year = data.year()
    target = data.slice_of(year, 0, 365)
    with store_on(url) as store:
        store.replace(target, year)
    print(Path("/proc/self/status").read_text())


def medians(rounds: int, action: Callable[[], dict[str, float]]) -> dict[str, float]:
    results = [action() for _ in range(rounds)]
    return {key: statistics.median(one[key] for one in results) for key in results[0]}


def speeds(parts: list[Series]) -> dict[str, float]:
    """One round: neighbours in time, so that a noisy machine disturbs all alike."""
    return {"floor": floor(parts), "post": encode_and_post(parts)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--memory-of", metavar="URL", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.memory_of:
        report_own_memory(chosen.memory_of)
        return

    year, month = data.year(), data.seconds()
    count = sum(len(one.timestamps) for one in year)
    post = medians(chosen.rounds, lambda: speeds(year))
    whole = medians(chosen.rounds, lambda: speeds(year) | in_one_range(year, 365))
    days = medians(chosen.rounds, lambda: day_by_day(year, 365))
    second_post = medians(chosen.rounds, lambda: speeds(month))
    second_whole = medians(chosen.rounds, lambda: speeds(month) | in_one_range(month, 30))
    ten = medians(chosen.rounds, correct_ten_years)
    small = medians(chosen.rounds, small_writes)
    naive = naive_text(year)
    memory = client_memory()
    table = [
        (f"floor: curl, {count:,} samples", f"{post['floor']:.2f} s", ""),
        ("encode + POST alone, share of the floor", ratio(post, "floor", "post"), ">= 0.8"),
        ("first write in one range", f"{whole['first']:.2f} s", ""),
        ("  times the floor", ratio(whole, "first", "floor"), "<= 3"),
        ("  on disk before it is read back", ratio(whole, "durable", "floor"), ""),
        ("unchanged re-run, share of the first write", ratio(whole, "again", "first"), "<= 0.5"),
        ("first write day by day, a day", f"{days['first'] / 365 * 1000:.1f} ms", "<= 30 ms"),
        ("unchanged re-run day by day, a day", f"{days['again'] / 365 * 1000:.1f} ms", ""),
        (
            "a morning's ten assets together, share of apart",
            ratio(small, "together", "apart"),
            "<= 0.4",
        ),
        ("  of the server's CPU", ratio(small, "together CPU", "apart CPU"), "<= 0.4"),
        ("naive text writer", f"{naive:.2f} s", ""),
        ("  times the floor", f"{naive / post['floor']:.2f}", ""),
        ("client memory over pandas", f"{memory:.0f} MB", "<= 300 MB"),
        ("server's high-water mark", f"{whole['server MB']:.0f} MB", "< 400 MB"),
        ("30 days of seconds: floor", f"{second_post['floor']:.2f} s", ""),
        ("  encode + POST, share of it", ratio(second_post, "floor", "post"), ">= 0.8"),
        ("  first write, times the floor", ratio(second_whole, "first", "floor"), ""),
        ("one minute in ten years corrected", f"{ten['total']:.2f} s", "< 20 s"),
        ("  series unreadable for", f"{ten['unreadable']:.2f} s", "< 2 s"),
        ("  server's high-water mark", f"{ten['server MB']:.0f} MB", ""),
    ]
    for what, figure, goal in table:
        print(f"{what:45} {figure:>10}   {goal}")


def ratio(figures: dict[str, float], over: str, under: str) -> str:
    return f"{figures[over] / figures[under]:.2f}"


if __name__ == "__main__":
    main()
