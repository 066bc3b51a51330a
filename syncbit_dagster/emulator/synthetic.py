"""A person who does not exist, with any number of plausible years.

Everything follows from a seed and the day, so any day of any year is made alone, in the same way
every time. Habits are in wall-clock time: commutes on working days, long walks at weekends,
several workouts a week, nights; the body follows: heart rate from effort, calories from steps and
effort, a slow trend of fitness and a yearly season. What makes real data awkward is there too:
a watch on the charger, off for a day or two, or synced days late.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.core.civil import ONE_DAY, civil_day, day_start, to_milliseconds
from syncbit_dagster.emulator import habits, synthetic_body, synthetic_sleep
from syncbit_dagster.emulator.habits import chance
from syncbit_dagster.emulator.person import (
    LIGHT,
    MODERATE,
    NO_ZONE,
    SEDENTARY,
    VIGOROUS,
    DailyValues,
    PersonDay,
    empty_day,
    minutes_of,
    real_minutes,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from syncbit_dagster.emulator.person import BoolArray, FloatArray, IntArray
    from syncbit_dagster.emulator.records import Body, Device, SleepSession

KEPT_DAYS = 400

_SAMPLE_SECONDS = 5
_HIGHEST_HEART_RATE = 186
_ZONE_STARTS = (0.40, 0.60, 0.85)
"""Shares of the heart-rate reserve at which the moderate, vigorous and peak zone begin."""

_BASAL_KCAL = 1.12
"""A minute of rest."""

_SLOW = np.exp(-np.arange(12) / 3.0)
_SLOW /= _SLOW.sum()
"""The heart follows effort over some minutes."""


class SyntheticPerson:
    """A ``Person`` out of a seed."""

    def __init__(self, zone: ZoneInfo, first_day: date, seed: int = 1) -> None:
        self.zone = zone
        self.first_day = first_day
        self.seed = seed
        self.day = lru_cache(maxsize=KEPT_DAYS)(self._day)
        self.sleep = lru_cache(maxsize=KEPT_DAYS)(self._sleep)

    def last_sync(self, now: datetime) -> datetime:
        """The phone syncs about once an hour, except on the days that it is out of reach."""
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        first = day_start(self.first_day, self.zone)
        while hour > first:
            sync = hour + timedelta(
                minutes=int(60 * chance(self.seed, "sync", int(hour.timestamp())))
            )
            if sync <= now and not self._out_of_reach(sync):
                return sync
            hour -= timedelta(hours=1)
        return min(first, now)

    def _out_of_reach(self, instant: datetime) -> bool:
        """Some days the phone stays away for one to four days, from the morning on."""
        today = civil_day(instant, self.zone)
        for back in range(5):
            day = today - back * ONE_DAY
            if chance(self.seed, "away", day.toordinal()) < 0.03:
                start = day_start(day, self.zone) + timedelta(hours=9)
                hours = 24 + 72 * chance(self.seed, "how long", day.toordinal())
                if start <= instant < start + timedelta(hours=hours):
                    return True
        return False

    def daily(self, civil_day: date) -> DailyValues:
        """Values of the day and of the night before it."""
        if civil_day < self.first_day or habits.watch_off(self.seed, civil_day):
            return DailyValues()
        ordinal = civil_day.toordinal()
        noise = np.random.default_rng((self.seed, ordinal, 2)).standard_normal(8).tolist()
        resting = round(self._resting(civil_day) + 0.8 * noise[0])
        night = not habits.watch_off_at_night(self.seed, civil_day)
        if not night:
            return DailyValues(resting_heart_rate=resting)
        age = (civil_day - self.first_day).days
        hrv = 38.0 - 0.6 * (self._resting(civil_day) - 58) + 5 * noise[1]
        oxygen = 95.8 + 0.6 * noise[2]
        usual = 34.1 + 0.25 * self._season(civil_day)
        return DailyValues(
            resting_heart_rate=resting,
            hrv_average=round(max(hrv, 9.0), 1),
            hrv_deep=round(max(hrv * 0.93 + 2 * noise[3], 8.0), 1),
            oxygen_average=round(min(oxygen, 99.0), 1),
            oxygen_low=round(min(oxygen, 99.0) - 2.0 - abs(noise[4]), 1),
            oxygen_high=round(min(min(oxygen, 99.0) + 1.6 + 0.4 * abs(noise[5]), 100.0), 1),
            respiratory_rate=round(14.4 + 0.7 * noise[6], 1),
            skin_temperature=round(usual + 0.3 * noise[7], 2),
            skin_temperature_baseline=round(usual, 2) if age >= 5 else math.nan,
            vo2_max=round(44.0 - 0.35 * (self._resting(civil_day) - 58), 1) if age >= 14 else None,
        )

    def _sleep(self, civil_day: date) -> tuple[SleepSession, ...]:
        return synthetic_sleep.sessions(self.seed, self.first_day, civil_day, self.zone)

    def body(self, civil_day: date) -> Body:
        """Weights and body fat; the height on the first day."""
        return synthetic_body.body(self.seed, self.first_day, civil_day, self.zone)

    def devices(self, now: datetime) -> tuple[Device, ...]:
        """A tracker and a scale."""
        return synthetic_body.devices(self.seed, self.first_day, self.last_sync(now), self.zone)

    def _season(self, day: date) -> float:
        """1 in midsummer, -1 in midwinter of the north."""
        return math.cos(2 * math.pi * (day.timetuple().tm_yday - 196) / 365.25)

    def _resting(self, day: date) -> float:
        """Resting heart rate: years of training and breaks, a season, some weeks of stress."""
        ordinal = day.toordinal()
        phase = 2 * math.pi * chance(self.seed, "phase", 0)
        trend = 4 * math.sin(2 * math.pi * ordinal / 1130 + phase)
        weeks = 1.5 * math.sin(2 * math.pi * ordinal / 47 + 2 * phase)
        return 58 + trend + weeks - 1.2 * self._season(day)

    def _day(self, civil_day: date) -> PersonDay:
        if civil_day < self.first_day or not real_minutes(civil_day, self.zone):
            return empty_day(civil_day, self.zone)
        rng = np.random.default_rng((self.seed, civil_day.toordinal(), 1))
        start_ms = to_milliseconds(day_start(civil_day, self.zone))
        _, wall = minutes_of(civil_day, self.zone)
        asleep = habits.asleep(self.seed, civil_day, wall)
        worn = habits.worn(self.seed, civil_day, wall)
        cadence, effort, stride = habits.movement(self.seed, civil_day, wall, asleep, rng)
        steps = np.where(worn, rng.poisson(cadence), 0).astype(np.int64)
        effort = np.where(worn, effort, 0.0)
        heart_ms, heart_bpm, minute_rate = self._heart(
            civil_day, start_ms, worn, asleep, effort, rng
        )
        floors = ((steps > 30) & (rng.random(len(steps)) < 0.09)).astype(np.int64)
        climb = np.where(steps > 60, rng.integers(0, 120, len(steps)), 0)
        spent = np.where(worn, 0.038 * steps + 9.5 * effort**1.4, 0.0)
        active: FloatArray = np.round(spent, 4).astype(np.float64)
        basal = _BASAL_KCAL * np.where(asleep, 0.95, 1.0)
        return PersonDay(
            day=civil_day,
            start_ms=start_ms,
            worn=worn,
            heart_ms=heart_ms,
            heart_bpm=heart_bpm,
            steps=steps,
            distance_mm=(steps * stride).astype(np.int64),
            floors=floors,
            altitude_gain_mm=np.where(floors > 0, 3048, 0) + climb,
            calories_kcal=np.where(worn, np.round(basal + active, 4), np.nan),
            active_kcal=active,
            level=_levels(steps, effort),
            heart_zone=self._zones(civil_day, minute_rate),
        )

    def _heart(
        self,
        day: date,
        start_ms: int,
        worn: BoolArray,
        asleep: BoolArray,
        effort: FloatArray,
        rng: np.random.Generator,
    ) -> tuple[IntArray, IntArray, FloatArray]:
        """Samples of the worn minutes, about one in five seconds; and each minute's average."""
        resting = self._resting(day)
        drift = 2.0 * np.sin(
            np.arange(len(worn)) / 43 + 6 * chance(self.seed, "drift", day.toordinal())
        )
        rate = resting + np.where(asleep, -1.0, 13.0) + drift
        rate = rate + np.convolve(effort, _SLOW)[: len(worn)] * (_HIGHEST_HEART_RATE - resting - 13)
        per_minute = 60 // _SAMPLE_SECONDS
        minute = np.repeat(np.arange(len(worn)), per_minute)
        seconds = np.arange(len(minute)) * _SAMPLE_SECONDS + rng.integers(0, 3, len(minute))
        bpm = np.rint(rate[minute] + 1.8 * rng.standard_normal(len(minute))).astype(np.int64)
        bpm = np.clip(bpm, 38, _HIGHEST_HEART_RATE)
        kept = worn[minute] & (rng.random(len(minute)) < 0.93)
        minute, bpm = minute[kept], bpm[kept]
        counts = np.bincount(minute, minlength=len(worn))
        total = np.bincount(minute, weights=bpm, minlength=len(worn))
        average = np.where(counts > 0, total / np.maximum(counts, 1), np.nan)
        return start_ms + seconds[kept] * 1000, bpm, average

    def _zones(self, day: date, rate: FloatArray) -> IntArray:
        """Karvonen: thresholds between the resting and the highest heart rate."""
        resting = self._resting(day)
        reserve = _HIGHEST_HEART_RATE - resting
        thresholds = [resting + share * reserve for share in _ZONE_STARTS]
        zones = np.searchsorted(thresholds, np.nan_to_num(rate), side="right")
        return np.where(np.isnan(rate), NO_ZONE, zones).astype(np.int64)


def _levels(steps: IntArray, effort: FloatArray) -> IntArray:
    return np.select(
        [(effort >= 0.62), (effort >= 0.40) | (steps >= 100), (effort > 0) | (steps > 0)],
        [VIGOROUS, MODERATE, LIGHT],
        SEDENTARY,
    ).astype(np.int64)
