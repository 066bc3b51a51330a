"""What a morning of many accounts takes: the daily tick and run of each, one after the other.

    python -m benchmarks.accounts.run [--accounts 10]

People of many zones are declared in one file, and this process is their code location. The schedule
of each account is evaluated at five in the morning, and the run that it asks for is executed: a
week of all daily assets, from an emulator into one VictoriaMetrics (both are other processes), with
Dagster's records as ``dagster.yaml`` has them. What each run says it stored is compared with the
store.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import requests
import yaml

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import METRICS
from syncbit_dagster.config import load_accounts
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.dagster_process import copy_of_the_root
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from syncbit_dagster.config import Settings

ZONES = ("America/Los_Angeles", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Asia/Tokyo")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
UNLIMITED = 1_000_000  # requests a minute, of all accounts together


@dataclass(frozen=True)
class Morning:
    """An account's tick and run.

    Attributes:
        user: the account's label.
        cpu, wall: seconds of this process.
        samples: that the run says it stored; None if it failed.
    """

    user: str
    cpu: float
    wall: float
    samples: int | None


def main() -> None:
    """Do the mornings, print what they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=10)
    count = parser.parse_args().accounts
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
        running(victoria_metrics(Path(name) / "victoria")) as store,
        emulated() as (url, emulator),
    ):
        os.chdir(copy_of_the_root(Path(name)))
        environment = declare(count, url, store.url)
        started = time.process_time()
        accounts = load_accounts(environment)
        repository = build_definitions(*accounts).get_repository_def()
        loading = time.process_time() - started
        before = [cpu_seconds(process) for process in (store.pid, emulator)]
        with dg.DagsterInstance.from_config(name) as instance:
            mornings = [morning_of(one, repository, instance) for one in accounts]
        servers = [
            cpu_seconds(process) - began
            for process, began in zip((store.pid, emulator), before, strict=True)
        ]
        stored = stored_samples(store.url)
    tenth = max(1, count // 10)
    print(f"accounts                              {count:8}")
    print(f"  of these failed                     {sum(m.samples is None for m in mornings):8}")
    equal = sum(morning.samples == stored.get(morning.user) for morning in mornings)
    print(f"  with as many samples as their run says {equal:5}")
    print(f"CPU s to load an account              {loading / count:8.3f}")
    print(f"CPU s of a tick and run, mean         {mean(m.cpu for m in mornings):8.2f}")
    print(f"  of the first tenth                  {mean(m.cpu for m in mornings[:tenth]):8.2f}")
    print(f"  of the last tenth                   {mean(m.cpu for m in mornings[-tenth:]):8.2f}")
    print(
        f"CPU s of the store, of the emulator   {servers[0] / count:8.2f} {servers[1] / count:.2f}"
    )
    print(f"wall s of a tick and run, mean        {mean(m.wall for m in mornings):8.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"peak memory, MB                       {peak:8.0f}")


def declare(count: int, url: str, store: str) -> dict[str, str]:
    """Declare and authorize so many accounts here; the environment that they share."""
    entries = {
        f"person_{number:04}": {"SYNCBIT_TIMEZONE": ZONES[number % len(ZONES)]}
        for number in range(count)
    }
    Path("accounts.yaml").write_text(yaml.safe_dump(entries))
    environment = {
        "SYNCBIT_ACCOUNTS": str(Path("accounts.yaml").absolute()),
        "SYNCBIT_PROVIDER": "demo",
        "BACKFILL_START_DATE": (date.today() - timedelta(days=30)).isoformat(),  # noqa: DTZ011
        "VICTORIA_ENDPOINT": store,
        "DATA_DIR": str(Path("data").absolute()),
        "GOOGLE_HEALTH_URL": url,
        "GOOGLE_TOKEN_URL": f"{url}/token",
        "LOG_LEVEL": "ERROR",
    }
    for settings in load_accounts(environment):
        settings.account.tokens.save(
            Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
        )
    return environment


def morning_of(
    settings: Settings, repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> Morning:
    """The account's schedule is evaluated when it is due, and its run executed."""
    cpu, wall, name = time.process_time(), time.perf_counter(), f"daily_sync_{settings.name}"
    yesterday = datetime.now(settings.account.zone) - timedelta(days=1)
    due = yesterday.replace(hour=5, minute=0, second=0, microsecond=0).astimezone(UTC)
    context = dg.build_schedule_context(
        instance=instance, scheduled_execution_time=due, repository_def=repository
    )
    (request,) = repository.get_schedule_def(name).evaluate_tick(context).run_requests or ()
    run = repository.get_job(name).execute_in_process(
        instance=instance, tags=dict(request.tags), raise_on_error=False
    )
    materialized = {
        (one.asset_key, one.partition): one.metadata["samples"].value
        for event in run.get_asset_materialization_events()
        for one in [event.step_materialization_data.materialization]
    }
    return Morning(
        settings.account.labels["user"],
        time.process_time() - cpu,
        time.perf_counter() - wall,
        sum(int(str(count)) for count in materialized.values()) if run.success else None,
    )


def stored_samples(url: str) -> dict[str, int]:
    """How many samples the store has of each user."""
    requests.get(f"{url}/internal/force_flush", timeout=60)
    names = "|".join(sorted({row.name for row in METRICS}))
    query = f'sum(count_over_time({{__name__=~"{names}"}}[60d])) by (user)'
    # VictoriaMetrics keeps the newest half minute back.
    asked = {"query": query, "time": str(time.time() + 3600)}
    answer = requests.post(f"{url}/api/v1/query", asked, timeout=300).json()
    return {one["metric"]["user"]: int(one["value"][1]) for one in answer["data"]["result"]}


@contextmanager
def emulated() -> Iterator[tuple[str, int]]:
    """The emulator's address and its process."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        assert process.pid is not None
        yield here.recv(), process.pid
    finally:
        process.terminate()
        process.join()


def _serve(connection: Connection) -> None:
    first = date.today() - timedelta(days=31)  # noqa: DTZ011 - any recent day does
    person = SyntheticPerson(ZoneInfo("Europe/Berlin"), first, seed=1)
    with running_emulator(person, quota_per_minute=UNLIMITED) as emulator:
        connection.send(emulator.url)
        connection.recv()


def cpu_seconds(process: int) -> float:
    """What a process used so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / TICKS_A_SECOND


if __name__ == "__main__":
    main()
