"""The synthetic person: the same every time, consistent with themselves, awkward like real data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from syncbit_dagster.core.civil import ONE_DAY, civil_day, day_end, day_start
from syncbit_dagster.emulator.person import MINUTE_MS, NO_ZONE, PersonDay
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulator.conftest import BERLIN

FIRST = date(2016, 1, 1)
PERSON = SyntheticPerson(BERLIN, FIRST, seed=5)
days = st.dates(date(2016, 1, 10), date(2026, 10, 1))


def arrays(day: PersonDay) -> dict[str, np.ndarray]:
    return {name: value for name, value in vars(day).items() if isinstance(value, np.ndarray)}


@given(day=days)
@settings(max_examples=40)
def test_a_day_is_consistent_and_always_the_same(day: date) -> None:
    made, again = PERSON.day(day), SyntheticPerson(BERLIN, FIRST, seed=5)
    for name, values in arrays(made).items():
        np.testing.assert_array_equal(values, getattr(again.day(day), name), err_msg=name)
    assert again.daily(day) == PERSON.daily(day)
    count = round((day_end(day, BERLIN) - day_start(day, BERLIN)) / timedelta(minutes=1))
    columns = arrays(made)
    heart_ms, heart_bpm = columns.pop("heart_ms"), columns.pop("heart_bpm")
    assert {len(values) for values in columns.values()} == {count}
    for name in ("steps", "distance_mm", "floors", "altitude_gain_mm", "level"):
        assert (columns[name] >= 0).all(), name
        assert not columns[name][~made.worn].any(), name
        assert name == "level" or not columns[name][columns["steps"] == 0].any(), name
    assert np.array_equal(~np.isnan(columns["calories_kcal"]), made.worn)
    assert (columns["active_kcal"] <= columns["calories_kcal"])[made.worn].all()
    assert (np.diff(heart_ms) > 0).all()
    assert ((heart_bpm >= 38) & (heart_bpm <= 190)).all()
    measured = np.zeros(count, dtype=bool)
    measured[(heart_ms - made.start_ms) // MINUTE_MS] = True
    assert made.worn[measured].all()
    np.testing.assert_array_equal(columns["heart_zone"] != NO_ZONE, measured)


def test_nothing_before_the_first_day() -> None:
    before = PERSON.day(FIRST - ONE_DAY)
    assert not before.worn.any()
    assert before.steps is None
    assert PERSON.daily(FIRST - ONE_DAY).resting_heart_rate is None
    assert PERSON.sleep(FIRST - ONE_DAY) == ()
    assert all(each.start_ms >= PERSON.day(FIRST).start_ms for each in PERSON.sleep(FIRST))


def test_the_device_syncs_late_now_and_then() -> None:
    hours = [datetime(2023, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(24 * 240)]
    syncs = [PERSON.last_sync(now) for now in hours]
    assert syncs == sorted(syncs)
    delays = [(now - synced) / timedelta(hours=1) for now, synced in zip(hours, syncs, strict=True)]
    assert min(delays) >= 0
    assert np.median(delays) < 2
    assert 30 < max(delays) <= 24 * 9


@given(day=days)
@settings(max_examples=60)
def test_sessions_agree_with_the_minutes(day: date) -> None:
    """In every session the watch was worn, nobody walked, and the heart was slow."""
    before, today = (arrays(PERSON.day(each)) for each in (day - ONE_DAY, day))
    worn, steps, heart_ms, heart_bpm = (
        np.concatenate((before[name], today[name]))
        for name in ("worn", "steps", "heart_ms", "heart_bpm")
    )
    ended = 0
    for session in PERSON.sleep(day):
        assert ended <= session.start_ms < session.end_ms
        ended = session.end_ms
        assert civil_day(datetime.fromtimestamp(ended / 1000, UTC), BERLIN) == day
        start_ms = PERSON.day(day - ONE_DAY).start_ms
        slept = slice(*((each - start_ms) // MINUTE_MS for each in (session.start_ms, ended)))
        assert worn[slept].all()
        assert not steps[slept].any()
        # Effort lingers in the heart for some minutes, so the first ones do not count.
        samples = slice(*np.searchsorted(heart_ms, (session.start_ms + 12 * MINUTE_MS, ended)))
        assert heart_bpm[samples].mean() < 75
