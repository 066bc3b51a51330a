"""The synthetic person: the same every time, consistent with themselves, awkward like real data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncbit_dagster.core.civil import DayRange, day_end, day_start, to_milliseconds
from syncbit_dagster.emulator.person import MINUTE_MS, NO_ZONE, PersonDay
from syncbit_dagster.emulator.synthetic import SyntheticPerson

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = date(2016, 1, 1)
PERSON = SyntheticPerson(BERLIN, FIRST, seed=5)
days = st.dates(FIRST, date(2026, 12, 31))


def _arrays(day: PersonDay) -> dict[str, np.ndarray]:
    return {name: value for name, value in vars(day).items() if isinstance(value, np.ndarray)}


@given(day=days)
@settings(max_examples=20, deadline=None)
def test_a_day_is_made_alone_and_always_the_same(day: date) -> None:
    other = SyntheticPerson(BERLIN, FIRST, seed=5)
    for name, values in _arrays(PERSON.day(day)).items():
        np.testing.assert_array_equal(values, getattr(other.day(day), name), err_msg=name)
    assert other.daily(day) == PERSON.daily(day) or day < FIRST + timedelta(days=5)  # NaN != NaN


@given(day=days)
@settings(max_examples=40, deadline=None)
def test_a_day_is_consistent(day: date) -> None:
    made = PERSON.day(day)
    count = round((day_end(day, BERLIN) - day_start(day, BERLIN)) / timedelta(minutes=1))
    columns = _arrays(made)
    samples = {"heart_ms": columns.pop("heart_ms"), "heart_bpm": columns.pop("heart_bpm")}
    assert {len(values) for values in columns.values()} == {count}
    assert made.start_ms == to_milliseconds(day_start(day, BERLIN))
    idle = columns["steps"] == 0
    for name in ("distance_mm", "floors", "altitude_gain_mm"):
        assert not columns[name][idle].any(), name
    for name in ("steps", "distance_mm", "floors", "altitude_gain_mm", "level"):
        assert (columns[name] >= 0).all(), name
        assert not columns[name][~made.worn].any(), name
    assert np.array_equal(~np.isnan(columns["calories_kcal"]), made.worn)
    assert (columns["active_kcal"] <= columns["calories_kcal"])[made.worn].all()
    minute = (samples["heart_ms"] - made.start_ms) // MINUTE_MS
    assert (np.diff(samples["heart_ms"]) > 0).all()
    assert ((minute >= 0) & (minute < count)).all()
    assert made.worn[minute].all()
    measured = np.zeros(count, dtype=bool)
    measured[minute] = True
    np.testing.assert_array_equal(columns["heart_zone"] != NO_ZONE, measured)
    assert ((samples["heart_bpm"] >= 38) & (samples["heart_bpm"] <= 190)).all()


@pytest.mark.parametrize(
    ("day", "minutes"),
    [(date(2024, 3, 31), 1380), (date(2024, 10, 27), 1500), (date(2024, 7, 1), 1440)],
)
def test_days_have_their_real_length(day: date, minutes: int) -> None:
    assert len(PERSON.day(day).worn) == minutes


def test_a_year_is_plausible() -> None:
    year = [PERSON.day(day) for day in DayRange(date(2023, 1, 1), date(2023, 12, 31))]
    worn = [day for day in year if day.worn.any()]
    assert 2 <= len(year) - len(worn) <= 30
    steps = [int(day.steps.sum()) for day in worn if day.steps is not None]
    assert 6_000 < np.mean(steps) < 14_000
    calories = [np.nansum(day.calories_kcal) for day in worn if day.calories_kcal is not None]
    assert 1_700 < np.mean(calories) < 3_000
    zones = np.concatenate([day.heart_zone for day in worn if day.heart_zone is not None])
    weekly = np.bincount(zones[zones >= 0], minlength=4) / 52
    assert (weekly[1:] > (20, 20, 1)).all()
    resting = [PERSON.daily(day.day).resting_heart_rate for day in worn]
    assert all(rate is not None and 45 < rate < 75 for rate in resting)
    off = [day.day for day in year if not day.worn.any()]
    assert any(day + timedelta(days=1) in off for day in off)


def test_nights_are_calm() -> None:
    for day in DayRange(date(2023, 5, 1), date(2023, 5, 14)):
        made = PERSON.day(day)
        night = (made.heart_ms - made.start_ms) // MINUTE_MS
        asleep = made.heart_bpm[(night >= 120) & (night < 240)]
        if len(asleep):
            assert asleep.mean() < made.heart_bpm.mean()


def test_nothing_before_the_first_day() -> None:
    before = PERSON.day(FIRST - timedelta(days=1))
    assert not before.worn.any()
    assert before.steps is None
    assert PERSON.daily(FIRST - timedelta(days=1)).resting_heart_rate is None


def test_the_device_syncs_late_now_and_then() -> None:
    start = datetime(2023, 1, 1, tzinfo=UTC)
    delays = []
    last = start
    for hour in range(24 * 240):
        now = start + timedelta(hours=hour)
        synced = PERSON.last_sync(now)
        assert synced <= now
        assert synced >= last or hour == 0
        last = synced
        delays.append((now - synced) / timedelta(hours=1))
    assert np.median(delays) < 2
    assert 30 < max(delays) <= 24 * 9
    assert PERSON.last_sync(datetime(2015, 1, 1, tzinfo=UTC)) <= datetime(2015, 1, 1, tzinfo=UTC)


def test_the_baseline_temperature_needs_some_nights() -> None:
    baselines = [
        PERSON.daily(day).skin_temperature_baseline
        for day in DayRange(FIRST, FIRST + timedelta(days=20))
    ]
    known = [value for value in baselines if value is not None]
    assert np.isnan(known[0])
    assert not np.isnan(known[-1])
