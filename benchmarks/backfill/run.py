"""A history of all daily assets through the daemon, and a morning after it, beside the API's time.

    python -m benchmarks.backfill.run [--days 365 3652]

A real ``dagster dev`` runs before anybody has authorized, and its sensors have looked in vain; then
a token is stored, midway between two of their looks, and the sensor ``history`` fills the days by
itself, into a real VictoriaMetrics, from an emulator that gives 2.5 answers a second, one after the
other, as the real API allows. The API's time is that of all requests at this pace; what a history
takes beyond it is ours: ticks, the queue, starting processes, parsing, writing, checks, events.
Then, with all these days in the store, the job ``daily_sync`` is launched as its schedule does.
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

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.defs.run_requests import range_run
from syncbit_dagster.defs.schedules import DAYS_LOOKED_BACK
from syncbit_dagster.defs.sensors.history import TICK_SECONDS
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.dagster_process import copy_of_the_root, dagster_dev
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics
from syncbit_dagster_tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from syncbit_dagster.emulator.server import RunningEmulator
    from syncbit_dagster_tests.dagster_process import DagsterDev

ZONE = ZoneInfo("Europe/Berlin")
DAILY = tuple(asset.name for asset in ASSETS if asset.group == "daily")
REQUEST_SECONDS = 60 / 150
START_SECONDS, LONGEST_SECONDS = 60.0, 3600.0
LAUNCH = """mutation($params: ExecutionParams!) {
  launchRun(executionParams: $params) { __typename ... on PythonError { message } } }"""


@dataclass(frozen=True)
class Measured:
    """Some runs.

    Attributes:
        wall: seconds from the authorization or the launch until the last run has ended.
        api: seconds of that, by the pace of the requests that the emulator saw.
        runs: of the history, in the order of their starts; the morning is one.
        began: when that was, in seconds since the epoch.
    """

    wall: float
    api: float
    runs: Sequence[dg.RunRecord]
    began: float

    @property
    def at_work(self) -> float:
        """Seconds in which a run had a process."""
        return sum((run.end_time or 0.0) - (run.start_time or 0.0) for run in self.runs)


def main() -> None:
    """Measure each history and the morning after it, print the figures beside the goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="+", default=[365, 3652])
    yesterday = datetime.now(ZONE).date() - timedelta(days=1)
    for length in parser.parse_args().days:
        days = DayRange(yesterday - timedelta(days=length - 1), yesterday)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            history, newest, morning = measure(Path(name), days)
        goal = 1.6 if length <= 365 else 1.5
        first = history.runs[0].start_time or 0.0
        print(f"{length:,} days of {len(DAILY)} daily assets")
        print(f"  the last 30 days are stored after {newest:8.1f} s")
        print(f"  the last run has ended after      {history.wall:8.1f} s")
        print(f"  of that the API's time            {history.api:8.1f} s")
        print(f"  ratio (goal: {goal})                 {history.wall / history.api:8.2f}")
        print(f"  runs                              {len(history.runs):8}")
        print(f"  until the first has a process     {first - history.began:8.1f} s")
        print(f"  with a process                    {history.at_work:8.1f} s")
        print(f"a morning after that: {DAYS_LOOKED_BACK} days")
        print(f"  from the launch to the end        {morning.wall:8.1f} s")
        print(f"  of that with a process            {morning.at_work:8.1f} s")
        print(f"  of that the API's time            {morning.api:8.1f} s")
        print(
            f"  without it (goal: 10 s)           {morning.wall - morning.api:8.1f} s", flush=True
        )


