"""Days on which the device was not worn: their zeros are filled in, not measured.

The time series have a value for every day. Of a day without the device they say 0 for everything
but two: the calories are the basal rate, and the minutes at rest are the whole day (of a day with
it, the minutes asleep are not among them). So a day is taken as not worn where nothing of an asset
proves otherwise, which is what the catalogue's ``worn_if`` is for; its zeros and its minutes at
rest are left out, its calories stay. A device that was worn and saw a whole day without a step,
a sleep and an active minute looks the same, and cannot be told from that.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.catalog.locations import TimeSeries
from syncbit_dagster.core.civil import civil_day, day_end, day_start

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.sources.rows import Rows

LONGEST_DAY_MINUTES = 1440  # in the API; of a day of 25 hours, it may say 1500 or 1440


def worn_values(found: Iterable[Rows], zone: ZoneInfo) -> list[Rows]:
    """The metrics of an asset without the values of days on which the device was not worn."""
    found = list(found)
    proofs = [one for one in found if _needs_proof(one)]
    if not proofs:
        return found
    times = np.concatenate([one.times for one in proofs])
    is_proof = np.concatenate([_proves(one, zone) for one in proofs])
    unproven = np.setdiff1d(times, times[is_proof])
    return [_without(one, unproven) for one in found]


def _needs_proof(found: Rows) -> bool:
    location = found.metric.fitbit_web
    return isinstance(location, TimeSeries) and location.worn_if is not None


def _proves(found: Rows, zone: ZoneInfo) -> npt.NDArray[np.bool_]:
    location = found.metric.fitbit_web
    assert isinstance(location, TimeSeries)  # noqa: S101 - chosen by the caller
    is_above: npt.NDArray[np.bool_] = found.values > 0
    if location.worn_if == "above zero":
        return is_above
    return is_above & (found.values < [_minutes(time, zone) for time in found.times.tolist()])


def _minutes(time: int, zone: ZoneInfo) -> float:
    """How many minutes the API gives to the day that begins at this instant (milliseconds)."""
    day = civil_day(datetime.fromtimestamp(time / 1000, UTC), zone)
    real = (day_end(day, zone) - day_start(day, zone)) / timedelta(minutes=1)
    return min(real, LONGEST_DAY_MINUTES)


def _without(found: Rows, unworn: npt.NDArray[np.int64]) -> Rows:
    is_filled_in = np.isin(found.times, unworn) & ((found.values == 0) | _needs_proof(found))
    return found.where(~is_filled_in)
