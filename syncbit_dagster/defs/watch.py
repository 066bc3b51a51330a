"""How far the history is: a line now and then, until all days are stored."""

from __future__ import annotations

import os
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import DayRange, civil_day, real_clock
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.defs.instance.records import missing_days
from syncbit_dagster.factories import history_days, offered_assets, open_source, quota_figures
from syncbit_dagster.scheduling.backfill_plan import gaps
from syncbit_dagster.scheduling.progress import Progress, at_least, in_words, rate_to_go

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from syncbit_dagster.config import Settings

WATCH_SECONDS = 10.0


def open_instance() -> dg.DagsterInstance:
    """The Dagster instance that `dg dev` and `dagster dev` use here.

    Raises:
        ConfigError: there is none.
    """
    home = os.environ.get("DAGSTER_HOME") or "."
    if not Path(home, "dagster.yaml").is_file():
        raise ConfigError(
            f"There is no dagster.yaml in {Path(home).absolute()}; run this in the project's root, "
            "or set DAGSTER_HOME to the folder that Dagster runs with."
        )
    return dg.DagsterInstance.from_config(home)


def watch(
    settings: Settings,
    instance: dg.DagsterInstance,
    say: Callable[[str], None],
    *,
    now: Callable[[], datetime] = real_clock,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Say how far the history is, again and again, until nothing of it is missing."""
    began = now()
    first: Progress | None = None
    while True:
        at = now()
        progress = measure(settings, instance, at)
        first = first or progress
        gained, seconds = progress.done - first.done, (at - began).total_seconds()
        say(_line(settings, progress, rate_to_go(gained, _missing(first), seconds), at))
        if progress.is_complete:
            return
        sleep(WATCH_SECONDS)


def measure(settings: Settings, instance: dg.DagsterInstance, now: datetime) -> Progress:
    """What of the history is on Dagster's record, and what the rest takes."""
    first, last = history_days(settings)
    newest = last or civil_day(now, settings.account.zone) - timedelta(days=1)
    if newest < first:
        return Progress(0, 0, 0)
    offered, days = offered_assets(settings), DayRange(first, newest)
    missing = missing_days(settings, offered, instance, days)
    wanted = sum(len(part) for one in offered if (part := settings.history_of(one, days)))
    with closing(open_source(settings)) as source:
        requests = sum(
            source.plan_together(map(asset_named, gap.assets), gap.days).expected
            for gap in gaps(missing)
        )
    return Progress(wanted, wanted - sum(map(len, missing.values())), requests)


def _line(
    settings: Settings, progress: Progress, at_this_rate: timedelta | None, now: datetime
) -> str:
    if progress.is_complete:
        return f"{progress}: all days are stored."
    figures = quota_figures(settings)
    quota = settings.account.quota
    rest = at_least(progress, figures.remaining, quota, at_this_rate)
    end = (now + rest).astimezone(settings.account.zone)
    waits = f"; {figures.waits} waits for the budget so far" if figures.waits else ""
    return (
        f"{progress}; {figures.remaining} of {quota} left{waits}; "
        f"at least {in_words(rest)} left, until {end:%Y-%m-%d %H:%M}."
    )


def _missing(progress: Progress) -> int:
    return progress.days - progress.done
