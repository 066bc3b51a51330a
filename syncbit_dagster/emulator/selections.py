"""What a day has of one data type: the minutes or samples that exist, and their numbers.

Pure functions from a person's day to arrays; how they look on the wire is the tables' business
(``data_types.py``). An absent column and an unworn minute select nothing.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from syncbit_dagster.emulator.person import (
    LIGHT,
    MINUTE_MS,
    NO_ZONE,
    SEDENTARY,
    ZONE_LIGHT,
    ZONE_MODERATE,
    ZONE_PEAK,
    ZONE_VIGOROUS,
    BoolArray,
    IntArray,
    PersonDay,
)
from syncbit_dagster.emulator.records import Body

Columns: TypeAlias = tuple[npt.NDArray[Any], ...]


class Selection(NamedTuple):
    """Ascending starts and ends in epoch milliseconds, and columns of the same length."""

    start_ms: IntArray
    end_ms: IntArray
    columns: Columns

    def where(self, kept: BoolArray) -> "Selection":
        """The rows that a mask keeps."""
        return Selection(
            self.start_ms[kept], self.end_ms[kept], tuple(column[kept] for column in self.columns)
        )


Select: TypeAlias = Callable[[PersonDay], Selection]


def _nothing(columns: int) -> Selection:
    none = np.zeros(0, dtype=np.int64)
    return Selection(none, none, (none,) * columns)


def _at(day: PersonDay, kept: BoolArray, *columns: npt.NDArray[Any]) -> Selection:
    minutes = np.flatnonzero(kept)
    start_ms = day.start_ms + minutes * MINUTE_MS
    return Selection(start_ms, start_ms + MINUTE_MS, tuple(column[minutes] for column in columns))


def worn_minutes(name: str) -> Select:
    """Every worn minute with the column's value: an idle minute counts as 0."""

    def select(day: PersonDay) -> Selection:
        column = getattr(day, name)
        return _nothing(1) if column is None else _at(day, day.worn & ~np.isnan(column), column)

    return select


def known_minutes(name: str) -> Select:
    """Every minute whose column holds a number, worn or not: an export fills in basal calories."""

    def select(day: PersonDay) -> Selection:
        column = getattr(day, name)
        return _nothing(1) if column is None else _at(day, ~np.isnan(column), column)

    return select


def moving_minutes(name: str) -> Select:
    """The worn minutes in which the column is not zero."""

    def select(day: PersonDay) -> Selection:
        column = getattr(day, name)
        if column is None:
            return _nothing(1)
        return _at(day, day.worn & ~np.isnan(column) & (column != 0), column)

    return select


def active_levels(day: PersonDay) -> Selection:
    """The worn minutes with at least light activity, and their level."""
    if day.level is None:
        return _nothing(1)
    return _at(day, day.worn & (day.level >= LIGHT), day.level)


def zone_minutes(day: PersonDay) -> Selection:
    """The minutes with a heart-rate zone, and the zone."""
    if day.heart_zone is None:
        return _nothing(1)
    return _at(day, day.worn & (day.heart_zone > NO_ZONE), day.heart_zone)


def scoring_minutes(day: PersonDay) -> Selection:
    """The minutes that earn active zone minutes: zone and score (1 in fat burn, 2 above)."""
    selection = zone_minutes(day)
    zone = selection.columns[0]
    score = np.where(zone >= ZONE_VIGOROUS, 2, 1)
    return selection._replace(columns=(zone, score)).where(zone >= ZONE_MODERATE)


def zone_calories(day: PersonDay) -> Selection:
    """The minutes with both a zone and calories: zone and kcal."""
    if day.heart_zone is None or day.calories_kcal is None:
        return _nothing(2)
    kept = day.worn & (day.heart_zone > NO_ZONE) & ~np.isnan(day.calories_kcal)
    return _at(day, kept, day.heart_zone, day.calories_kcal)


def basal_calories(day: PersonDay) -> Selection:
    """The worn minutes whose calories are known, and what of them is not activity."""
    if day.calories_kcal is None or day.active_kcal is None:
        return _nothing(1)
    kept = day.worn & ~np.isnan(day.calories_kcal)
    return _at(day, kept, day.calories_kcal - day.active_kcal)


def calories_while_active(day: PersonDay) -> Selection:
    """The worn minutes of at least light activity, and all that was burned in them."""
    if day.calories_kcal is None or day.level is None:
        return _nothing(1)
    kept = day.worn & (day.level >= LIGHT) & ~np.isnan(day.calories_kcal)
    return _at(day, kept, day.calories_kcal)


def minutes_at(level: int) -> Select:
    """The worn minutes of one activity level, each as 1."""

    def select(day: PersonDay) -> Selection:
        if day.level is None:
            return _nothing(1)
        return _at(day, day.worn & (day.level == level), np.ones(len(day.worn), dtype=np.int64))

    return select


def distance_at(level: int) -> Select:
    """The worn minutes of one activity level, and the distance in them."""

    def select(day: PersonDay) -> Selection:
        if day.level is None or day.distance_mm is None:
            return _nothing(1)
        return _at(day, day.worn & (day.level == level), day.distance_mm)

    return select


def sedentary_minutes(day: PersonDay) -> Selection:
    """The worn minutes without movement."""
    return _nothing(0) if day.level is None else _at(day, day.worn & (day.level == SEDENTARY))


def sedentary_time(day: PersonDay) -> Selection:
    """The worn minutes without movement, each as its length in milliseconds."""
    minutes = sedentary_minutes(day)
    return minutes._replace(columns=(minutes.end_ms - minutes.start_ms,))


def heart_samples(day: PersonDay) -> Selection:
    """Heart-rate samples; a sample has no length."""
    return Selection(day.heart_ms, day.heart_ms, (day.heart_bpm,))


def readings(kind: str) -> Callable[[Body], Selection]:
    """The readings of one kind; like samples they have no length."""

    def select(body: Body) -> Selection:
        found = getattr(body, kind)
        at_ms = np.array([reading.at_ms for reading in found], dtype=np.int64)
        return Selection(at_ms, at_ms, (np.array([reading.value for reading in found]),))

    return select


def in_runs(select: Select) -> Select:
    """Join neighbouring minutes of equal columns to longer intervals, inside one day."""

    def join(day: PersonDay) -> Selection:
        minutes = select(day)
        if not len(minutes.start_ms):
            return minutes
        breaks = minutes.start_ms[1:] != minutes.end_ms[:-1]
        for column in minutes.columns:
            breaks = breaks | (column[1:] != column[:-1])
        first = np.concatenate(([0], np.flatnonzero(breaks) + 1))
        last = np.concatenate((np.flatnonzero(breaks), [len(minutes.start_ms) - 1]))
        return Selection(
            minutes.start_ms[first],
            minutes.end_ms[last],
            tuple(column[first] for column in minutes.columns),
        )

    return join


def spread(select: Select, categories: tuple[int, ...], weight: int = 1) -> Select:
    """One column per category, holding the last column's value or else ``weight``.

    The first column of ``select`` says which category a row belongs to.
    """

    def split(day: PersonDay) -> Selection:
        rows = select(day)
        category, *values = rows.columns
        amount = values[-1] if values else np.full(len(category), weight)
        zero = np.zeros(1, dtype=amount.dtype)
        return rows._replace(
            columns=tuple(np.where(category == wanted, amount, zero) for wanted in categories)
        )

    return split


ZONES = (ZONE_LIGHT, ZONE_MODERATE, ZONE_VIGOROUS, ZONE_PEAK)
