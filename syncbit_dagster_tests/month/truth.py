"""What the store should hold of a person, computed from the person alone, in plain loops.

It shares no code with the project's planners and parsers, on purpose. A sample is known by its
metric, the value of its own label ("" without one) and its instant.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import fsum, isnan
from typing import TYPE_CHECKING

from syncbit_dagster.core.civil import DayRange, civil_day, day_end, day_start, to_milliseconds
from syncbit_dagster.emulator.records import SleepSession, Stage, Staging

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from syncbit_dagster.emulator.person import Person

MINUTE = 60_000
STAGES_AFTER = timedelta(hours=3)  # how long the provider works on a sleep
LEVELS = ("sedentary", "lightly_active", "fairly_active", "very_active")
ZONES = ("out_of_range", "fat_burn", "cardio", "peak")
STAGES = {Stage.DEEP: "deep", Stage.LIGHT: "light", Stage.REM: "rem", Stage.AWAKE: "wake"}
ASLEEP = {Stage.LIGHT, Stage.DEEP, Stage.REM, Stage.ASLEEP}

RESTING = "fitbit_resting_heart_rate_bpm"  # the one value of its asset that comes once

Key = tuple[str, str, int]
Samples = dict[Key, float]


@dataclass
class Truth:
    """What can be known of a person at one moment.

    Attributes:
        person: whose.
        zone: the account's; a day's samples lie at its first instant there.
        days: the partitions.
        synced: until when the watch's data has arrived.
        now: the moment.
        minutes: length of an interval of the intraday assets.
    """

    person: Person
    zone: ZoneInfo
    days: DayRange
    synced: datetime
    now: datetime
    minutes: int
    samples: dict[str, Samples] = field(default_factory=lambda: defaultdict(dict))
    """By asset."""
    today: Samples = field(default_factory=dict)
    """The totals of the day that is not over, at the sync."""

    def __post_init__(self) -> None:
        for day in self.days:
            self._of_minutes(day)
            self._of_the_night(day)
            self._of_sleeps(day)
            self._of_the_scale(day)
        self._of_intervals()
        for name in ("activity_summary", "active_zone_minutes", "heart_rate"):
            self._of_settled_days(self.samples[name])

    def _of_settled_days(self, samples: Samples) -> None:
        """A total has its sample when its day is over and synced; the day so far has its own."""
        today = civil_day(self.now, self.zone)
        for metric, label, at in [key for key in samples if key[0] != RESTING]:
            day = civil_day(datetime.fromtimestamp(at / 1000, UTC), self.zone)
            end = day_end(day, self.zone)
            if self.synced < end and self.now - end < timedelta(days=30):
                value = samples.pop((metric, label, at))
                if day == today == civil_day(self.synced, self.zone):
                    name = metric.replace("fitbit_", "fitbit_today_")
                    self.today[name, label, to_milliseconds(self.synced)] = value

    def _put(self, asset: str, day: date, values: dict[tuple[str, str], float | None]) -> None:
        at = to_milliseconds(day_start(day, self.zone))
        for (metric, label), value in values.items():
            if value is not None:
                self.samples[asset][f"fitbit_{metric}", label, at] = value

    def _known(self, day: date) -> list[tuple[int, int]]:
        """Number and instant of each minute that had ended when the watch synced."""
        minutes = self.person.day(day)
        until = to_milliseconds(self.synced)
        instants = [minutes.start_ms + n * MINUTE for n in range(len(minutes.worn))]
        return [(n, at) for n, at in enumerate(instants) if at + MINUTE <= until]

    def _of_minutes(self, day: date) -> None:
        """Sums over the minutes of the day that the person's own clock showed."""
        of = self.person.day(day)
        if of.steps is None:
            return
        assert of.distance_mm is not None
        assert of.floors is not None
        assert of.altitude_gain_mm is not None
        assert of.calories_kcal is not None
        assert of.active_kcal is not None
        assert of.level is not None
        assert of.heart_zone is not None
        known = [n for n, _ in self._known(day)]
        worn = [n for n in known if of.worn[n]]
        burned = [float(of.calories_kcal[n]) for n in known if not isnan(of.calories_kcal[n])]
        active = [float(of.active_kcal[n]) for n in worn if of.active_kcal[n]]
        levels = [LEVELS[of.level[n]] for n in worn]
        zones = [(ZONES[of.heart_zone[n]], n) for n in worn if of.heart_zone[n] >= 0]
        score = {name: sum(zone == name for zone, _ in zones) for name in ZONES[1:]}
        self._put(
            "activity_summary",
            day,
            {
                ("steps_total", ""): sum(int(of.steps[n]) for n in worn) if worn else None,
                ("distance_km", ""): sum(int(of.distance_mm[n]) for n in worn) / 1e6
                if worn
                else None,
                ("calories_total", ""): fsum(burned) if burned else None,
                ("active_calories", ""): fsum(active) if active else None,
                ("floors_total", ""): sum(int(of.floors[n]) for n in worn) if worn else None,
                ("elevation_meters", ""): sum(int(of.altitude_gain_mm[n]) for n in worn) / 1e3
                if worn
                else None,
                **{("active_minutes", name): levels.count(name) or None for name in LEVELS},
            },
        )
        kcal: dict[str, list[float]] = defaultdict(list)
        for zone, n in zones:
            kcal[zone].append(float(of.calories_kcal[n]))
        self._put(
            "heart_rate",
            day,
            {("heart_rate_zone_minutes", zone): len(found) for zone, found in kcal.items()}
            | {("heart_rate_zone_calories", zone): fsum(found) for zone, found in kcal.items()},
        )
        if any(score.values()):
            twice = {"fat_burn": 1, "cardio": 2, "peak": 2}
            self._put(
                "active_zone_minutes",
                day,
                {("active_zone_minutes", name): n * twice[name] for name, n in score.items()},
            )

    def _of_the_night(self, day: date) -> None:
        """The values of the day that exist once it is over."""
        if day_end(day, self.person.zone) > self.synced:
            return
        of = self.person.daily(day)
        usual = of.skin_temperature_baseline
        relative = None
        if of.skin_temperature is not None and usual is not None and not isnan(usual):
            relative = of.skin_temperature - usual
        nightly: dict[str, dict[str, float | None]] = {
            "heart_rate": {"resting_heart_rate_bpm": of.resting_heart_rate},
            "oxygen_saturation": {
                "spo2_avg_percent": of.oxygen_average,
                "spo2_min_percent": of.oxygen_low,
                "spo2_max_percent": of.oxygen_high,
            },
            "breathing_rate": {"breathing_rate_bpm": of.respiratory_rate},
            "heart_rate_variability": {
                "hrv_rmssd_ms": of.hrv_average,
                "hrv_deep_rmssd_ms": of.hrv_deep,
            },
            "skin_temperature": {"temp_skin_relative_celsius": relative},
            "cardio_fitness": {"vo2_max": of.vo2_max},
        }
        for asset, values in nightly.items():
            self._put(asset, day, {(name, ""): value for name, value in values.items()})

    def _of_sleeps(self, day: date) -> None:
        """The sleeps that ended on the day; one that is still worked on has a length only."""
        until = to_milliseconds(self.synced)
        ended = [one for one in self.person.sleep(day) if one.end_ms <= until]
        if not ended:
            return
        worked_on = to_milliseconds(self.now - STAGES_AFTER)
        done = [one for one in ended if one.end_ms <= worked_on]
        totals: dict[tuple[str, str], float] = defaultdict(float)
        for sleep in done:
            spent = _spent(sleep)
            asleep = sum(spent[stage] for stage in spent if stage in ASLEEP)
            totals["sleep_minutes_total", ""] += asleep // MINUTE
            for stage in spent.keys() & STAGES.keys():
                totals["sleep_stage_minutes", STAGES[stage]] += spent[stage] // MINUTE
        staged = [one for one in done if one.staging is Staging.DONE]
        main = max(staged or ended, key=lambda one: one.end_ms - one.start_ms)
        in_bed = (main.end_ms - main.start_ms) // MINUTE
        main_values: dict[tuple[str, str], float | None] = {
            ("sleep_time_in_bed_minutes", ""): in_bed,
            ("sleep_start_timestamp", ""): main.start_ms / 1000,
            ("sleep_end_timestamp", ""): main.end_ms / 1000,
        }
        if main in done:
            spent = _spent(main)
            asleep = sum(spent[stage] for stage in spent if stage in ASLEEP) // MINUTE
            awake = [segment for segment in main.segments if segment.stage is Stage.AWAKE]
            main_values["sleep_efficiency_percent", ""] = asleep / in_bed * 100
            main_values["sleep_awakenings", ""] = len(awake) or None
        self._put("sleep", day, {**totals, **main_values})

    def _of_the_scale(self, day: date) -> None:
        """The day's last weight and body fat; the height was entered once, before the month."""
        (height,) = self.person.body(self.person.first_day).heights
        body, until = self.person.body(day), to_milliseconds(self.synced)
        weights = [one.value / 1e3 for one in body.weights if one.at_ms < until]
        fat = [one.value for one in body.body_fat if one.at_ms < until]
        last = weights[-1] if weights else None
        self._put(
            "body",
            day,
            {
                ("weight_kg", ""): last,
                ("bmi", ""): last and last / (height.value / 1e3) ** 2,
                ("body_fat_percent", ""): fat[-1] if fat else None,
            },
        )

    def _of_intervals(self) -> None:
        """Intervals of the line of time, whatever a clock showed."""
        length = self.minutes * MINUTE
        first, last = (
            to_milliseconds(at) for at in (self.days.start(self.zone), self.days.end(self.zone))
        )
        until = to_milliseconds(self.synced)
        steps: dict[int, int] = defaultdict(int)
        beats: dict[int, list[int]] = defaultdict(list)
        margin = timedelta(days=1)
        for day in DayRange(self.days.first - margin, self.days.last + margin):
            of = self.person.day(day)
            for n, at in self._known(day):
                if of.steps is not None and of.worn[n]:
                    steps[at - at % length] += int(of.steps[n])
            for at, bpm in zip(of.heart_ms.tolist(), of.heart_bpm.tolist(), strict=True):
                if at < until:
                    beats[at - at % length].append(bpm)
        for at, count in steps.items():
            if first <= at < last and at + length <= until:
                self.samples["intraday_steps"]["fitbit_steps_intraday", "", at] = count
        for at, found in beats.items():
            if first <= at < last and at + length <= until:
                mean = sum(found) / len(found)
                self.samples["intraday_heart_rate"]["fitbit_heart_rate_intraday", "", at] = mean

    def days_with_data(self, asset: str) -> set[date]:
        """The partitions of an asset that have a sample."""
        instants = {at for _, _, at in self.samples[asset]}
        return {civil_day(datetime.fromtimestamp(at / 1000, UTC), self.zone) for at in instants}


def _spent(sleep: SleepSession) -> dict[Stage, int]:
    """Milliseconds in each stage."""
    found: dict[Stage, int] = defaultdict(int)
    for stage, start, end in sleep.segments:
        found[stage] += end - start
    return found
