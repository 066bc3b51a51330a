"""A year from the API into VictoriaMetrics: CPU a sample beyond JSON decoding, and memory.

    python -m benchmarks.pipeline.run [--days 365]

The emulator runs in a process of its own and answers without delay; this process plans, asks,
parses, writes and reads back, as a run of Dagster does, for all daily assets and five resources at
one minute. Dagster's own cost (about 30 ms a partition and asset) is not part of it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.config import Settings, load_settings
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import to_series
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.factories import offered_assets, open_source, open_store
from syncbit_dagster.sources import http
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

INTRADAY = ("steps", "calories", "distance", "floors", "heart_rate")


@dataclass
class Decoding:
    """Decodes JSON as orjson does, and remembers the CPU time that it took."""

    seconds: float = 0.0
    JSONDecodeError = orjson.JSONDecodeError

    def loads(self, content: bytes) -> Any:
        started = time.process_time()
        try:
            return orjson.loads(content)
        finally:
            self.seconds += time.process_time() - started


def main() -> None:
    """Run the year and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=int, default=365)
    length = parser.parse_args().days
    last = date.today() - timedelta(days=5)  # noqa: DTZ011 - any recent day does
    days = DayRange(last - timedelta(days=length - 1), last)
    baseline = peak_megabytes()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with running(victoria_metrics(directory / "victoria")) as server, emulator() as url:
            settings = settings_for(url, server.url, directory)
            run(settings, days, baseline)


class emulator:  # noqa: N801 - used like a function
    """The emulator as a process of its own."""

    def __enter__(self) -> str:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "syncbit_dagster.cli.main", "emulator", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        return self.process.stdout.readline().split()[-1]

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate()


def settings_for(url: str, victoria: str, directory: Path) -> Settings:
    """An account at the emulator, with unlimited patience of both sides."""
    settings = load_settings(
        {
            "SYNCBIT_PROVIDER": "demo",
            "SYNCBIT_REQUESTS_PER_MINUTE": "150",
            "DATA_DIR": str(directory / "data"),
            "SYNCBIT_TIMEZONE": "Europe/Berlin",
            "INTRADAY_DETAIL_LEVEL": "1min",
            "INTRADAY_HEART_RATE_DETAIL": "1min",
            "VICTORIA_ENDPOINT": victoria,
            "GOOGLE_HEALTH_URL": url,
            "GOOGLE_TOKEN_URL": f"{url}/token",
        }
    )
    settings.account.tokens.save(
        Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
    )
    return settings


def run(settings: Settings, days: DayRange, baseline: float) -> None:
    """Fetch and store everything; print what it cost."""
    decoding = Decoding()
    vars(http)["orjson"] = decoding
    source, store, zone = open_source(settings), open_store(settings), settings.account.zone
    samples = requests = 0
    started, cpu = time.perf_counter(), time.process_time()
    for asset in offered_assets(settings):
        if not asset.is_partitioned or (asset.is_intraday and asset.resource not in INTRADAY):
            continue
        metrics = tuple({metric.name for metric in metrics_of(asset.name)})
        for batch in source.fetch(asset, days):
            target = Slice(
                metrics, settings.account.labels, batch.days.start(zone), batch.days.end(zone)
            )
            samples += store.replace(target, to_series(batch.samples)).wanted
            requests += batch.requests
    source.close()
    store.close()
    cpu = time.process_time() - cpu
    print(f"{len(days)} days: {samples:,} samples in {requests} requests")
    print(f"wall time                      {time.perf_counter() - started:8.1f} s")
    print(f"CPU of this process            {cpu:8.1f} s")
    print(f"  of that decoding JSON        {decoding.seconds:8.1f} s")
    print(f"CPU a sample beyond decoding   {(cpu - decoding.seconds) / samples * 1e6:8.2f} us")
    print(f"peak memory                    {peak_megabytes():8.0f} MB ({baseline:.0f} MB at start)")


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
