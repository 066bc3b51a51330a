"""The sensor that notes failed runs in the own metrics, also those that died without a word."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.core.civil import real_clock
from syncbit_dagster.defs.instance.records import unfinished_steps
from syncbit_dagster.defs.names import step_of
from syncbit_dagster.defs.resources.telemetry import record_failure
from syncbit_dagster.factories import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from syncbit_dagster.config import Settings

NAME = "run_failures"
TICK_SECONDS = 30


def run_failures(
    accounts: Sequence[Settings], *, now: Callable[[], datetime] = real_clock
) -> dg.SensorDefinition:
    """One small write after each failed run; it starts nothing and asks the provider nothing.

    It looks at all runs of the code location, so one of it serves all accounts.

    Args:
        accounts: those whose runs can fail.
        now: the present instant.
    """

    @dg.run_failure_sensor(
        name=NAME,
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Notes failed runs in the own metrics, for the alert rules.",
    )
    def sensor(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        record = context.instance.get_run_record_by_id(run.run_id)
        ended = record.end_time if record else None
        failed_at = now() if ended is None else datetime.fromtimestamp(ended, UTC)
        steps = unfinished_steps(context.instance, run)
        for settings in accounts:
            assets = [one.name for one in ASSETS if step_of(settings, one.name) in steps]
            if assets:
                with closing(open_store(settings)) as store:
                    record_failure(store, settings, assets, failed_at, now())

    return sensor
