"""list and reconcile: single points, newest first, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncbit_dagster.core.civil import ONE_DAY, day_start, to_milliseconds
from syncbit_dagster.emulator.google_health import wire
from syncbit_dagster.emulator.google_health.filters import wall_date, wall_midnight
from syncbit_dagster.emulator.google_health.rules import Operation, Record
from syncbit_dagster.emulator.person import MINUTE_MS, wall_offsets

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncbit_dagster.emulator.google_health.filters import Bounds
    from syncbit_dagster.emulator.google_health.rules import (
        DailyRule,
        DataType,
        Event,
        PointRule,
    )
    from syncbit_dagster.emulator.person import IntArray, PersonDay
    from syncbit_dagster.emulator.server_view import Feed

SERVED_PAGE = {Operation.LIST: 5_000, Operation.RECONCILE: 10_000}
"""A live account got at most 5,000 listed points a page, whatever it asked for."""

LOOKED_AT_DAYS = 400
"""A page looks at no more days of minutes than this; it may end short, or empty, with a token."""

EMPTY_FIRST_PAGES = 5
"""About one request in so many begins with an empty page, as live accounts saw."""


class Point(NamedTuple):
    """One point: its position, which pages are cut at, and its JSON value.

    The position of an interval is its start. A point with a name says which event it is.
    """

    start_ms: int
    value: str
    event: Event | None = None


@dataclass(frozen=True)
class Page:
    """Points, newest first, and the position that the next page begins below, if there is one."""

    points: list[Point]
    next_position: int | None


def first_page_is_empty(fingerprint: str) -> bool:
    """Whether a request begins with an empty page that has a token; the same request always."""
    return int(fingerprint, 16) % EMPTY_FIRST_PAGES == 0


def page_of_points(feed: Feed, data_type: DataType, bounds: Bounds, below: int, size: int) -> Page:
    """The newest ``size`` points inside the bounds that start before the position ``below``.

    Positions are instants in milliseconds; for daily values, midnights as if in UTC.
    """
    newest = _newest_of(data_type)
    # A day to spare on both sides, for every zone; the points themselves are cut exactly.
    first = wall_date(bounds.first_ms) - ONE_DAY
    last = wall_date(min(bounds.end_ms, below)) + ONE_DAY
    points: list[Point] = []
    position = below
    for looked_at, day in enumerate(feed.newest_first(first, last)):
        if looked_at == LOOKED_AT_DAYS and data_type.points is not None:
            return Page(points, position)
        room = size - len(points)
        found = newest(feed, day, bounds, below, room + 1)
        if len(found) > room:
            points += found[:room]
            return Page(points, points[-1].start_ms)
        points += found
        position = to_milliseconds(day_start(day, feed.zone))
    return Page(points, None)


def named_point(feed: Feed, data_type: DataType, point_id: str) -> Point | None:
    """The point with this id, wherever in the history it is."""
    if data_type.events is None:
        raise ValueError(f"{data_type.id} has no points with names")
    for day in feed.newest_first(date.min, date.max):
        for event in data_type.events(feed, day):
            if event.id == point_id:
                return Point(event.at_ms, event.value, event)
    return None


def _newest_of(
    data_type: DataType,
) -> Callable[[Feed, date, Bounds, int, int], list[Point]]:
    """How to find the newest points of one day for a data type."""
    if data_type.daily is not None:
        return _DailyPoints(data_type.daily)
    if data_type.events is not None:
        return _EventPoints(data_type.events)
    if data_type.points is None:
        raise ValueError(f"{data_type.id} has no points")
    render = _sample if data_type.record is Record.SAMPLE else _interval
    return _TimedPoints(data_type.points, render)


@dataclass(frozen=True)
class _DailyPoints:
    rule: DailyRule

    def __call__(
        self, feed: Feed, day: date, bounds: Bounds, below: int, limit: int
    ) -> list[Point]:
        midnight = wall_midnight(day)
        values = feed.daily(day)
        if values is None or not bounds.first_ms <= midnight < min(bounds.end_ms, below):
            return []
        fields = self.rule.render(values)
        if fields is None:
            return []
        return [Point(midnight, wire.joined({"date": wire.calendar_date(day)} | fields))][:limit]


@dataclass(frozen=True)
class _EventPoints:
    find: Callable[[Feed, date], list[Event]]

    def __call__(
        self, feed: Feed, day: date, bounds: Bounds, below: int, limit: int
    ) -> list[Point]:
        found = []
        for event in reversed(self.find(feed, day)):
            asked = event.at_ms + event.offset_ms * bounds.civil
            if bounds.first_ms <= asked < bounds.end_ms and event.at_ms < below:
                found.append(Point(event.at_ms, event.value, event))
        return found[:limit]


@dataclass(frozen=True)
class _TimedPoints:
    rule: PointRule
    time: Callable[[int, int, int, int], str]

    def __call__(
        self, feed: Feed, day: date, bounds: Bounds, below: int, limit: int
    ) -> list[Point]:
        person_day = feed.day(day)
        offsets = wall_offsets(day, feed.zone)
        rows = self.rule.select(person_day)
        start_offsets = _offsets_at(rows.start_ms, person_day, offsets)
        asked = rows.start_ms + start_offsets if bounds.civil else rows.start_ms
        kept = np.flatnonzero(
            (asked >= bounds.first_ms) & (asked < bounds.end_ms) & (rows.start_ms < below)
        )[::-1][:limit]
        end_offsets = _offsets_at(rows.end_ms, person_day, offsets)
        times = (rows.start_ms, start_offsets, rows.end_ms, end_offsets)
        return [
            Point(start, f"{{{self.time(start, *others)}{self.rule.render(values)}}}")
            for (start, *others), values in zip(
                zip(*(array[kept].tolist() for array in times), strict=True),
                _rows(rows.columns, kept),
                strict=True,
            )
        ]


def _rows(columns: tuple[IntArray, ...], kept: IntArray) -> list[tuple[object, ...]]:
    if not columns:
        return [()] * len(kept)
    return list(zip(*(column[kept].tolist() for column in columns), strict=True))


def _offsets_at(instants: IntArray, day: PersonDay, offsets: IntArray) -> IntArray:
    """The UTC offset at each instant; the end of the day's last minute takes that minute's."""
    minute = np.minimum((instants - day.start_ms) // MINUTE_MS, len(offsets) - 1)
    return offsets[minute]


def _interval(start: int, start_offset: int, end: int, end_offset: int) -> str:
    return (
        f'"interval":{{"startTime":{wire.instant(start)},'
        f'"startUtcOffset":{wire.duration(start_offset)},'
        f'"endTime":{wire.instant(end)},'
        f'"endUtcOffset":{wire.duration(end_offset)},'
        f'"civilStartTime":{wire.civil(start + start_offset)},'
        f'"civilEndTime":{wire.civil(end + end_offset)}}}'
    )


def _sample(at: int, offset: int, _end: int, _end_offset: int) -> str:
    return wire.sample_time(at, offset)
