"""One code location's process: loads its accounts, then the morning of each, one after the other.

    python -m benchmarks.accounts.one_location [UNTIL]

The accounts are those of the environment, as a code server has them, and so is the Dagster
instance. A line of JSON for the loading and one for each account; nothing begins after UNTIL, an
instant in seconds.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import UTC
from typing import TYPE_CHECKING, Any

import dagster as dg

from benchmarks.accounts.people import MORNING
from syncbit_dagster.config import load_accounts
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.schedules import CRON

if TYPE_CHECKING:
    from datetime import datetime

    from syncbit_dagster.config import Settings


def main() -> None:
    """Load, and work until everybody had their morning or time is up."""
    until = float(sys.argv[1]) if len(sys.argv) > 1 else float("inf")
    clock = [MORNING.replace(tzinfo=UTC)]
    started = time.process_time()
    accounts = load_accounts()
    repository = build_definitions(*accounts, now=lambda: clock[0]).get_repository_def()
    say(start_cpu=started, load_cpu=time.process_time() - started, accounts=len(accounts))
    with dg.DagsterInstance.get() as instance:
        for settings in accounts:
            if time.time() > until:
                break
            clock[0] = MORNING.replace(tzinfo=settings.account.zone).astimezone(UTC)
            cpu, wall = time.process_time(), time.perf_counter()
            result = morning_of(settings, repository, instance, clock[0])
            say(
                name=settings.name,
                cpu=time.process_time() - cpu,
                wall=time.perf_counter() - wall,
                success=result.success,
                samples=samples_of(result),
                peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
            )


def morning_of(
    settings: Settings,
    repository: dg.RepositoryDefinition,
    instance: dg.DagsterInstance,
    tick: datetime,
) -> dg.ExecuteInProcessResult:
    """The account's schedule is evaluated at its tick, and the run that it asks for executed."""
    name = f"daily_sync_{settings.name}"
    schedule = repository.get_schedule_def(name)
    due = (schedule.cron_schedule, schedule.execution_timezone)
    assert due == (CRON, settings.account.zone.key), due
    context = dg.build_schedule_context(
        instance=instance, scheduled_execution_time=tick, repository_def=repository
    )
    (request,) = schedule.evaluate_tick(context).run_requests or ()
    return repository.get_job(name).execute_in_process(
        instance=instance, tags=dict(request.tags), raise_on_error=False
    )


def samples_of(result: dg.ExecuteInProcessResult) -> int:
    """How many samples the run's materializations tell of."""
    told: dict[tuple[str, str | None], int] = {}
    for event in result.get_asset_materialization_events():
        one = event.step_materialization_data.materialization
        count: Any = one.metadata["samples"].value
        told[one.asset_key.to_string(), one.partition] = count
    return sum(told.values())


def say(**figures: object) -> None:
    """A line for whoever started this process."""
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
