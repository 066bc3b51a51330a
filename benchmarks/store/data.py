"""The samples of the benchmark: sizes and shapes of a real account, values made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.stores.validation import round_significant

START = datetime(2023, 1, 1, tzinfo=UTC)
LABELS = {"user": "bench", "device": "watch"}
MINUTE, DAY = 60_000, 86_400_000
HEART_RATE = "fitbit_heart_rate_intraday"
MINUTE_METRICS = (
    HEART_RATE,
    "fitbit_steps_intraday",
    "fitbit_calories_intraday",
    "fitbit_distance_intraday",
)
DAILY_METRICS = tuple(f"fitbit_daily_{n:02}" for n in range(23))


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
    """Minute heart rate, steps, calories, distance, and 23 daily series."""
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


def seconds(days: int = 30) -> list[Series]:
    """Heart rate every second."""
    values = heart_rate(days * 86_400, np.random.default_rng(2))
    return [regular(HEART_RATE, START, 1000, values)]


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
    start = START + timedelta(days=first_day)
    metrics = tuple(sorted({one.metric for one in parts}))
    return Slice(metrics, LABELS, start, start + timedelta(days=days))
