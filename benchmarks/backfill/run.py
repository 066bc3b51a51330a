"""What Dagster's orchestration costs: a history of all daily assets through the daemon.

    python -m benchmarks.backfill.run [--days 365 3652]

A real ``dagster dev`` runs before anybody has authorized, and its sensors have looked in vain; then
a token is stored, and the sensor ``history`` fills the days by itself, into a real VictoriaMetrics,
from an emulator that gives 2.5 answers a second, one after the other, as the real API allows. From
the authorization on, all that is not waiting for these answers counts as orchestration: ticks, the
queue, starting processes, writing, checks, events.
Intraday assets are not run: their numbers come from the sensor's own planning.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg

from benchmarks.backfill.peers import PEERS
from benchmarks.backfill.plan import planned
from benchmarks.backfill.record import Runs, have_looked, is_idle, missing, runs_of
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.scheduling.backfill_plan import FIRST_DAYS
from syncbit_dagster_tests.dagster_process import copy_of_the_root, dagster_dev
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics
from syncbit_dagster_tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncbit_dagster.config import Settings

ZONE = ZoneInfo("Europe/Berlin")
GROUPS = {
    group: tuple(asset.name for asset in ASSETS if asset.group == group)
    for group in ("daily", "intraday")
}
DAILY = GROUPS["daily"]
LENGTHS = {"a year": 365, "ten years": 3652}
REQUEST_SECONDS = 60 / 150
START_SECONDS, LONGEST_SECONDS = 60.0, 3600.0


@dataclass(frozen=True)
class History:
    """What was measured.

    Attributes:
        days: the days of the history.
        began: the instant of the authorization, in seconds since the epoch.
        first_days: seconds from the authorization until the newest of them are stored.
        all_days: the same for all of them.
        whole: the same until the last run has ended, its checks too.
        asked: requests that the emulator saw, for data and for the devices.
        runs: what Dagster recorded.
    """

    days: DayRange
    began: float
    first_days: float
    all_days: float
    whole: float
    asked: int
    runs: Runs


def main() -> None:
    """Measure each history, print its figures beside the goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="+", default=[*LENGTHS.values()])
    yesterday = datetime.now(ZONE).date() - timedelta(days=1)
    for length in parser.parse_args().days:
        days = DayRange(yesterday - timedelta(days=length - 1), yesterday)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            settings, history = measure(Path(name), days)
        print_table((f"{length:,} days, measured", "", "goal"), measured_rows(history))
    plans = [
        (f"{group} assets ({len(assets)}), {text}", f"{plan.runs}", f"{plan.requests:,}")
        for group, assets in GROUPS.items()
        for text, length in LENGTHS.items()
        for plan in [planned(settings, assets, yesterday, length)]
    ]
    print_table(("by the sensor's planning", "runs", "requests"), plans)
    peers = [(peer.name, peer.daily, peer.intraday) for peer in PEERS]
    print_table(("others, requests for a year", "daily", "steps, heart rate"), peers)


def measure(directory: Path, days: DayRange) -> tuple[Settings, History]:
    """Run the history of these days."""
    person = SyntheticPerson(ZONE, date(days.first.year - 1, 1, 1), seed=1)
    root = copy_of_the_root(directory)
    configured = (root / "dagster.yaml").read_text()
    (root / "dagster.yaml").write_text(
        configured.replace(".dagster_home", str(root / ".dagster_home"))
    )
    with (
        running(victoria_metrics(directory / "victoria")) as server,
        running_emulator(person, seconds_a_request=REQUEST_SECONDS) as emulator,
    ):
        variables = environment(emulator.url, server.url, directory, days)
        settings = load_settings(variables)
        with dagster_dev(root, variables), dg.DagsterInstance.from_config(str(root)) as instance:
            first = DayRange(days.last - timedelta(days=FIRST_DAYS - 1), days.last)
            # A device_sync that looks after the authorization only would fetch 30 days beside it.
            wait_for(lambda: have_looked(instance) or None, START_SECONDS, "the sensors")
            started = time.time()
            authorize(settings)
            newest, every = (seconds_until(instance, part, started) for part in (first, days))
            wait_for(lambda: is_idle(instance) or None, LONGEST_SECONDS, "the last run")
            runs = runs_of(instance, DAILY)
            whole = max(runs.ends) - started
            asked = len(emulator.calls)
            return settings, History(days, started, newest, every, whole, asked, runs)


def environment(url: str, victoria: str, directory: Path, days: DayRange) -> dict[str, str]:
    """An account at the emulator, under the budget that Google documents."""
    return {
        "SYNCBIT_PROVIDER": "demo",
        "SYNCBIT_REQUESTS_PER_MINUTE": "150",
        "DATA_DIR": str(directory / "data"),
        "SYNCBIT_TIMEZONE": ZONE.key,
        "BACKFILL_START_DATE": days.first.isoformat(),
        # Not run; planned as others are counted.
        "INTRADAY_DETAIL_LEVEL": "1min",
        "INTRADAY_HEART_RATE_DETAIL": "1min",
        "VICTORIA_ENDPOINT": victoria,
        "GOOGLE_HEALTH_URL": url,
        "GOOGLE_TOKEN_URL": f"{url}/token",
    }


def authorize(settings: Settings) -> None:
    """What `syncbit authorize` ends with."""
    settings.account.tokens.save(
        Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
    )


def seconds_until(instance: dg.DagsterInstance, days: DayRange, started: float) -> float:
    """Wait until all daily assets have these days."""
    wait_for(
        lambda: not missing(instance, DAILY, days) or None, LONGEST_SECONDS, f"{len(days)} days"
    )
    return time.time() - started


def measured_rows(history: History) -> list[tuple[str, str, str]]:
    """Rows: what, figure, goal."""
    runs, is_long = history.runs, len(history.days) > 365
    pace = history.asked * REQUEST_SECONDS
    return [
        (f"runs, {len(DAILY)} daily assets", f"{runs.count}", "<= 45" if is_long else "<= 5"),
        ("requests", f"{history.asked:,}", ""),
        ("authorization until the last 30 days are stored", seconds(history.first_days), "< 60 s"),
        ("  until all are stored", seconds(history.all_days), "< 900 s" if is_long else ""),
        ("  until the last run has ended", seconds(history.whole), ""),
        ("    of that waiting for the API's answers", seconds(pace), ""),
        ("    of that orchestration", share(history.whole, pace), "<= 15 %"),
        ("      until the first run is created", seconds(runs.created - history.began), ""),
        ("      until it has a process", seconds(runs.starts[0] - runs.created), ""),
        ("      between runs", seconds(runs.between), ""),
        ("      in runs, a partition", milliseconds(runs.at_work - pace, runs), ""),
        ("to queue the runs, a partition", milliseconds(runs.queueing, runs), ""),
        ("in the store, mostly while the API is asked", seconds(runs.wrote), ""),
    ]


def print_table(head: tuple[str, str, str], rows: Iterable[tuple[str, str, str]]) -> None:
    """A table with a line above it."""
    for one in (head, *rows):
        print(f"{one[0]:58} {one[1]:>14}   {one[2]:>17}", flush=True)
    print()


def share(wall: float, pace: float) -> str:
    return f"{seconds(wall - pace)}, {(wall - pace) / wall:.0%}"


def seconds(value: float) -> str:
    return f"{value:.0f} s"


def milliseconds(seconds: float, runs: Runs) -> str:
    return f"{seconds / runs.partitions * 1000:.1f} ms"


if __name__ == "__main__":
    main()
