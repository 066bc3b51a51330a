"""Where accounts are: zones and their shares. An assumption, not a measurement.

Shares follow roughly where wearable devices are sold; what matters to the simulation is that half
of the accounts live within few hours of each other, and that not every zone is at a full hour.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

# Percent of all accounts.
SHARES = {
    "America/Los_Angeles": 11,
    "America/Denver": 4,
    "America/Chicago": 14,
    "America/New_York": 22,
    "America/Sao_Paulo": 4,
    "Europe/London": 11,
    "Europe/Berlin": 16,
    "Europe/Helsinki": 3,
    "Asia/Kolkata": 4,
    "Asia/Singapore": 4,
    "Asia/Tokyo": 3,
    "Australia/Adelaide": 1,
    "Australia/Sydney": 3,
}
DAY_MINUTES = 1440


def offsets(when: datetime) -> npt.NDArray[np.int64]:
    """Minutes by which each zone's clock is ahead of UTC at an instant."""
    instant = when.astimezone(UTC)
    found = [instant.astimezone(ZoneInfo(name)).utcoffset() for name in SHARES]
    return np.array([offset.total_seconds() // 60 for offset in found if offset is not None], int)


def accounts_by_zone(accounts: int) -> npt.NDArray[np.int64]:
    """Whole accounts in each zone, all of them together ``accounts``: largest remainders."""
    exact = accounts * np.array(list(SHARES.values())) / 100
    counts = np.floor(exact).astype(np.int64)
    most_missed = np.argsort(counts - exact, kind="stable")
    counts[most_missed[: accounts - counts.sum()]] += 1
    return counts
