"""The samples of the benchmark: sizes and shapes of a real account, values made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.stores.base import Slice, Write
from syncbit_dagster.stores.validation import round_significant

START = datetime(2023, 1, 1, tzinfo=UTC)
LABELS = {"user": "bench", "device": "watch"}
MINUTE, FIVE_MINUTES, DAY = 60_000, 300_000, 86_400_000
TEN_YEARS = 3653  # days
HEART_RATE = "fitbit_heart_rate_intraday"
MINUTE_METRICS = (
    HEART_RATE,
    "fitbit_steps_intraday",
    "fitbit_calories_intraday",
    "fitbit_distance_intraday",
)
DAILY_METRICS = tuple(f"fitbit_daily_{n:02}" for n in range(25))


def heart_rate(
    count: int, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Beats per minute that wander like a person's."""
    wave = 75 + 20 * np.sin(np.arange(count) / 200) + rng.normal(0, 4, count)
    return np.rint(np.clip(wave, 42, 190))


def regular(metric: str, start: datetime, step: int, values: np.ndarray) -> Series:
    """A sample every ``step`` ms."""
    timestamps = to_milliseconds(start) + step * np.arange(len(values), dtype=np.int64)
    return Series(metric, encode_labels(LABELS), timestamps, round_significant(values))


def year(days: int = 365) -> list[Series]:
    """Minute heart rate, steps, calories, distance, and 25 daily series."""
    rng = np.random.default_rng(1)
    minutes = days * 1440
    is_walking = rng.random(minutes) < 0.07
    steps = np.where(is_walking, rng.integers(1, 130, minutes), 0).astype(float)
    calories = np.round(1.15 + steps * 0.05 + rng.integers(0, 3, minutes) * 0.11497, 5)
    values = [heart_rate(minutes, rng), steps, calories, np.round(steps * 0.00074, 4)]
    by_minute = [
        regular(metric, START, MINUTE, column)
        for metric, column in zip(MINUTE_METRICS, values, strict=True)
    ]
    by_day = [
        regular(metric, START, DAY, np.round(rng.random(days) * 1000, 2))
        for metric in DAILY_METRICS
    ]
    return by_minute + by_day


def minutes_of_ten_years() -> Series:
    """Heart rate, a value a minute, until :data:`START`."""
    values = heart_rate(TEN_YEARS * 1440, np.random.default_rng(3))
    return regular(HEART_RATE, START - timedelta(days=TEN_YEARS), MINUTE, values)


def days_of_ten_years() -> list[Series]:
    """The daily series, until :data:`START`."""
    first = START - timedelta(days=TEN_YEARS)
    values = np.arange(TEN_YEARS) % 365 + 0.25
    return [regular(metric, first, DAY, values) for metric in DAILY_METRICS]


def ten_years() -> list[Series]:
    """The daily series, and four in steps of five minutes, until :data:`START`."""
    first, rng = START - timedelta(days=TEN_YEARS), np.random.default_rng(4)
    by_interval = [
        regular(metric, first, FIVE_MINUTES, heart_rate(TEN_YEARS * 288, rng))
        for metric in MINUTE_METRICS
    ]
    return days_of_ten_years() + by_interval


def sync(number: int) -> tuple[list[Write], list[Write]]:
    """What a sync writes, one every 15 minutes from :data:`START` on.

    Returns:
        The day so far, at the sync's instant; and the intervals of the day until then, with the
        daily values of the day before, which are there already.
    """
    day, turn = divmod(number, 96)
    now = START + timedelta(minutes=15 * number)
    so_far = [
        regular(f"fitbit_today_{n:02}", now, DAY, np.array([float(turn + n)]))
        for n in range(len(DAILY_METRICS))
    ]
    today = START + timedelta(days=day)
    intervals = [
        regular(metric, today, FIVE_MINUTES, np.arange(3.0 * (turn + 1)) % 90)
        for metric in MINUTE_METRICS
    ]
    daily = [
        regular(metric, today - timedelta(days=1), DAY, np.array([364.25 + day]))
        for metric in DAILY_METRICS
    ]
    return (
        [Write(slice_at(so_far, now, timedelta(milliseconds=1)), so_far)],
        [
            Write(slice_at(intervals, today, timedelta(days=1)), intervals),
            Write(slice_at(daily, today - timedelta(days=1), timedelta(days=1)), daily),
        ],
    )


def between(parts: list[Series], first_day: int, days: int) -> list[Series]:
    """What lies within some days of :data:`START`."""
    low = to_milliseconds(START) + first_day * DAY
    cut = []
    for one in parts:
        start, end = np.searchsorted(one.timestamps, [low, low + days * DAY])
        cut.append(one._replace(timestamps=one.timestamps[start:end], values=one.values[start:end]))
    return cut


def slice_of(parts: list[Series], first_day: int, days: int) -> Slice:
    """The slice that these days of the series fill."""
    return slice_at(parts, START + timedelta(days=first_day), timedelta(days=days))


def slice_at(parts: list[Series], start: datetime, length: timedelta) -> Slice:
    """The series' metrics for some time."""
    return Slice(tuple(sorted({one.metric for one in parts})), LABELS, start, start + length)
