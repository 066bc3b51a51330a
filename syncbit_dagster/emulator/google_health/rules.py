"""What a data type of the API consists of, and the building blocks of its rules.

The table of the data types itself is ``data_types.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from syncbit_dagster.emulator.google_health import wire
from syncbit_dagster.emulator.server_view import Feed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    import numpy.typing as npt

    from syncbit_dagster.emulator.person import DailyValues
    from syncbit_dagster.emulator.selections import Columns, Select, Selection

    Format = Callable[[Any], str]
    Reduce = Callable[[npt.NDArray[np.intp], Columns], list[npt.NDArray[Any]]]


class Record(Enum):
    """How a data type lies in time, and the members by which a filter may ask for it."""

    INTERVAL = ("interval.start_time", "interval.civil_start_time")
    SAMPLE = ("sample_time.physical_time", "sample_time.civil_time")
    DAILY = ("date",)
    SLEEP = ("interval.end_time", "interval.civil_end_time")


class Operation(Enum):
    """The read methods, with the names that the refusals use."""

    LIST = "list"
    RECONCILE = "reconcile"
    ROLL_UP = "rollup"
    DAILY_ROLL_UP = "daily_rollup"
    GET = "get"


@dataclass(frozen=True)
class PointRule:
    """Single points: which ones exist, and their fields, one per column."""

    select: Select
    fields: tuple[tuple[str, Format], ...] = ()

    def render(self, values: tuple[Any, ...]) -> str:
        """The fields of one point after its time, each with a comma before it."""
        pairs = zip(self.fields, values, strict=True)
        return "".join([f',"{name}":{form(value)}' for (name, form), value in pairs])


@dataclass(frozen=True)
class DailyRule:
    """Once-a-day values: JSON field, attribute of ``DailyValues``, form. The first is required."""

    fields: tuple[tuple[str, str, Format], ...]
    constant: dict[str, str] = field(default_factory=dict)

    def render(self, values: DailyValues) -> dict[str, str] | None:
        """The fields beside the date, or ``None`` where the day has no such value."""
        found = {
            name: form(value)
            for name, attribute, form in self.fields
            if (value := getattr(values, attribute)) is not None
        }
        return found | self.constant if self.fields[0][0] in found else None


class Event(NamedTuple):
    """One point that has a name: a session, or a reading of the body.

    Filters and pages go by ``at_ms``; ``offset_ms`` is the wall clock's lead on UTC there. What
    was entered by hand has no device.
    """

    at_ms: int
    offset_ms: int
    id: str
    recording: str
    device: str | None
    value: str


def sums(starts: npt.NDArray[np.intp], columns: Columns) -> list[npt.NDArray[Any]]:
    """Add up each column over the groups that begin at ``starts``."""
    return [np.add.reduceat(column, starts) for column in columns]


def average(starts: npt.NDArray[np.intp], columns: Columns) -> list[npt.NDArray[Any]]:
    """Average of the one column."""
    (column,) = columns
    counts = np.diff(np.append(starts, len(column)))
    return [np.add.reduceat(column, starts) / counts]


def average_max_min(starts: npt.NDArray[np.intp], columns: Columns) -> list[npt.NDArray[Any]]:
    """Average, maximum and minimum of the one column."""
    (column,) = columns
    return [
        *average(starts, columns),
        np.maximum.reduceat(column, starts),
        np.minimum.reduceat(column, starts),
    ]


@dataclass(frozen=True)
class RollupRule:
    """Windows: the rows that count, how they are reduced, and the JSON of one window's values.

    A window in which ``select`` finds nothing does not exist; it looks at what ``of`` knows of a
    day. ``cap_days`` bounds the range and also window times page size.
    """

    select: Callable[[Any], Selection]
    render: Callable[[tuple[Any, ...]], str]
    reduce: Reduce = sums
    cap_days: int = 90
    of: Callable[[Feed, date], Any] = Feed.day


_REMEMBERED = 50_000
"""Windows repeat a few values again and again; remembering their JSON halves a page's time."""


def scalars(*fields: tuple[str, Format]) -> Callable[[tuple[Any, ...]], str]:
    """One field per value; zeros are left out, as proto3 does."""

    @lru_cache(maxsize=_REMEMBERED)
    def render(values: tuple[Any, ...]) -> str:
        pairs = zip(fields, values, strict=True)
        return wire.joined({name: form(value) for (name, form), value in pairs if value})

    return render


def listed(
    list_field: str, name_field: str, names: tuple[str, ...], value_field: str, form: Format
) -> Callable[[tuple[Any, ...]], str]:
    """A list with one record per category that has a value."""

    @lru_cache(maxsize=_REMEMBERED)
    def render(values: tuple[Any, ...]) -> str:
        records = (
            f'{{"{name_field}":"{name}","{value_field}":{form(value)}}}'
            for name, value in zip(names, values, strict=True)
            if value
        )
        return f'{{"{list_field}":[{",".join(records)}]}}'

    return render


@dataclass(frozen=True)
class DataType:
    """One data type of the API. ``id`` is the form in paths, with hyphens.

    Its points come from ``points``, ``daily`` or ``events``, which are those of a day that have
    names, in order of time; some types have only roll-ups. ``is_worn`` says that a device on the
    body made the points, so that the family of wearable sources has them.
    """

    id: str
    record: Record
    operations: frozenset[Operation]
    scope: str
    points: PointRule | None = None
    daily: DailyRule | None = None
    events: Callable[[Feed, date], list[Event]] | None = None
    rollup: RollupRule | None = None
    default_page: int = 1440
    largest_page: int = 10_000
    is_worn: bool = True
    recording: str = "PASSIVELY_MEASURED"

    @property
    def body_field(self) -> str:
        """The name in JSON: camelCase."""
        first, *others = self.id.split("-")
        return first + "".join(word.capitalize() for word in others)

    @property
    def filter_name(self) -> str:
        """The name in filters: snake_case."""
        return self.id.replace("-", "_")
