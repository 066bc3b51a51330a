"""What the queries of ``queries.md`` have to give, worked out from the stored samples."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from syncbit_dagster.core.civil import day_start, to_milliseconds
from syncbit_dagster_tests.grafana.filled import DAYS, NOW, ZONE, Filled

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

DAY = 86_400


def series_of(store: Filled, metric: str) -> dict[date, float]:
    """A metric of one series: its value on each day."""
    return {day: values[0] for day, values in store.by_date[metric].items()}


def last_days(store: Filled, metric: str, number: int, before: int = 0) -> list[float]:
    """The values of a metric of one series on the last days."""
    held = series_of(store, metric)
    last = [DAYS.last - timedelta(days=before + back) for back in range(number)]
    return [held[day] for day in last if day in held]


def window(store: Filled, metric: str, number: int) -> dict[date, list[float]]:
    """For each day, a metric's values on so many days up to it; days without any are left out."""
    held = series_of(store, metric)
    found = {
        day: [held[one] for back in range(number) if (one := day - timedelta(days=back)) in held]
        for day in DAYS
    }
    return {day: values for day, values in found.items() if values}


def averages(store: Filled, metric: str, number: int) -> dict[date, float]:
    return {day: float(np.mean(values)) for day, values in window(store, metric, number).items()}


def spreads(store: Filled, metric: str, number: int) -> dict[date, float]:
    return {day: float(np.std(values)) for day, values in window(store, metric, number).items()}


def by_step(
    store: Filled, metric: str, minutes: int, join: Callable[[Any], Any], *, ends: bool
) -> list[float]:
    """Intraday samples joined by clock steps; ``ends``: a step has its end, not its beginning."""
    (one,) = store.series(metric)
    step = minutes * 60_000
    numbers = (one.timestamps - 1) // step if ends else one.timestamps // step
    return [float(join(one.values[numbers == number])) for number in np.unique(numbers)]


def bedtimes(store: Filled) -> list[float]:
    held = series_of(store, "fitbit_sleep_start_timestamp")
    return [
        (value - day_start(day, ZONE).timestamp()) / 3600 for day, value in sorted(held.items())
    ]


def shares(store: Filled) -> list[float]:
    asleep = series_of(store, "fitbit_sleep_minutes_total")
    found = []
    for one in store.series("fitbit_sleep_stage_minutes"):
        if '"deep"' in one.labels or '"rem"' in one.labels:
            starts = {to_milliseconds(day_start(day, ZONE)): day for day in asleep}
            found += [
                100 * value / asleep[starts[instant]]
                for instant, value in zip(one.timestamps.tolist(), one.values, strict=True)
            ]
    return found


def differences(store: Filled) -> list[float]:
    usual = averages(store, "fitbit_resting_heart_rate_bpm", 28)
    held = series_of(store, "fitbit_resting_heart_rate_bpm")
    return [held[day] - usual[day] for day in sorted(held)]


def scores(store: Filled) -> list[float]:
    held = series_of(store, "fitbit_hrv_rmssd_ms")
    mean, spread = (
        averages(store, "fitbit_hrv_rmssd_ms", 60),
        spreads(store, "fitbit_hrv_rmssd_ms", 60),
    )
    return [(held[day] - mean[day]) / spread[day] for day in sorted(held) if spread[day]]


def zone_minutes(store: Filled) -> float:
    week = [DAYS.last - timedelta(days=back) for back in range(7)]
    return sum(sum(store.by_date["fitbit_active_zone_minutes"].get(day, [])) for day in week)


def last_day_rates(store: Filled) -> Any:
    (one,) = store.series("fitbit_heart_rate_intraday")
    return one.values[one.timestamps > to_milliseconds(NOW) - DAY * 1000]


def missing_sleep(store: Filled) -> float:
    week = last_days(store, "fitbit_sleep_minutes_total", 7)
    return 8 * len(week) - sum(week) / 60


def last_of(store: Filled, metric: str) -> list[float]:
    return [float(one.values[-1]) for one in store.series(metric)]


@dataclass(frozen=True)
class Wanted:
    """All values of the answer, series by series; ``step`` in seconds, 0 for now."""

    step: int
    values: Callable[[Filled], list[float]]


def day_by_day(metric: str) -> Callable[[Filled], list[float]]:
    return lambda store: [value for _, value in sorted(series_of(store, metric).items())]


STEPS = "fitbit_steps_total"
WANTED = {
    "Steps of each day": Wanted(DAY, day_by_day(STEPS)),
    "Steps of today so far": Wanted(0, lambda store: last_of(store, "fitbit_today_steps_total")),
    "Seven-day average of the steps": Wanted(
        DAY, lambda store: [value for _, value in sorted(averages(store, STEPS, 7).items())]
    ),
    "This week against the week before": Wanted(
        0, lambda store: [sum(last_days(store, STEPS, 7, 1)) - sum(last_days(store, STEPS, 7, 8))]
    ),
    "Days with 10,000 steps": Wanted(
        0, lambda store: [sum(value >= 10_000 for value in last_days(store, STEPS, 30))]
    ),
    "Kilometres of the last 30 days": Wanted(
        0, lambda store: [sum(last_days(store, "fitbit_distance_km", 30))]
    ),
    "Steps in each hour": Wanted(
        3600, lambda store: by_step(store, "fitbit_steps_intraday", 60, np.sum, ends=False)
    ),
    "Resting heart rate against your own normal": Wanted(DAY, differences),
    "Heart rate in the course of the day": Wanted(
        300, lambda store: by_step(store, "fitbit_heart_rate_intraday", 5, np.mean, ends=True)
    ),
    "Highest heart rate of the last 24 hours": Wanted(
        0, lambda store: [float(last_day_rates(store).max())]
    ),
    "Active zone minutes of the week": Wanted(0, lambda store: [zone_minutes(store)]),
    "Hours asleep": Wanted(
        DAY,
        lambda store: [minutes / 60 for minutes in day_by_day("fitbit_sleep_minutes_total")(store)],
    ),
    "Share of deep and REM sleep": Wanted(DAY, shares),
    "When sleep began": Wanted(DAY, bedtimes),
    "Sleep that is missing to eight hours": Wanted(0, lambda store: [missing_sleep(store)]),
    "Heart-rate variability against its normal range": Wanted(DAY, scores),
    "Last weight": Wanted(0, lambda store: last_of(store, "fitbit_weight_kg")),
    "Days that have data": Wanted(0, lambda store: [len(last_days(store, STEPS, 30, 1))]),
    "Battery of each device": Wanted(
        0, lambda store: last_of(store, "fitbit_device_battery_percent")
    ),
    "Hours since a device has synced": Wanted(
        0,
        lambda store: [
            (NOW.timestamp() - last) / 3600
            for last in last_of(store, "fitbit_device_last_sync_timestamp")
        ],
    ),
}
