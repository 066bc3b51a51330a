"""MetricsQL for series with one sample a day: the only place that knows where that sample sits.

A daily sample sits at the local midnight that begins its day in the account's zone. A dashboard
asks at the midnights of its own zone, by the UTC offset of the range's end, so an hour off in the
other half of the year. Looked up plainly, a day lands on the next date for whoever looks from the
east of the account. So a query goes two steps:

1. ``[1d:1d]`` evaluates a *day expression* at UTC midnights; subqueries are aligned to them. Its
   selectors look 10 hours ahead (``offset -10h``), which finds at the UTC midnight of a date the
   sample of just that date, for accounts from UTC-10 to UTC+13:45.
2. :func:`on_date` asks for the date that the dashboard's zone has at the point that is drawn.

The result is the same whatever grid the server or Grafana chooses, on days of 23 and 25 hours too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Rollup: TypeAlias = Callable[[str, str, int], str]

ACCOUNT = 'user="$user", device="$device"'
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
STREAK_DAYS = 1100
"""How far back a streak is looked for: three years."""

_AHEAD = "offset -10h"
_THURSDAY = 3


def selector(metric: str) -> str:
    """The series of a metric that belong to the chosen account."""
    return f"{metric}{{{ACCOUNT}}}"


def day(metric: str) -> str:
    """Day expression: the value of the day."""
    return days("last_over_time", metric, 1)


def days(function: str, metric: str, number: int) -> str:
    """Day expression: a rollup function over the samples of the last days, the day itself included.

    Args:
        function: such as ``sum_over_time``; never ``increase``, which takes samples for a counter.
        metric: its name.
        number: of days.
    """
    return f"{function}({selector(metric)}[{number}d] {_AHEAD})"


def together(expression: str) -> str:
    """Day expression: the sum of a metric's series, such as all zones."""
    return f"sum by (user, device) ({expression})"


def recent(function: str, metric: str, number: int) -> str:
    """For numbers as of now: a rollup function over the samples of the account's last days.

    The midnights of the last 24 hours are just one, that of the account's own today: no zone is
    needed. In the last hour of a day of 25 hours it is none.
    """
    return f"{function}({selector(metric)}[{number}d])"


def whole_days(function: str, metric: str, number: int) -> str:
    """As :func:`recent`, of the days before the account's own today, which are over."""
    return f"{function}({selector(metric)}[{number}d] offset 1d)"


def so_far(metric: str) -> str:
    """For numbers as of now: the newest sample of a ``fitbit_today_*`` series, if it is of today.

    Today is a date of the dashboard's zone here; a sample of yesterday's evening is none of it.
    """
    series, ahead = f"{selector(metric)}[1d]", 'timezone_offset("${zone:raw}")'
    local_midnight = f"floor((time() + {ahead}) / 86400) * 86400 - {ahead}"
    return f"last_over_time({series}) if tlast_over_time({series}) >= {local_midnight}"


def clock(metric: str, rollup: Rollup = days) -> str:
    """An instant as hours from its day's midnight; -1 is 23:00 of the eve.

    The sample's own timestamp is that midnight, so no zone is needed.
    """
    instant, midnight = (rollup(name, metric, 1) for name in ("last_over_time", "tlast_over_time"))
    return f"({instant} - {midnight}) / 3600"


def spread(expression: str, number: int) -> str:
    """Day expression: the standard deviation of a day expression over the last days."""
    return f"stddev_over_time(({expression})[{number}d:1d])"


def streak(expression: str, goal: str) -> str:
    """Day expression: how many days in a row, up to this one, reach the goal.

    A day without a sample ends a streak: nobody knows.
    """
    missed = f"((({expression}) >= bool {goal}) default 0) == 0"
    return f"(time() - tlast_over_time(({missed})[{STREAK_DAYS}d:1d])) / 86400"


def running_streak(expression: str, goal: str) -> str:
    """Day expression: the streak that can still grow: the one of the newest day with a sample.

    Today has none, and neither has yesterday until the watch has synced.
    """
    return f"last_over_time(({streak(expression, goal)} if {expression})[3d:1d])"


def longest_streak(expression: str, goal: str) -> str:
    """Day expression: the longest streak of the last three years."""
    return f"max_over_time(({streak(expression, goal)})[{STREAK_DAYS}d:1d])"


def on_date(expression: str) -> str:
    """A day expression at the date that the dashboard's zone has at each point."""
    return _shifted(expression, "time()", 0)


def on_weekday(expression: str, weekday: int) -> str:
    """A day expression at one weekday (0: Monday) of the ISO week of each point.

    Steps of a week fall on Thursdays, as 1970 began with one; a week's Thursday is the day that
    says which year it belongs to. Half a day is added, because a midnight may be off by an hour.
    """
    return _shifted(expression, "(time() + 43200)", weekday - _THURSDAY)


def _shifted(expression: str, instant: str, later: int) -> str:
    """``later`` days after the local date of ``instant``, which is 1 off the UTC date at most."""
    local = f'floor(({instant} + timezone_offset("${{zone:raw}}")) / 86400)'
    branches = (
        f"(last_over_time(day[1d:1d]{_offset(shift + later)}) if on() (shift == {shift}))"
        for shift in (0, -1, 1)
    )
    return (
        f"WITH (shift = {local} - floor(time() / 86400), day = {expression}) "
        f"{' or '.join(branches)}"
    )


def _offset(days_later: int) -> str:
    return f" offset {-days_later}d" if days_later else ""


def within(function: str, metric: str) -> str:
    """A rollup function over the samples of the step that is drawn, for intraday series."""
    return f"{function}({selector(metric)}[$__interval])"


def label_values(label: str, *matchers: str) -> str:
    """What a dashboard variable offers: a label's values among the person's own series."""
    wanted = ", ".join(('__name__=~"fitbit_.+"', *matchers))
    return f"label_values({{{wanted}}}, {label})"
