"""A synthetic export: layout, rows and spacing of a real one, values made up."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from syncbit_dagster.core.civil import DayRange, day_end, day_start

if TYPE_CHECKING:
    from pathlib import Path

ZONE = ZoneInfo("America/New_York")
FIRST_DAY = date(2022, 1, 1)
DAYS = 949  # 2.6 years
READINGS = 8_900_000  # of the heart rate
STEP_SECONDS = 5
FILE_DAYS = 30  # of the minutes' files

_TIMES = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(86_400)]
_HEART_RATES = [
    f'",\n  "value" : {{\n    "bpm" : {n},\n    "confidence" : 3\n  }}\n}}' for n in range(200)
]


def days() -> DayRange:
    """The days of the export."""
    return DayRange(FIRST_DAY, FIRST_DAY + timedelta(days=DAYS - 1))


def write_export(folder: Path) -> None:
    """Heart rates in a file a day; minutes of calories, steps and distance in a file a month.

    Heart rates, steps and distance are of the hours in which the watch is worn, chosen so that
    there are about :data:`READINGS`.
    """
    target = folder / "Takeout" / "Fitbit" / "Global Export Data"
    target.mkdir(parents=True)
    rng = np.random.default_rng(1)
    share = READINGS / (DAYS * 86_400 / STEP_SECONDS)
    for month in days().chunks(FILE_DAYS):
        steps: list[str] = []
        distance: list[str] = []
        calories: list[str] = []
        for day in month:
            worn = np.repeat(rng.random(25) < share, 3600)
            steps_today = rng.integers(0, 130, 1500) * (rng.random(1500) < 0.2)
            _write_heart_rates(target, day, worn, rng)
            minutes = _utc_times(day, 60, worn)
            steps += _rows(minutes, [f'",\n  "value" : "{n}"\n}}' for n in steps_today.tolist()])
            distance += _rows(
                minutes, [f'",\n  "value" : "{n * 74}"\n}}' for n in steps_today.tolist()]
            )
            wall = [f'{{\n  "dateTime" : "{day:%m/%d/%y} {_TIMES[60 * n]}' for n in range(1440)]
            calories += _rows(
                wall, [f'",\n  "value" : "{1.05 + n / 20:.2f}"\n}}' for n in steps_today.tolist()]
            )
        for kind, rows in (("steps", steps), ("distance", distance), ("calories", calories)):
            (target / f"{kind}-{month.first}.json").write_text(f"[{','.join(rows)}]")


def _write_heart_rates(target: Path, day: date, worn: np.ndarray, rng: np.random.Generator) -> None:
    times = _utc_times(day, STEP_SECONDS, worn)
    wave = 75 + 20 * np.sin(np.arange(len(times)) / 200) + rng.normal(0, 4, len(times))
    values = [_HEART_RATES[n] for n in np.clip(wave, 42, 190).astype(int).tolist()]
    (target / f"heart_rate-{day}.json").write_text(f"[{','.join(_rows(times, values))}]")


def _utc_times(day: date, step: int, worn: np.ndarray) -> list[str]:
    """The beginnings of rows, every ``step`` seconds of a civil day in which the watch is worn."""
    first, end = day_start(day, ZONE), day_end(day, ZONE)
    seconds = np.arange(0, int((end - first).total_seconds()), step)
    kept = seconds[worn[seconds]] + _second_of_day(first)
    dates = [f'{{\n  "dateTime" : "{first + timedelta(days=n):%m/%d/%y} ' for n in range(3)]
    return [dates[n // 86_400] + _TIMES[n % 86_400] for n in kept.tolist()]


def _second_of_day(instant: datetime) -> int:
    return instant.hour * 3600 + instant.minute * 60 + instant.second


def _rows(times: list[str], values: list[str]) -> list[str]:
    return [time + value for time, value in zip(times, values, strict=False)]
