"""Which days a request asks for: ``yyyy-MM-dd`` or ``today``, up to a day or for a period."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.emulator.fitbit_web.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATE = re.compile(r"(19|20)\d\d-\d\d-\d\d", re.ASCII)

_PERIOD_DAYS = {"1d": 1, "7d": 7, "30d": 30, "1w": 7}
_PERIOD_MONTHS = {"1m": 1, "3m": 3, "6m": 6, "1y": 12}

UP_TO_A_MONTH = frozenset({"1d", "7d", "30d", "1w", "1m"})
UP_TO_A_YEAR = UP_TO_A_MONTH | {"3m", "6m", "1y"}
NO_PERIODS: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Limit:
    """How many days one request may ask for, both ends included, and which periods there are."""

    periods: frozenset[str]
    days: int | None = None
    years: int | None = None

    def check(self, asked: DayRange) -> None:
        """Refuse a range that is too long."""
        longest = self.days
        if self.years is not None:
            end = _months_before(asked.first, -12 * self.years)
            longest = (end - asked.first).days
        if longest is not None and len(asked) > longest:
            raise invalid(
                "end date",
                f"The range of {len(asked)} days is longer than the maximum of {longest} days.",
            )


def day_of(text: str, today: date, field: str = "date") -> date:
    """A day of a path."""
    if text == "today":
        return today
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise invalid(field, f"Invalid date: {text}")


def days_of(path: Mapping[str, str], today: date, periods: frozenset[str]) -> DayRange:
    """The days of a path: one ``day``, or ``first`` with ``second``, an end or a period.

    A period ends on the day that is named first.
    """
    if "day" in path:
        day = day_of(path["day"], today)
        return DayRange(day, day)
    day, second = day_of(path["first"], today, "start date"), path["second"]
    if second in periods:
        return DayRange(_period_start(day, second), day)
    if second != "today" and "-" not in second:
        raise invalid("period", f"Invalid period: {second}")
    end = day_of(second, today, "end date")
    if end < day:
        raise invalid("end date", f"The end date {end} is before the start date {day}.")
    return DayRange(day, end)


def _period_start(end: date, period: str) -> date:
    if period in _PERIOD_DAYS:
        return end - timedelta(days=_PERIOD_DAYS[period] - 1)
    return _months_before(end, _PERIOD_MONTHS[period]) + ONE_DAY


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month (a later one if negative), or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
