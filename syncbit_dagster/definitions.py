"""What Dagster loads: ``defs``, made from the configuration of this process."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.config import Settings, load_accounts
from syncbit_dagster.core.civil import real_clock
from syncbit_dagster.defs.account import account_definitions, bound
from syncbit_dagster.defs.instance.retention import forgetting
from syncbit_dagster.defs.names import key_of
from syncbit_dagster.defs.sensors.history import TICK_SECONDS, fetching_jobs
from syncbit_dagster.defs.sensors.run_failures import run_failures
from syncbit_dagster.factories import offered_assets

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


def build_definitions(
    *accounts: Settings,
    now: Callable[[], datetime] = real_clock,
    sleep: Callable[[float], None] = time.sleep,
) -> dg.Definitions:
    """Assets, schedules, sensors and resources of each account, by the clock that is given."""
    logging.getLogger("syncbit_dagster").setLevel(accounts[0].log_level)
    # What a sensor costs that finds nothing to do stays the same, however many there are.
    tick_seconds = TICK_SECONDS * len(accounts)
    each = [
        account_definitions(settings, tick_seconds=tick_seconds, now=now, sleep=sleep)
        for settings in accounts
    ]
    jobs = {job for one in accounts for job in fetching_jobs(one)}
    keys = [key_of(one, asset.name) for one in accounts for asset in offered_assets(one)]
    online = [settings for settings in accounts if not settings.is_offline]
    for_all = dg.Definitions(
        schedules=[forgetting(jobs, keys, now=now)],
        sensors=[run_failures(online, now=now)] if online else [],
        # One process a run: steps share the request budget and spare an import each.
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(*(each if len(each) == 1 else map(bound, each)), for_all)


defs = build_definitions(*load_accounts())
