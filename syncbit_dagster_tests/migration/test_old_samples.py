"""Old samples beside new ones: counted, and removed exactly, by instants alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.cli.migration.old_samples import DAILY_METRICS, all_of, find_old, remove_old
from syncbit_dagster.core.civil import DayRange, civil_day, day_start, to_milliseconds
from syncbit_dagster.core.samples import Series, count, decode_labels, encode_labels
from syncbit_dagster.stores.base import Slice, Store, Write, WriteReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


STEPS = "fitbit_steps_total"
LABELS = {"user": "default", "device": "charge6"}
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
FIRST = date(2026, 3, 20)
MOVING = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Africa/Cairo", "Asia/Kathmandu")]


class OneSlice(Store):
    """A store that holds the samples of one metric."""

    @property
    def description(self) -> str:
        return "a test's"

    def __init__(self, *series: Series) -> None:
        self.held = list(series)

    def read(self, target: Slice) -> list[Series]:
        assert target == all_of(STEPS, LABELS, NOW)
        return self.held

    def replace_all(self, writes: Sequence[Write], *, durable: bool = False) -> WriteReport:
        assert not durable
        ((target, series),) = writes
        before = count(self.read(target))
        self.held = [one for one in series if len(one.timestamps)]
        wanted = count(self.held)
        return WriteReport(wanted, wanted, 0, 0, before - wanted, "correct")

    def close(self) -> None:
        """Nothing is open."""


def store_with(*samples: tuple[datetime, float], **more: str) -> OneSlice:
    return OneSlice(series(samples, **more))


def series(samples: tuple[tuple[datetime, float], ...], **more: str) -> Series:
    ordered = sorted(samples, key=lambda one: one[0])
    return Series(
        STEPS,
        encode_labels({**LABELS, **more}),
        np.array([to_milliseconds(at) for at, _ in ordered], np.int64),
        np.array([value for _, value in ordered], np.float64),
    )


def rows(found: Iterable[Series]) -> list[tuple[int, float]]:
    return [
        (int(at), float(value))
        for one in found
        for at, value in zip(one.timestamps, one.values, strict=True)
    ]


@given(
    zone=st.sampled_from(MOVING),
    daily=st.sets(st.integers(0, 60)),
    polls=st.sets(st.integers(0, 61 * 24 * 3600), max_size=40),
)
def test_what_goes_is_never_a_days_only_value(
    zone: ZoneInfo, daily: set[int], polls: set[int]
) -> None:
    begin = day_start(FIRST, zone)
    ours = {day_start(FIRST + timedelta(days=n), zone): float(n) for n in daily}
    theirs = {begin + timedelta(seconds=n): -float(n) - 1 for n in polls}
    samples = tuple({**theirs, **ours}.items())
    if not samples:
        return
    store = store_with(*samples)
    found = find_old(store, STEPS, LABELS, zone, NOW)
    removed = remove_old(store, found)

    starts = {day_start(day, zone) for day in DayRange(FIRST, FIRST + timedelta(days=62))}
    has_value = {civil_day(at, zone) for at, _ in samples if at in starts}
    kept = [
        (to_milliseconds(at), value)
        for at, value in sorted(samples)
        if at in starts or civil_day(at, zone) not in has_value
    ]
    assert rows(store.held) == kept
    assert removed == found.beside == len(samples) - len(kept)
    assert found.alone == sum(at not in starts for at, _ in samples) - found.beside
    assert find_old(store, STEPS, LABELS, zone, NOW).beside == 0


def test_each_series_is_judged_by_its_own_days() -> None:
    start, poll = day_start(FIRST, MOVING[1]), day_start(FIRST, MOVING[1]) + timedelta(hours=9)
    with_value = series(((start, 1.0), (poll, 2.0)), type="sedentary")
    without = series(((poll, 3.0),), type="very_active")
    store = OneSlice(with_value, without)
    found = find_old(store, STEPS, LABELS, MOVING[1], NOW)
    assert (found.beside, found.alone, found.alone_days) == (1, 1, DayRange(FIRST, FIRST))
    assert remove_old(store, found) == 1
    left = {decode_labels(one.labels)["type"]: one.values.tolist() for one in store.held}
    assert left == {"sedentary": [1.0], "very_active": [3.0]}


def test_two_values_at_one_instant_are_not_ours_to_judge() -> None:
    start = day_start(FIRST, MOVING[1])
    store = store_with((start, 1.0), (start, 2.0), (start + timedelta(hours=9), 3.0))
    before = rows(store.held)
    found = find_old(store, STEPS, LABELS, MOVING[1], NOW)
    assert found.unclear_day == FIRST
    assert found.removable == remove_old(store, found) == 0
    assert rows(store.held) == before
    # The same value twice is one value.
    store = store_with((start, 1.0), (start, 1.0), (start + timedelta(hours=9), 3.0))
    found = find_old(store, STEPS, LABELS, MOVING[1], NOW)
    assert found.unclear_day is None
    remove_old(store, found)
    assert rows(store.held) == [(to_milliseconds(start), 1.0)]


def test_only_daily_values_are_looked_at() -> None:
    assert DAILY_METRICS.count("fitbit_steps_total") == DAILY_METRICS.count("fitbit_vo2_max") == 1
    assert not {"fitbit_steps_intraday", "fitbit_device_battery_percent"} & set(DAILY_METRICS)
