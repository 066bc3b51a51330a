"""The nights and naps of the synthetic person, with their stages.

A session exists where the habits say asleep and the watch was on the wrist, so it agrees with the
heart rate and the steps of the same minutes. Stages come in cycles of about ninety minutes: deep
sleep early, REM late. All boundaries lie on half minutes, as those of real trackers.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.core.civil import ONE_DAY, day_start, to_milliseconds
from syncbit_dagster.emulator import habits
from syncbit_dagster.emulator.habits import chance
from syncbit_dagster.emulator.person import DAY_MINUTES, MINUTE_MS, minutes_of
from syncbit_dagster.emulator.records import Segment, SleepSession, Stage, Staging

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from zoneinfo import ZoneInfo

_HALF_MINUTE_MS = 30_000
_SHORTEST_STAGED_MS = 180 * MINUTE_MS
_AWAKENING_EVERY_MS = 12 * MINUTE_MS
_ASLEEP_MINUTES, _RESTLESS_MINUTES = 21, 5


def sessions(seed: int, first_day: date, day: date, zone: ZoneInfo) -> tuple[SleepSession, ...]:
    """The recorded sessions that end on this day; none begins before the history."""
    if habits.watch_off(seed, day):
        return ()
    spans = [] if habits.watch_off_at_night(seed, day) else habits.night(seed, day)
    earliest = to_milliseconds(day_start(first_day, zone))
    rng = np.random.default_rng((seed, day.toordinal(), 3))
    found: list[SleepSession] = []
    for span in (*spans, *habits.naps(seed, day)):
        instants = _instants(span, day, zone)
        if instants is not None and instants[0] >= earliest:
            rejected = chance(seed, f"rejected {len(found)}", day.toordinal()) < 0.03
            found.append(_session(*instants, rng, rejected=rejected))
    return tuple(found)


def _instants(span: tuple[int, int], day: date, zone: ZoneInfo) -> tuple[int, int] | None:
    """Two readings of the wall clock as instants; ``None`` where the clock skips all of it."""
    (before, before_wall), (today, wall) = (minutes_of(d, zone) for d in (day - ONE_DAY, day))
    instants = np.concatenate((before, today))
    readings = np.concatenate((before_wall - DAY_MINUTES, wall))
    inside = np.flatnonzero((readings >= span[0]) & (readings < span[1]))
    if not len(inside):
        return None
    return int(instants[inside[0]]), int(instants[inside[-1]]) + MINUTE_MS


def _session(
    start_ms: int, end_ms: int, rng: np.random.Generator, *, rejected: bool
) -> SleepSession:
    short = end_ms - start_ms < _SHORTEST_STAGED_MS
    if short or rejected:
        staging = Staging.TOO_SHORT if short else Staging.NO_HEART_RATE
        segments = _cut(_levels(rng), start_ms, end_ms)
        return SleepSession(str(end_ms), start_ms, end_ms, staging, segments)
    segments = _cut(_cycles(rng), start_ms, end_ms)
    return SleepSession(
        str(end_ms), start_ms, end_ms, Staging.DONE, segments, tuple(_awakenings(segments, rng))
    )


def _cut(plan: Iterator[tuple[Stage, float]], start_ms: int, end_ms: int) -> tuple[Segment, ...]:
    """Lay an endless plan of stages and minutes over a session."""
    segments = []
    while start_ms < end_ms:
        stage, minutes = next(plan)
        until = min(start_ms + max(2, int(2 * minutes)) * _HALF_MINUTE_MS, end_ms)
        segments.append(Segment(stage, start_ms, until))
        start_ms = until
    return tuple(segments)


def _cycles(rng: np.random.Generator) -> Iterator[tuple[Stage, float]]:
    if rng.random() < 0.5:
        yield Stage.AWAKE, 2 + 6 * rng.random()
    for cycle in count():
        yield Stage.LIGHT, 24 * rng.uniform(0.6, 1.4)
        yield Stage.DEEP, max(30 - 6 * cycle, 6) * rng.uniform(0.6, 1.3)
        yield Stage.LIGHT, 17 * rng.uniform(0.6, 1.4)
        yield Stage.REM, (9 + 5 * cycle) * rng.uniform(0.6, 1.3)
        if rng.random() < 0.5:
            yield Stage.AWAKE, 3.5 + 5 * rng.random()


def _levels(rng: np.random.Generator) -> Iterator[tuple[Stage, float]]:
    if rng.random() < 0.3:
        yield Stage.AWAKE, 1 + 2 * rng.random()
    while True:
        yield Stage.RESTLESS, _RESTLESS_MINUTES * rng.uniform(0.4, 2.0)
        yield Stage.ASLEEP, _ASLEEP_MINUTES * rng.uniform(0.4, 2.0)


def _awakenings(segments: tuple[Segment, ...], rng: np.random.Generator) -> Iterator[Segment]:
    """Half a minute to a minute and a half awake, now and then in light sleep."""
    for segment in segments:
        if segment.stage is not Stage.LIGHT:
            continue
        last = segment.end_ms - _AWAKENING_EVERY_MS
        for part_ms in range(segment.start_ms, last, _AWAKENING_EVERY_MS):
            start_ms = part_ms + int(rng.integers(1, 20)) * _HALF_MINUTE_MS
            yield Segment(
                Stage.AWAKE, start_ms, start_ms + int(rng.integers(1, 4)) * _HALF_MINUTE_MS
            )
