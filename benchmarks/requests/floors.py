"""The fewest requests that each provider's caps allow, written down once more: plain arithmetic.

Google Health: a roll-up covers 90 or 14 days and 10,000 windows, a page of a daily list 5,000
points, a page of sleeps 25. Fitbit Web API: a range covers 1,095 days of an activity, 365 of heart
rate, 100 of sleep, 31 of weights, 30 of each nightly value; one day's activity and
heart rate are one summary, whose distances are too coarse to put longer ranges together from it.
"""

from __future__ import annotations

from math import ceil

LONG_ROLL_UPS, SHORT_ROLL_UPS, LISTS = 8, 3, 9
ACTIVITIES, NIGHTLY = 10, 5
DEVICES = 1


def google_daily(days: int, sleeps: int) -> int:
    """All daily assets and the devices: no smaller number can cover the days."""
    roll_ups = LONG_ROLL_UPS * ceil(days / 90) + SHORT_ROLL_UPS * ceil(days / 14)
    return roll_ups + LISTS * ceil(days / 5000) + max(1, ceil(sleeps / 25)) + DEVICES


def google_windows(minutes: int, resources: int) -> int:
    """One-minute windows of some resources."""
    return resources * ceil(minutes / 10_000)


def web_summary_or_series(days: int) -> int:
    """Activity and heart rate."""
    return 1 if days == 1 else ACTIVITIES * ceil(days / 1095) + ceil(days / 365)


def web_daily(days: int) -> int:
    """All daily assets."""
    nights = NIGHTLY * ceil(days / 30) + ceil(days / 100)
    weights = ceil(days / 31)
    return web_summary_or_series(days) + ceil(days / 1095) + nights + weights
