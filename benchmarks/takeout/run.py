"""A synthetic export of 2.6 years: reading it against only decoding its JSON, and storing it.

    python -m benchmarks.takeout.run            # three rounds, about 4 minutes
    python -m benchmarks.takeout.run --rounds 1

The floor reads the same files and calls ``orjson.loads``, nothing else. Floor and source take
turns, each in a process of its own; the figures are medians. The export takes 1.2 GB in the
temporary folder. Needs a VictoriaMetrics (see ``syncbit_dagster_tests/victoriametrics.py``).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import orjson

from benchmarks.takeout import data
from syncbit_dagster.catalog import asset_named, metrics_of
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.samples import to_series
from syncbit_dagster.sources.takeout import TakeoutSource
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.stores.victoriametrics import (
    FileJournal,
    VictoriaMetricsConfig,
    VictoriaMetricsStore,
)
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.sources.base import Batch

ASSETS = ("intraday_heart_rate", "intraday_calories", "intraday_steps", "intraday_distance")


class Figures(NamedTuple):
    """What a child process measured: seconds, rows or samples, its largest resident set."""

    seconds: float
    rows: int
    megabytes: float


def floor(folder: Path) -> int:
    """Read every file and decode it."""
    return sum(len(orjson.loads(path.read_bytes())) for path in sorted(folder.rglob("*.json")))


def batches(folder: Path) -> Iterator[tuple[str, Batch, TakeoutSource]]:
    settings = load_settings(
        {
            "SYNCBIT_PROVIDER": "demo",
            "GOOGLE_HEALTH_URL": "http://127.0.0.1:9",  # nobody is asked
            "DATA_DIR": str(folder / "data"),
            "SYNCBIT_TIMEZONE": data.ZONE.key,
        }
    )
    source = TakeoutSource.connect(
        settings.account, path=folder, interval_of=lambda one: 1 if "heart" in one.name else 60
    )
    for asset in ASSETS:
        for batch in source.fetch(asset_named(asset), data.days()):
            yield asset, batch, source
    source.close()


def fetch(folder: Path) -> int:
    """Make all samples and throw them away."""
    return sum(len(batch.samples) for _, batch, _ in batches(folder))


def fetch_and_store(folder: Path, url: str) -> int:
    """Make all samples and write them, as a run of Dagster does."""
    journal = FileJournal(Path(tempfile.mkdtemp()), url)
    store = VictoriaMetricsStore(VictoriaMetricsConfig(url), lock=nullcontext, journal=journal)
    written = 0
    for asset, batch, source in batches(folder):
        start, end = batch.days.start(data.ZONE), batch.days.end(data.ZONE)
        metrics = tuple({metric.name for metric in metrics_of(asset)})
        target = Slice(metrics, source.account.labels, start, end)
        written += store.replace(target, to_series(batch.samples)).wanted
    store.close()
    return written


def measure(what: str, folder: Path, url: str = "") -> Figures:
    """Run one of the functions above in a process of its own."""
    child = [sys.executable, "-m", "benchmarks.takeout.run", "--child", what, str(folder), url]
    done = subprocess.run(child, check=True, capture_output=True, text=True)
    return Figures(*orjson.loads(done.stdout))


def report(what: str, folder: Path, url: str) -> None:
    """Do it here, and print the figures."""
    started = time.perf_counter()
    count = (
        fetch_and_store(folder, url)
        if what == "store"
        else {"floor": floor, "fetch": fetch}[what](folder)
    )
    seconds = time.perf_counter() - started
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    print(orjson.dumps((seconds, count, int(peak.split()[1]) * 1024 / 1e6)).decode())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.child:
        what, folder, url = chosen.child
        report(what, Path(folder), url)
        return
    with tempfile.TemporaryDirectory() as name:
        export = Path(name, "export")
        data.write_export(export)
        size = sum(path.stat().st_size for path in export.rglob("*.json"))
        rounds = [
            (measure("floor", export), measure("fetch", export)) for _ in range(chosen.rounds)
        ]
        with running(victoria_metrics(Path(name, "victoria"))) as server:
            stored = measure("store", export, server.url)
    floors, ours = (
        statistics.median(one.seconds for one in side) for side in zip(*rounds, strict=True)
    )
    share = statistics.median(low.seconds / own.seconds for low, own in rounds)
    decoded, made = rounds[0]
    table = [
        (f"floor: orjson of {size / 1e6:,.0f} MB, {decoded.rows:,} rows", f"{floors:.1f} s", ""),
        (f"source: {made.rows:,} samples", f"{ours:.1f} s", ""),
        ("  samples a second", f"{made.rows / ours:,.0f}", ""),
        ("  speed as a share of the floor's", f"{share:.2f}", ">= 0.5"),
        ("  peak memory", f"{made.megabytes:.0f} MB", "< 500 MB"),
        (f"into VictoriaMetrics: {stored.rows:,} samples", f"{stored.seconds:.1f} s", ""),
        ("  samples a second", f"{stored.rows / stored.seconds:,.0f}", ""),
        ("  peak memory", f"{stored.megabytes:.0f} MB", "< 500 MB"),
    ]
    for what, figure, goal in table:
        print(f"{what:55} {figure:>10}   {goal}")


if __name__ == "__main__":
    main()
