"""What Dagster remembers of one account: runs made, and runs that its own job of forgetting keeps.

``syncbit_dagster/defs/retention.py`` deletes an ended run after some days if each of its days has a
newer record. A morning's run looks back a week, so the next morning repeats all of its days but the
oldest: of that one it stays the newest record for ever, and with it all its rows. Dagster deletes a
run's events with it, and not its rows of checks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from syncbit_dagster.defs.retention import KEPT_DAYS
from syncbit_dagster.defs.schedules import DAYS_LOOKED_BACK


class Records(NamedTuple):
    """Runs of an account, and days in them: a day that two runs brought counts twice."""

    runs: int
    run_days: int


def after(
    days: int,
    *,
    syncs: int = 3,
    sweep_every: int = 0,
    kept_days: float = KEPT_DAYS,
) -> Records:
    """What is left of some days.

    Args:
        days: how long the account has been there.
        syncs: runs a day after a sync: of yesterday and today, then of today.
        sweep_every: a run more, every so many days, over all days since the last such run and those
            that are kept anyway; 0 is never. The project has no such run.
        kept_days: runs that are no older are kept in any case; infinite forgets nothing.
    """
    first, last, on = np.array(list(_made(days, syncs, sweep_every))).T
    newest = np.full(days - first.min(), -1)
    for number, (start, end) in enumerate(
        zip(first - first.min(), last - first.min(), strict=True)
    ):
        newest[start : end + 1] = number
    is_kept = on > days - 1 - kept_days
    is_kept[newest[newest >= 0]] = True
    lengths = last - first + 1
    return Records(int(is_kept.sum()), int(lengths[is_kept].sum()))


def _made(days: int, syncs: int, sweep_every: int) -> list[tuple[int, int, int]]:
    """First and last day of each run and the day on which it ran, in their order."""
    found = []
    for day in range(days):
        found.append((day - DAYS_LOOKED_BACK, day - 1, day))
        if sweep_every and day % sweep_every == sweep_every - 1:
            found.append((day - sweep_every - DAYS_LOOKED_BACK, day - 1, day))
        found += [(day - (number == 0), day, day) for number in range(syncs)]
    return found
