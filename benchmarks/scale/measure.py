"""What a day of one account costs: a week of `daily_sync` on PostgreSQL and VictoriaMetrics.

    python -m benchmarks.scale.measure [--mornings 6]

The schedule is asked morning after morning and its runs are executed in this process, as a run's
own process does it; what starting that process costs is measured apart. The emulator is a process
of its own. Two more figures are the store's: bytes a sample, of a year that looks like a real one,
and memory and disk a series. All of them are rows of ``unit_costs.py``.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import dagster as dg
import requests
import yaml
from sqlalchemy import create_engine, text

from benchmarks.accounts import meter
from benchmarks.pipeline.run import emulator, settings_for
from benchmarks.scale.store_costs import many_series, year_of_samples
from syncbit_dagster.civil import DayRange, real_clock
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.event_log import BATCH_SIZE, BATCH_SIZE_VARIABLE
from syncbit_dagster.defs.runs import range_run
from syncbit_dagster.defs.schedules import DAYS_LOOKED_BACK
from syncbit_dagster.opening import offered_assets
from syncbit_dagster_tests.postgresql import running_postgresql
from syncbit_dagster_tests.victoriametrics import Server, running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from syncbit_dagster.config import Settings

START = "import dagster, syncbit_dagster.definitions"
SERVERS = ("postgres", "victoria")


class Record(NamedTuple):
    """What Dagster's database holds: rows, and bytes with their indexes."""

    events: int
    event_bytes: int
    checks: int
    check_bytes: int


def main() -> None:
    """Print a figure a line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mornings", type=int, default=6)
    mornings = parser.parse_args().mornings
    os.environ[BATCH_SIZE_VARIABLE] = str(BATCH_SIZE)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        print(f"start of a run's process         {start_cpu():10.2f} s CPU")
        with running_postgresql() as new_database:
            account_days(new_database(), directory, mornings)
        year_of_samples(directory / "year")
        many_series(directory / "series")


def start_cpu() -> float:
    """CPU seconds of a fresh interpreter that loads the definitions."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", START], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def account_days(database: str, directory: Path, mornings: int) -> None:
    """Run the schedule's mornings; the first one, which creates tables, is not counted."""
    home = directory / "home"
    home.mkdir()
    storage = {"postgres": {"postgres_url": database.replace(":", "+psycopg2:", 1)}}
    (home / "dagster.yaml").write_text(
        yaml.safe_dump({"storage": storage, "telemetry": {"enabled": False}})
    )
    engine = create_engine(database.replace(":", "+psycopg:", 1))
    with (
        running(victoria_metrics(directory / "victoria")) as server,
        emulator() as url,
        dg.DagsterInstance.from_config(str(home)) as instance,
    ):
        settings = settings_for(url, server.url, directory)
        before, cpu, theirs = Record(0, 0, 0, 0), 0.0, 0.0
        for number, morning in enumerate(runs(settings, instance, mornings + 1)):
            if number == 0:
                before = record(engine)
                cpu, theirs = time.process_time(), cpu_of_servers()
            else:
                print(
                    f"  {morning:%d %B}: {record(engine).events:,} events so far", file=sys.stderr
                )
        cpu = time.process_time() - cpu
        theirs = cpu_of_servers() - theirs
        after = record(engine)
        count = len(instance.get_runs())
        asked, partitions = asked_and_stored(settings, instance)
        stored(server, mornings + DAYS_LOOKED_BACK)
        one_day(settings, instance)
        last = record(engine)
    print(f"CPU of a run, its start aside    {cpu / mornings:10.2f} s CPU")
    print(f"CPU of PostgreSQL and the store  {theirs / mornings:10.2f} s CPU")
    print(f"requests of a run                {asked / count:10.1f}")
    print(f"partitions of a run              {partitions / count:10.1f}")
    grown = [new - old for new, old in zip(after, before, strict=True)]
    events, event_bytes, checks, check_bytes = grown
    print(f"rows of events of a run          {events / mornings:10.0f}")
    print(f"  of a run of one day            {last.events - after.events:10.0f}")
    print(f"  bytes a row                    {event_bytes / events:10.0f}")
    print(f"rows of checks of a run          {checks / mornings:10.0f}")
    print(f"  of a run of one day            {last.checks - after.checks:10.0f}")
    print(f"  bytes a row                    {check_bytes / checks:10.0f}")
    engine.dispose()


def runs(settings: Settings, instance: dg.DagsterInstance, mornings: int) -> Iterator[datetime]:
    """Execute what the schedule asks for on some mornings up to today."""
    repository = build_definitions(settings).get_repository_def()
    schedule, job = repository.get_schedule_def("daily_sync"), repository.get_job("daily_sync")
    today = real_clock().astimezone(settings.account.zone)
    for back in reversed(range(mornings)):
        morning = today - timedelta(days=back)
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=morning, repository_def=repository
        )
        (request,) = schedule.evaluate_tick(context).run_requests or ()
        assert job.execute_in_process(instance=instance, tags=dict(request.tags)).success
        yield morning


def one_day(settings: Settings, instance: dg.DagsterInstance) -> None:
    """A run of the same assets over yesterday alone."""
    day = real_clock().date() - timedelta(days=1)
    job = build_definitions(settings).get_repository_def().get_job("daily_sync")
    tags = range_run(DayRange(day, day), "fresh", run_key="one day").tags
    assert job.execute_in_process(instance=instance, tags=dict(tags)).success


def asked_and_stored(settings: Settings, instance: dg.DagsterInstance) -> tuple[float, int]:
    """Requests and materialized partitions of all runs so far."""
    asked: dict[tuple[str, str], float] = {}
    partitions = 0
    for asset in offered_assets(settings):
        events = instance.fetch_materializations(dg.AssetKey(asset.name), limit=1000).records
        partitions += len(events)
        for event in events:
            materialization = event.asset_materialization
            assert materialization is not None
            if "requests" in materialization.metadata:  # a run says it once an asset
                value = materialization.metadata["requests"].value
                asked[asset.name, event.run_id] = float(str(value))
    return sum(asked.values()), partitions


def cpu_of_servers() -> float:
    """CPU seconds of PostgreSQL and VictoriaMetrics so far, without the emulator."""
    names = {pid: Path(f"/proc/{pid}/comm").read_text() for pid in meter.descendants()}
    return sum(meter.cpu_seconds(pid) for pid, name in names.items() if name.startswith(SERVERS))


def stored(server: Server, days: int) -> None:
    """Series of the account, and samples of one of its days."""
    query = f'{{0}}(last_over_time({{{{__name__=~"fitbit_.+"}}}}[{days + 1}d]))'
    series = ask(server, query.format("count"))
    samples = ask(server, query.format("sum").replace("last_over", "count_over"))
    print(f"series of an account             {series:10.0f}")
    print(f"samples of a day, daily assets   {samples / days:10.1f}")


def ask(server: Server, query: str) -> float:
    answer = requests.get(f"{server.url}/api/v1/query", {"query": query}, timeout=60).json()
    return float(answer["data"]["result"][0]["value"][1])


def record(engine: Engine) -> Record:
    """Look at Dagster's database."""
    found: list[int] = []
    with engine.connect() as connection:
        for table in ("event_logs", "asset_check_executions"):
            counted = f"SELECT count(*), pg_total_relation_size('{table}') FROM {table}"  # noqa: S608
            found += connection.execute(text(counted)).one()
    return Record(*found)


if __name__ == "__main__":
    main()
