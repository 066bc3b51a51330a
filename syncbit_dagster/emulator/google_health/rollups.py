"""rollUp and dailyRollUp: windows of time with the sums or averages of what lies in them.

A minute belongs to the window that it starts in. A window without any data does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.core.civil import ONE_DAY
from syncbit_dagster.emulator.google_health.filters import wall_date

if TYPE_CHECKING:
    from syncbit_dagster.emulator.google_health.rules import RollupRule
    from syncbit_dagster.emulator.person import IntArray
    from syncbit_dagster.emulator.server_view import Feed


@dataclass(frozen=True)
class Windows:
    """The windows with data, newest first: their starts and ends, and the JSON of their values."""

    start_ms: IntArray
    end_ms: IntArray
    values: list[str]


def roll_up(feed: Feed, rule: RollupRule, edges: IntArray) -> Windows:
    """Roll up the windows between neighbouring edges, which ascend, in epoch milliseconds."""
    days = feed.newest_first(
        wall_date(int(edges[0])) - ONE_DAY, wall_date(int(edges[-1])) + ONE_DAY
    )
    parts = [rule.select(rule.of(feed, day)) for day in days][::-1]
    if not parts:
        return _none()
    start_ms = np.concatenate([part.start_ms for part in parts])
    inside = slice(*np.searchsorted(start_ms, (edges[0], edges[-1])))
    start_ms = start_ms[inside]
    if not len(start_ms):
        return _none()
    columns = tuple(
        np.concatenate(column)[inside]
        for column in zip(*(part.columns for part in parts), strict=True)
    )
    window = np.searchsorted(edges, start_ms, side="right") - 1
    first_rows = np.concatenate(([0], np.flatnonzero(np.diff(window)) + 1))
    reduced = rule.reduce(first_rows, columns)
    found = window[first_rows][::-1]
    values = zip(*(column[::-1].tolist() for column in reduced), strict=True)
    return Windows(edges[found], edges[found + 1], [rule.render(row) for row in values])


def _none() -> Windows:
    empty = np.zeros(0, dtype=np.int64)
    return Windows(empty, empty, [])
