"""The morning of a thousand accounts: the daily tick and run of each, with all daily assets.

    python -m benchmarks.accounts.mornings --accounts 1000 --home DIRECTORY [--minutes 60]

People of all zones are declared in one file and have authorized. Code locations of some of them
each are started as the documentation says (``SYNCBIT_ACCOUNT_NAMES``), two at a time; in each, the
schedule of every account is evaluated when it is due, and the run that it asks for is executed:
a week of all daily assets from the emulator, which is one process for all, into one
VictoriaMetrics, checked, with Dagster's records as ``dagster.yaml`` has them, or in PostgreSQL.
What is done is kept in the directory, so that the same command goes on where it ended.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import requests
import yaml

from benchmarks.accounts.meter import cpu_seconds, descendants
from benchmarks.accounts.mornings_table import table
from benchmarks.accounts.people import FIRST, consent, counts, emulated, people
from syncbit_dagster.catalog import METRICS
from syncbit_dagster.config import load_accounts
from syncbit_dagster.defs.instance.event_log import BATCH_SIZE, BATCH_SIZE_VARIABLE
from syncbit_dagster.defs.names import key_of
from syncbit_dagster.factories import offered_assets
from syncbit_dagster_tests.postgresql import running_postgresql
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.accounts.people import Person

ROOT = Path(__file__).parents[2]
SECONDS_A_MINUTE = 60


def main() -> None:
    """Do what is not done yet; print a table of all that is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--location", type=int, default=25, help="accounts of a code location")
    parser.add_argument("--at-once", type=int, default=2, help="code locations at work")
    parser.add_argument("--minutes", type=float, default=60, help="begin no more runs then")
    parser.add_argument("--postgresql", action="store_true")
    arguments = parser.parse_args()
    home = arguments.home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    everybody = people(arguments.accounts)
    until = time.time() + arguments.minutes * SECONDS_A_MINUTE
    with ExitStack() as stack:
        store = stack.enter_context(running(victoria_metrics(home / "victoria")))
        url, emulator = stack.enter_context(emulated(everybody))
        database = stack.enter_context(running_postgresql())() if arguments.postgresql else None
        deployment = Deployment(home, store.url, url, {"store": store.pid, "emulator": emulator})
        deployment.configure(database)
        todo = deployment.declare(everybody)
        parts = [
            todo[start : start + arguments.location]
            for start in range(0, len(todo), arguments.location)
        ]
        with ThreadPoolExecutor(arguments.at_once) as pool:
            list(pool.map(deployment.run_location, parts, itertools.repeat(until)))
        deployment.keep(kind="end", **deployment.read_back())
    print("\n".join(table(deployment.kept())))


