"""The nights of the synthetic person agree with their minutes and with the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from syncbit_dagster.core.civil import ONE_DAY, civil_day
from syncbit_dagster.emulator.person import MINUTE_MS
from syncbit_dagster.emulator.records import Stage, Staging
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulator.conftest import BERLIN

_PERSON = SyntheticPerson(BERLIN, date(2016, 1, 1), seed=5)
history = st.dates(date(2016, 1, 2), date(2026, 10, 1))


@given(day=history)
@settings(max_examples=60, deadline=None)
def test_sessions_agree_with_the_minutes(day: date) -> None:
    """In every session the watch was worn, nobody walked, and the heart was slow."""
    before, today = _PERSON.day(day - ONE_DAY), _PERSON.day(day)
    start_ms, worn = before.start_ms, np.concatenate((before.worn, today.worn))
    assert before.steps is not None
    assert today.steps is not None
    steps = np.concatenate((before.steps, today.steps))
    heart_ms = np.concatenate((before.heart_ms, today.heart_ms))
    heart_bpm = np.concatenate((before.heart_bpm, today.heart_bpm))
    ended = 0
    for session in _PERSON.sleep(day):
        assert ended <= session.start_ms < session.end_ms
        ended = session.end_ms
        assert civil_day(datetime.fromtimestamp(ended / 1000, UTC), BERLIN) == day
        slept = slice(*((each - start_ms) // MINUTE_MS for each in (session.start_ms, ended)))
        assert worn[slept].all()
        assert not steps[slept].any()
        # Effort lingers in the heart for some minutes, so the first ones do not count.
        samples = slice(*np.searchsorted(heart_ms, (session.start_ms + 12 * MINUTE_MS, ended)))
        assert heart_bpm[samples].mean() < 75


def test_some_years_have_every_kind_of_session() -> None:
    days = [_PERSON.sleep(date(2016, 1, 1) + n * ONE_DAY) for n in range(1800)]
    sessions = [session for day in days for session in day]
    staging = [session.staging for session in sessions]
    assert {*staging} == {Staging.DONE, Staging.TOO_SHORT, Staging.NO_HEART_RATE}
    assert staging.count(Staging.DONE) > 0.8 * len(sessions)
    assert {len(day) for day in days} >= {0, 1, 2, 3}
    assert len({session.id for session in sessions}) == len(sessions)
    spent = dict.fromkeys(Stage, 0)
    for session in sessions:
        for stage, start_ms, end_ms in session.segments:
            assert start_ms < end_ms
            spent[stage] += end_ms - start_ms
    whole = sum(spent.values())
    shares = {stage: spent[stage] / whole for stage in Stage}
    assert 0.4 < shares[Stage.LIGHT] < 0.65
    assert 0.1 < shares[Stage.DEEP] < 0.25
    assert 0.1 < shares[Stage.REM] < 0.25
    assert 0.01 < shares[Stage.AWAKE] < 0.1


def test_no_session_begins_before_the_history() -> None:
    first = SyntheticPerson(BERLIN, date(2020, 5, 5), seed=2)
    assert first.sleep(date(2020, 5, 4)) == ()
    for session in first.sleep(first.first_day):
        assert session.start_ms >= first.day(first.first_day).start_ms


def test_a_night_where_midnight_does_not_exist() -> None:
    """Sao Paulo: clocks jumped from midnight to one."""
    zone = ZoneInfo("America/Sao_Paulo")
    person = SyntheticPerson(zone, date(2017, 1, 1), seed=4)
    for day in (date(2017, 10, 15), date(2017, 2, 19), date(2018, 2, 18), date(2018, 11, 4)):
        for session in person.sleep(day):
            assert civil_day(datetime.fromtimestamp(session.end_ms / 1000, UTC), zone) == day
            assert sum(each.end_ms - each.start_ms for each in session.segments) == (
                session.end_ms - session.start_ms
            )
