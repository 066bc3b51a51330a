"""What each plot says, in a sentence: for everybody, and for who cannot see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from syncbit_dagster.report import words
from syncbit_dagster.report.figures.clock import nights_on_the_clock
from syncbit_dagster.report.figures.frame import names_of
from syncbit_dagster.report.figures.hours import day_by_hour
from syncbit_dagster.report.nights import nights_of, regularity
from syncbit_dagster.report.period import is_amount

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from syncbit_dagster.report.drawing import Drawn
    from syncbit_dagster.report.period import Floats, Period, Reading


def caption(drawn: Drawn, period: Period) -> str:
    """The plot's figures in words, with units."""
    return _OF_FORM.get(drawn.plot.form, _of_days)(drawn, period)


def _of_days(drawn: Drawn, period: Period) -> str:
    if len(drawn.readings) == 1:
        return _of_one(drawn.readings[0], period)
    names = names_of(drawn.readings)
    means = [
        f"{name} {words.amount(float(np.nanmean(one.values)), one.row.unit)}"
        for name, one in zip(names, drawn.readings, strict=True)
    ]
    there = np.any([one.by_day for one in drawn.readings], axis=0)
    return f"On average: {'; '.join(means)}. {_known(int(there.sum()), len(period.days))}"


def _of_one(reading: Reading, period: Period) -> str:
    values, unit = reading.values, reading.row.unit
    known = int(reading.by_day.sum())
    if known == 1:
        day = list(period.days)[int(np.flatnonzero(reading.by_day)[0])]
        return f"{words.amount(float(np.nanmax(values)), unit)} on {words.day_text(day)}."
    days = list(period.days)
    low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
    return (
        f"On average {words.amount(float(np.nanmean(values)), unit)}; "
        f"lowest {_on(days, values, low, unit)}, highest {_on(days, values, high, unit)}. "
        f"{_known(known, len(days))}"
    )


def _on(days: list[date], values: Floats, number: int, unit: str) -> str:
    day = days[number]
    return f"{words.amount(float(values[number]), unit)} ({day:%a} {day.day} {day:%b})"


def _known(known: int, days: int) -> str:
    if known == days:
        return f"All {words.count(days, 'day')}." if days > 1 else ""
    return f"{known:,} of {words.count(days, 'day')}."


def _of_hours(drawn: Drawn, period: Period) -> str:
    reading = drawn.readings[0]
    unit = reading.row.unit
    usual = usual_hours(reading)
    known = int(reading.by_day.sum())
    if np.isnan(usual).all():
        return _known(known, len(period.days))
    low, high = int(np.nanargmin(usual)), int(np.nanargmax(usual))
    rate = " an hour" if is_amount(reading.row) else ""
    return (
        f"On an average day lowest around {words.clock(low)} "
        f"({words.amount(float(usual[low]), unit)}{rate}), highest around {words.clock(high)} "
        f"({words.amount(float(usual[high]), unit)}{rate}). {_known(known, len(period.days))}"
    )


def usual_hours(reading: Reading) -> Floats:
    """Each hour of the clock on the average day, NaN for an hour that no day knows; shape (24,)."""
    there = ~np.isnan(reading.values)
    counts = there.sum(axis=1)
    sums = np.where(there, reading.values, 0.0).sum(axis=1)
    result = np.full(len(counts), np.nan)
    np.divide(sums, counts, out=result, where=counts > 0)
    return result


def _of_nights(drawn: Drawn, period: Period) -> str:
    starts, ends = drawn.readings
    nights = nights_of(starts, ends, period.days, period.zone)
    known = int((~np.isnan(nights.start)).sum())
    said = regularity(nights, period.days)
    nightly = f"{known:,} of {words.count(len(period.days), 'night')}."
    return f"{said} {nightly}".strip()


_OF_FORM: dict[Any, Callable[[Drawn, Period], str]] = {
    day_by_hour: _of_hours,
    nights_on_the_clock: _of_nights,
}


def coverage_caption(period: Period, without: list[str]) -> str:
    """How many days have any data, which have none, and which assets have none at all.

    Args:
        period: what was read.
        without: titles of the assets that have no data in it.
    """
    with_data = period.with_data
    missing = [day for day, there in zip(period.days, with_data, strict=True) if not there]
    said = f"{int(with_data.sum()):,} of {words.count(len(period.days), 'day')} have data."
    if missing:
        said += f" None at all on {words.listed(missing)}."
    if without:
        said += f" Nothing in this period of: {', '.join(without)}."
    return said
