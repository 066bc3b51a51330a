"""What Dagster's orchestration costs: a year of all daily assets through the daemon.

    python -m benchmarks.backfill.run [--days 365]

A real ``dagster dev`` runs before anybody has authorized; then a token is stored, and the sensor
``history`` fills the year by itself, from an emulator that allows 150 requests a minute as Google
does, into a real VictoriaMetrics. Ten years, and intraday assets, are not run: their numbers of
runs and requests come from the sensor's own planning, the time of ten years from the year's.
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
from benchmarks.backfill.record import Runs, is_idle, missing, runs_of
from syncbit_dagster.account import Token
from syncbit_dagster.catalog import ASSETS, asset_named
from syncbit_dagster.civil import DayRange
from syncbit_dagster.config import load_settings
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.gaps import FIRST_DAYS, Gap, affordable
from syncbit_dagster.opening import history_budget, open_source
from syncbit_dagster_tests.dagster_process import copy_of_the_root, dagster_dev, wait_for
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

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
LONGEST_SECONDS = 3600.0


@dataclass(frozen=True)
class Year:
    """What was measured.

    Attributes:
        days: the days of the history.
        first_days: seconds from the authorization until the newest of them are stored.
        all_days: the same for all of them.
        whole: the same until the last run has ended, its checks too.
        asked: requests that the emulator saw, for data and for the devices.
        runs: what Dagster recorded.
    """

    days: DayRange
    first_days: float
    all_days: float
    whole: float
    asked: int
    runs: Runs


def main() -> None:
    """Measure a year, compute the rest, print all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    length = parser.parse_args().days
    yesterday = datetime.now(ZONE).date() - timedelta(days=1)
    days = DayRange(yesterday - timedelta(days=length - 1), yesterday)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        settings, year = measure(Path(name), days)
        plans = {
            (group, length): planned(settings, assets, yesterday, days_of_it)
            for group, assets in GROUPS.items()
            for length, days_of_it in LENGTHS.items()
        }
    print_table(("measured", "", "goal"), measured_rows(year))
    print_table(("by the sensor's planning", "runs", "requests"), planned_rows(plans))
    print_table(("ten years of daily assets", "", "goal"), ten_years_rows(year, plans))
    peers = [(peer.name, peer.daily, peer.intraday) for peer in PEERS]
    print_table(("others, requests for a year", "daily", "steps, heart rate"), peers)


def measure(directory: Path, days: DayRange) -> tuple[Settings, Year]:
    """Run the history of these days."""
    person = SyntheticPerson(ZONE, date(days.first.year - 1, 1, 1), seed=1)
    root = copy_of_the_root(directory)
    configured = (root / "dagster.yaml").read_text()
    (root / "dagster.yaml").write_text(
        configured.replace(".dagster_home", str(root / ".dagster_home"))
    )
    with (
        running(victoria_metrics(directory / "victoria")) as server,
        running_emulator(person) as emulator,
    ):
        variables = environment(emulator.url, server.url, directory, days)
        settings = load_settings(variables)
        with dagster_dev(root, variables), dg.DagsterInstance.from_config(str(root)) as instance:
            first = DayRange(days.last - timedelta(days=FIRST_DAYS - 1), days.last)
            started = time.time()
            authorize(settings)
            newest, every = (seconds_until(instance, part, started) for part in (first, days))
            wait_for(lambda: is_idle(instance) or None, LONGEST_SECONDS, "the last run")
            runs = runs_of(instance, DAILY)
            year = Year(days, newest, every, max(runs.ends) - started, len(emulator.calls), runs)
    return settings, year


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


@dataclass(frozen=True)
class Plan:
    """What a history takes, by the sensor's planning.

    Attributes:
        runs: how many.
        requests: in all of them.
    """

    runs: int
    requests: int


def planned(settings: Settings, assets: tuple[str, ...], last: date, length: int) -> Plan:
    """The history's runs and requests for so many days, by the sensor's own planning."""
    budget = history_budget(settings)
    source = open_source(settings, priority="history")

    def cost(gap: Gap) -> int:
        return source.plan_together(map(asset_named, gap.assets), gap.days).least

    rest = DayRange(last - timedelta(days=length - 1), last)
    runs = requests = 0
    while True:
        piece = next(affordable(Gap(assets, rest), cost, budget, newest=last))
        runs, requests = runs + 1, requests + cost(piece)
        if piece.days.first == rest.first:
            source.close()
            return Plan(runs, requests)
        rest = DayRange(rest.first, piece.days.first - timedelta(days=1))


def measured_rows(year: Year) -> list[tuple[str, str, str]]:
    """Rows: what, figure, goal."""
    runs = year.runs
    waiting = runs.waited + runs.wrote
    overhead = year.whole - waiting
    return [
        (f"{len(year.days)} days, runs of the daily group", f"{runs.count}", "<= 5"),
        ("  requests for data", f"{year.asked}", ""),
        ("  authorization until the last 30 days are stored", f"{year.first_days:.0f} s", "< 60 s"),
        ("  authorization until all are stored", f"{year.all_days:.0f} s", ""),
        ("  authorization until the last run has ended", f"{year.whole:.0f} s", ""),
        ("    of that API, its budget and parsing", f"{runs.waited:.0f} s", ""),
        ("    of that store", f"{runs.wrote:.0f} s", ""),
        ("    of that orchestration", f"{overhead:.0f} s, {overhead / year.whole:.0%}", "<= 15 %"),
        ("      in the runs, a partition", milliseconds(runs.at_work - waiting, runs), ""),
        ("      to queue the runs, a partition", milliseconds(runs.queueing, runs), ""),
    ]


def planned_rows(plans: dict[tuple[str, str], Plan]) -> list[tuple[str, str, str]]:
    """Rows: group and length, runs, requests."""
    return [
        (f"{group} assets ({len(GROUPS[group])}), {length}", f"{plan.runs}", f"{plan.requests:,}")
        for (group, length), plan in plans.items()
    ]


def ten_years_rows(year: Year, plans: dict[tuple[str, str], Plan]) -> list[tuple[str, str, str]]:
    """Rows: what, figure, goal; computed from the year and the planning."""
    plan = plans["daily", "ten years"]
    pace = year.whole / len(year.days) * LENGTHS["ten years"]
    return [
        ("  runs", f"{plan.runs}", "<= 45"),
        ("  time at the pace of the year", f"{pace / 60:.1f} min", "< 15 min"),
        (
            "  time if only the API were waited for",
            f"{plan.requests * REQUEST_SECONDS / 60:.1f} min",
            "",
        ),
    ]


def print_table(head: tuple[str, str, str], rows: Iterable[tuple[str, str, str]]) -> None:
    """A table with a line above it."""
    for one in (head, *rows):
        print(f"{one[0]:58} {one[1]:>14}   {one[2]:>17}")
    print()


def milliseconds(seconds: float, runs: Runs) -> str:
    return f"{seconds / runs.partitions * 1000:.1f} ms"


if __name__ == "__main__":
    main()