class Deployment:
    """A directory with everything that the accounts share, and what is known of their mornings."""

    def __init__(self, home: Path, store: str, provider: str, servers: dict[str, int]) -> None:
        self._home, self._store, self._provider, self._servers = home, store, provider, servers
        self._one_at_a_time = threading.Lock()
        self._file = home / "mornings.jsonl"
        self._environment = {
            "SYNCBIT_ACCOUNTS": str(home / "accounts.yaml"),
            "SYNCBIT_PROVIDER": "demo",
            "BACKFILL_START_DATE": FIRST.isoformat(),
            "VICTORIA_ENDPOINT": store,
            "DATA_DIR": str(home / "data"),
            "DAGSTER_HOME": str(home),
            "LOG_LEVEL": "ERROR",
        }

    def configure(self, database: str | None) -> None:
        """Dagster's instance as the project has it, and quiet; its records here or there."""
        text = (ROOT / "dagster.yaml").read_text()
        instance = yaml.safe_load(text.replace(".dagster_home", str(self._home / "dagster")))
        instance["python_logs"]["python_log_level"] = "ERROR"
        if database:
            url = database.replace(":", "+psycopg2:", 1)
            instance["storage"] = {"postgres": {"postgres_url": url}}
            self._environment[BATCH_SIZE_VARIABLE] = str(BATCH_SIZE)
        (self._home / "dagster.yaml").write_text(yaml.safe_dump(instance))
        # Made here: two processes that find no files would make them both.
        dg.DagsterInstance.from_config(str(self._home)).dispose()

    def declare(self, everybody: Sequence[Person]) -> list[Person]:
        """Write the file of accounts; those who have no morning yet consent, and are returned."""
        addresses = {one.name: f"{self._provider}/{one.name}" for one in everybody}
        entries = {
            one.name: {
                "SYNCBIT_TIMEZONE": one.zone.key,
                "GOOGLE_HEALTH_URL": addresses[one.name],
                "GOOGLE_TOKEN_URL": f"{addresses[one.name]}/token",
            }
            for one in everybody
        }
        (self._home / "accounts.yaml").write_text(yaml.safe_dump(entries))
        accounts = {one.name: one for one in load_accounts(self._environment)}
        done = {line["name"] for line in self.kept() if "name" in line}
        todo = [one for one in everybody if one.name not in done]
        for one in todo:
            accounts[one.name].account.tokens.save(consent(addresses[one.name]))
        self._asked = counts(self._provider)
        self._cpu = self._cpu_now()
        return todo

    def run_location(self, part: Sequence[Person], until: float) -> None:
        """A process with some accounts, to its end; what it tells is kept."""
        if time.time() > until:
            return
        names = ",".join(one.name for one in part)
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.accounts.one_location", str(until)],
            env={**os.environ, **self._environment, "SYNCBIT_ACCOUNT_NAMES": names},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                self.keep(**json.loads(line))
        if code := process.wait():  # those whose morning is missing have it the next time
            self.keep(kind="broken", accounts=names, code=code)
        self._keep_servers()

    def _keep_servers(self) -> None:
        """What the servers took since this was kept last."""
        with self._one_at_a_time:
            now = self._cpu_now()
            spent = {f"{name}_cpu": now[name] - self._cpu[name] for name in now}
            self._cpu = now
        peaks = {f"{name}_mb": _peak(process) for name, process in self._servers.items()}
        self.keep(kind="servers", **spent, **peaks)

    def _cpu_now(self) -> dict[str, float]:
        used = {name: cpu_seconds(process) for name, process in self._servers.items()}
        database = [one for one in descendants() if _program(one).startswith("postgres")]
        return {**used, "database": sum(map(cpu_seconds, database))}

    def read_back(self) -> dict[str, Any]:
        """What the provider, the store and the disks say of everybody."""
        requests.get(f"{self._store}/internal/force_flush", timeout=60)
        names = "|".join(sorted({row.name for row in METRICS}))
        query = f'sum(count_over_time({{__name__=~"{names}"}}[60d])) by (user)'
        at = {"query": query, "time": "2025-12-01T00:00:00Z"}
        answer = requests.post(f"{self._store}/api/v1/query", at, timeout=300).json()
        asked = counts(self._provider)
        return {
            "stored": {
                one["metric"]["user"]: int(one["value"][1]) for one in answer["data"]["result"]
            },
            "partitions": self._materialized(),
            "requests": {name: asked[name] - self._asked.get(name, 0) for name in asked},
            "store_disk_mb": _size(self._home / "victoria" / "data"),
            "records_disk_mb": _size(self._home / "dagster"),
            "at": time.time(),
        }

    def _materialized(self) -> dict[str, int]:
        """How many partitions Dagster has on its record, of each account that had its morning."""
        done = {line["name"] for line in self.kept() if "name" in line}
        accounts = [one for one in load_accounts(self._environment) if one.name in done]
        with dg.DagsterInstance.from_config(str(self._home)) as instance:
            return {
                str(one.name): sum(
                    len(instance.get_materialized_partitions(key_of(one, asset.name)))
                    for asset in offered_assets(one)
                    if asset.is_partitioned
                )
                for one in accounts
            }

    def keep(self, **line: object) -> None:
        """Add a line to what is known."""
        with self._one_at_a_time, self._file.open("a") as file:
            file.write(json.dumps({"at": time.time(), **line}) + "\n")

    def kept(self) -> list[dict[str, Any]]:
        """All that is known so far."""
        if not self._file.exists():
            return []
        return [json.loads(line) for line in self._file.read_text().splitlines()]


def _program(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text()
    except OSError:
        return ""  # it has ended


def _peak(process: int) -> float:
    """MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1e3


def _size(directory: Path) -> float:
    """MB on disk."""
    files = (one for one in directory.rglob("*") if one.is_file())
    return sum(one.stat().st_blocks * 512 for one in files) / 1e6


if __name__ == "__main__":
    main()
