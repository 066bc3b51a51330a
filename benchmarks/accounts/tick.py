"""A morning of many real accounts: the daily tick of each, one after the other, in one process.

    python -m benchmarks.accounts.tick [--accounts 10 30 100] [--ticks 30]

Every account has tokens and a budget of its own; its schedule is asked for its run, and the run
fetches a week of all daily assets from the emulator, writes it into the embedded store and checks
it, with Dagster's records in SQLite. The emulator is a process of its own and not counted. Of more
accounts than ``--ticks``, so many have their morning, evenly spread; all are loaded. A deployment
runs each of these in a process that has to load all accounts first, which is the first line.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg

from benchmarks.accounts.meter import Figures, megabytes
from syncbit_dagster.account import Token
from syncbit_dagster.config import Settings, load_accounts
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

ZONE = ZoneInfo("Europe/Berlin")
FIRST = date(2025, 10, 1)
MORNING = datetime(2025, 10, 31, 4, tzinfo=UTC)  # 05:00 in Berlin
PLENTY = 10_000_000  # requests: what is measured is no waiting
ROOT = Path(__file__).parents[2]
ROWS = (
    ("load all accounts, CPU s", "load_cpu"),
    ("  one of their jobs, CPU s", "job_cpu"),
    ("ticks and runs", "ticks"),
    ("an account's tick and run, CPU s, the first", "first_cpu"),
    ("  median", "median_cpu"),
    ("  median of the last tenth", "last_cpu"),
    ("  wall s, median", "median_wall"),
    ("all of these, CPU s", "all_cpu"),
    ("  wall s", "all_wall"),
    ("memory after loading, MB", "loaded_mb"),
    ("  after the first run", "first_mb"),
    ("  after half of them", "half_mb"),
    ("  after all", "all_mb"),
    ("samples' file, MB", "store_mb"),
    ("Dagster's records, MB", "records_mb"),
    ("runs that failed", "failed"),
)


def main() -> None:
    """Measure each number of accounts in a fresh process; print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=[10, 30, 100])
    parser.add_argument("--ticks", type=int, default=30)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.ticks)))
        return
    found: dict[int, Figures] = {}
    for count in arguments.accounts:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.accounts.tick"]
        answer = subprocess.run(
            [*command, "--one", str(count), "--ticks", str(arguments.ticks)],
            check=True,
            stdout=subprocess.PIPE,
        )
        found[count] = json.loads(answer.stdout.splitlines()[-1])
        print(json.dumps(found[count]), file=sys.stderr, flush=True)
    print("| | " + " | ".join(f"{count} accounts" for count in found) + " |")
    print("|---" * (len(found) + 1) + "|")
    for title, name in ROWS:
        print(f"| {title} | " + " | ".join(f"{found[count][name]:.4g}" for count in found) + " |")


def measure(count: int, ticks: int) -> Figures:
    """So many accounts, and the morning of some of them."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        accounts = declared(home, count, stack.enter_context(emulator()))
        instance = stack.enter_context(records(home))
        cpu = time.process_time()
        definitions = build_definitions(*accounts, now=lambda: MORNING)
        repository = definitions.get_repository_def()
        figures: Figures = {"load_cpu": time.process_time() - cpu}
        cpu = time.process_time()
        repository.get_job(f"daily_sync_{accounts[0].name}")
        figures |= {"job_cpu": time.process_time() - cpu, "loaded_mb": resident()}
        chosen = accounts[:: -(-count // ticks)]
        cpus, walls, memory, failed = [], [], [], 0
        for settings in chosen:
            cpu, wall = time.process_time(), time.perf_counter()
            failed += not morning_of(settings, repository, instance)
            cpus.append(time.process_time() - cpu)
            walls.append(time.perf_counter() - wall)
            memory.append(resident())
        last = max(1, len(chosen) // 10)
        figures |= {
            "ticks": len(chosen),
            "first_cpu": cpus[0],
            "median_cpu": statistics.median(cpus),
            "last_cpu": statistics.median(cpus[-last:]),
            "median_wall": statistics.median(walls),
            "all_cpu": sum(cpus),
            "all_wall": sum(walls),
            "first_mb": memory[0],
            "half_mb": memory[len(chosen) // 2],
            "all_mb": memory[-1],
            "store_mb": accounts[0].embedded_store.stat().st_size / 1e6,
            "records_mb": sum(p.stat().st_size for p in (home / "dagster").rglob("*.db")) / 1e6,
            "failed": failed,
        }
    return figures


def morning_of(
    settings: Settings, repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> bool:
    """The account's schedule ticks, and its run is executed; whether that went well."""
    name = f"daily_sync_{settings.name}"
    context = dg.build_schedule_context(
        instance=instance, scheduled_execution_time=MORNING, repository_def=repository
    )
    (request,) = repository.get_schedule_def(name).evaluate_tick(context).run_requests or ()
    result = repository.get_job(name).execute_in_process(
        instance=instance, tags=dict(request.tags), raise_on_error=False
    )
    return result.success


def declared(home: Path, count: int, url: str) -> list[Settings]:
    """So many accounts in a file, all of them authorized."""
    file = home / "accounts.yaml"
    file.write_text("".join(f"person_{number}:\n" for number in range(count)))
    variables = {
        "SYNCBIT_ACCOUNTS": str(file),
        "SYNCBIT_PROVIDER": "demo",
        "SYNCBIT_REQUESTS_PER_MINUTE": str(PLENTY),
        "SYNCBIT_TIMEZONE": ZONE.key,
        "BACKFILL_START_DATE": FIRST.isoformat(),
        "GOOGLE_HEALTH_URL": url,
        "GOOGLE_TOKEN_URL": f"{url}/token",
        "DATA_DIR": str(home / "data"),
        "LOG_LEVEL": "ERROR",
    }
    accounts = load_accounts(variables, secrets_directory=home)
    for settings in accounts:
        settings.account.tokens.save(
            Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
        )
    return accounts


@contextmanager
def records(home: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance as the project configures it, and quiet."""
    (home / "dagster").mkdir()
    text = (ROOT / "dagster.yaml").read_text().replace(".dagster_home", str(home / "dagster"))
    quiet = "python_logs:\n  python_log_level: ERROR\n"
    (home / "dagster.yaml").write_text(text.replace("python_logs:\n", quiet))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


@contextmanager
def emulator() -> Iterator[str]:
    """The base address of an emulator in a process of its own."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def serve(connection: Connection) -> None:
    """Serve until terminated; the base address goes to the other end."""
    person = SyntheticPerson(ZONE, FIRST, seed=1)
    with running_emulator(person, now=lambda: MORNING, quota_per_minute=PLENTY) as running:
        connection.send(running.url)
        connection.recv()


def resident() -> float:
    return megabytes(os.getpid())


if __name__ == "__main__":
    main()