def measure(directory: Path, days: DayRange) -> tuple[Measured, float, Measured]:
    """Run the history of these days and a morning; and the seconds until the last 30 are there."""
    person = SyntheticPerson(ZONE, date(days.first.year - 1, 1, 1), seed=1)
    root = copy_of_the_root(directory)
    instance_file = root / "dagster.yaml"
    instance_file.write_text(
        instance_file.read_text().replace(".dagster_home", str(root / ".dagster_home"))
    )
    with (
        running(victoria_metrics(directory / "victoria")) as server,
        running_emulator(person, seconds_a_request=REQUEST_SECONDS) as emulator,
    ):
        variables = environment(emulator.url, server.url, directory, days)
        with dagster_dev(root, variables) as dev, dg.DagsterInstance.from_config(str(root)) as own:
            wait_for(lambda: have_looked(own) or None, START_SECONDS, "the sensors")
            time.sleep(TICK_SECONDS / 2)  # the mean of what a person meets
            began = time.time()
            token = Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
            load_settings(variables).account.tokens.save(token)
            last_month = list(days)[-30:]
            newest = seconds_until(own, last_month, began)
            seconds_until(own, days, began)
            history = ended(own, emulator, began, asked_before=0)
            asked, launched = len(emulator.calls), time.time()
            launch_morning(dev, days.last)
            wait_for(lambda: len(own.get_run_records()) > len(history.runs) or None, 60, "the run")
            return history, newest, ended(own, emulator, launched, asked_before=asked)


def environment(url: str, victoria: str, directory: Path, days: DayRange) -> dict[str, str]:
    """An account at the emulator, under the budget that Google documents."""
    return {
        "SYNCBIT_PROVIDER": "demo",
        "SYNCBIT_REQUESTS_PER_MINUTE": "150",
        "DATA_DIR": str(directory / "data"),
        "SYNCBIT_TIMEZONE": ZONE.key,
        "BACKFILL_START_DATE": days.first.isoformat(),
        "VICTORIA_ENDPOINT": victoria,
        "GOOGLE_HEALTH_URL": url,
        "GOOGLE_TOKEN_URL": f"{url}/token",
    }


def have_looked(instance: dg.DagsterInstance) -> bool:
    """Whether each sensor that asks for runs has had its first tick.

    One that looks after the authorization only would fetch 30 days beside the history.
    """
    ticks = {
        state.instigator_name: getattr(state.instigator_data, "last_tick_timestamp", None)
        for state in instance.all_instigator_state()
    }
    return all(ticks.get(name) for name in ("history", "device_sync"))


def seconds_until(instance: dg.DagsterInstance, days: Iterable[date], began: float) -> float:
    """Wait until all daily assets have these days."""
    wanted = {day.isoformat() for day in days}

    def all_there() -> bool | None:
        return (
            all(
                wanted <= instance.get_materialized_partitions(dg.AssetKey(asset))
                for asset in DAILY
            )
            or None
        )

    wait_for(all_there, LONGEST_SECONDS, f"{len(wanted)} days")
    return time.time() - began


def launch_morning(dev: DagsterDev, last: date) -> None:
    """What the schedule asks for."""
    days = DayRange(last - timedelta(days=DAYS_LOOKED_BACK - 1), last)
    tags = range_run(days, "fresh", run_key="").tags
    params = {
        "selector": {
            "repositoryName": "__repository__",
            "repositoryLocationName": "syncbit_dagster",
            "jobName": "daily_sync",
        },
        "runConfigData": "{}",
        "mode": "default",
        "executionMetadata": {"tags": [{"key": key, "value": tags[key]} for key in tags]},
    }
    answer = dev.ask(LAUNCH, params=params)["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer


def ended(
    instance: dg.DagsterInstance, emulator: RunningEmulator, began: float, *, asked_before: int
) -> Measured:
    """Wait until every run has ended; what those have taken that were created since ``began``."""

    def all_ended() -> bool | None:
        return all(run.dagster_run.is_finished for run in instance.get_run_records()) or None

    wait_for(all_ended, LONGEST_SECONDS, "the last run")
    runs = [
        run for run in instance.get_run_records() if run.create_timestamp.timestamp() >= began - 1
    ]
    runs.sort(key=lambda run: run.start_time or 0.0)
    assert all(run.dagster_run.is_success for run in runs), runs
    wall = max(run.end_time or 0.0 for run in runs) - began
    return Measured(wall, (len(emulator.calls) - asked_before) * REQUEST_SECONDS, runs, began)


if __name__ == "__main__":
    main()
