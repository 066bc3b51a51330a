"""What days hold after a fetch: totals once, absent values kept until a second look."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import DayRange, civil_day, day_end, day_start, to_milliseconds
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.scheduling.corrections import (
    Absent,
    Decision,
    Fetch,
    decide,
    proves_absence,
    today_so_far,
)
from syncbit_dagster.scheduling.settled_rule import State, data_until, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = DayRange(date(2025, 10, 24), date(2025, 10, 28))  # the 26th has 25 hours
NOW = datetime(2025, 10, 28, 15, tzinfo=UTC)
LABELS = encode_labels({"user": "u", "device": "d"})
HOUR_MS = 3_600_000
TOTAL, WEIGHT, MINUTES = "fitbit_steps_total", "fitbit_weight_kg", "fitbit_steps_intraday"

Samples = dict[tuple[str, int], float]


def series(samples: Mapping[tuple[str, int], float]) -> list[Series]:
    names = sorted({metric for metric, _ in samples})
    found = []
    for name in names:
        instants = sorted(at for metric, at in samples if metric == name)
        values = [samples[name, at] for at in instants]
        found.append(Series(name, LABELS, np.array(instants, np.int64), np.array(values)))
    return found


def flat(found: list[Series]) -> Samples:
    return {
        (one.metric, int(at)): float(value)
        for one in found
        for at, value in zip(one.timestamps, one.values, strict=True)
    }


def never(_: Absent) -> bool:
    return False


def always(_: Absent) -> bool:
    return True


def midnight(day: date) -> int:
    return to_milliseconds(day_start(day, BERLIN))


def instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def fetch_of(synced: datetime, interval_ms: int | None = None) -> Fetch:
    states: dict[date, State] = {day: state_of(day, BERLIN, synced, NOW) for day in DAYS}
    return Fetch(states, BERLIN, {TOTAL}, interval_ms, synced)


syncs = st.integers(0, 5 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))
hours = st.integers(0, (to_milliseconds(DAYS.end(BERLIN)) - midnight(DAYS.first)) // HOUR_MS - 1)
values = st.integers(0, 3).map(float)
daily = st.dictionaries(
    st.tuples(st.sampled_from([TOTAL, WEIGHT]), st.sampled_from([midnight(d) for d in DAYS])),
    values,
)
intraday = st.dictionaries(
    st.tuples(st.just(MINUTES), hours.map(lambda n: midnight(DAYS.first) + n * HOUR_MS)), values
)


def day_of(at: int) -> date:
    return next(day for day in DAYS if at < to_milliseconds(day_end(day, BERLIN)))


@given(daily, daily, syncs, st.booleans())
def test_daily_values(stored: Samples, answer: Samples, synced: datetime, second: bool) -> None:
    """Sample by sample, by the rules as the documentation says them."""
    fetch = fetch_of(synced)
    found = decide(series(stored), series(answer), fetch, always if second else never)
    expected: Samples = {}
    absent = 0
    for key in stored.keys() | answer.keys():
        metric, at = key
        is_settled = fetch.states[day_of(at)] == "settled"
        if metric == TOTAL and not is_settled:
            continue
        old, new = stored.get(key), answer.get(key)
        is_absent = old is not None and (new is None or (metric == TOTAL and new == 0 != old))
        absent += is_absent
        if is_absent and not second:
            assert old is not None
            expected[key] = old
        elif not is_absent:
            assert new is not None
            expected[key] = new
    assert flat(found.series) == expected
    assert sum(one.samples for one in found.removed if second) == (absent if second else 0)
    assert sum(one.samples for one in found.kept) == (0 if second else absent)


@given(intraday, intraday, syncs, st.booleans())
def test_intervals(stored: Samples, answer: Samples, synced: datetime, second: bool) -> None:
    """An interval is written when it has ended before the sync; later ones stay as they are."""
    fetch = fetch_of(synced, HOUR_MS)
    found = flat(decide(series(stored), series(answer), fetch, always if second else never).series)
    for key in stored.keys() | answer.keys():
        _, at = key
        is_over = at + HOUR_MS <= to_milliseconds(synced)
        if key in answer and is_over:
            assert found[key] == answer[key]
        elif key in stored and (not is_over or not second):
            assert found[key] == stored[key]
        else:
            assert key not in found


def test_what_is_absent_is_named_by_series_and_day() -> None:
    day = DAYS.first
    stored = {(WEIGHT, midnight(day)): 70.0, (TOTAL, midnight(day)): 900.0}
    found = decide(series(stored), series({(TOTAL, midnight(day)): 0.0}), fetch_of(NOW), never)
    assert found == Decision(
        found.series, (Absent(day, TOTAL, LABELS, 1), Absent(day, WEIGHT, LABELS, 1)), ()
    )
    assert flat(found.series) == stored


def test_an_instant_that_the_store_holds_twice_is_kept_once() -> None:
    at = midnight(DAYS.first)
    twice = [Series(WEIGHT, LABELS, np.array([at, at]), np.array([70.0, 70.0]))]
    assert flat(decide(twice, [], fetch_of(NOW), never).series) == {(WEIGHT, at): 70.0}


def test_what_no_answer_could_have_put_there_goes_at_once() -> None:
    """Another program's polls; minutes that were stored before the intervals became hours."""
    at = midnight(DAYS.first)
    polls = series({(WEIGHT, at): 70.0, (WEIGHT, at + 1): 71.0})
    assert flat(decide(polls, [], fetch_of(NOW), never).series) == {(WEIGHT, at): 70.0}
    minutes = series({(MINUTES, at): 5.0, (MINUTES, at + 60_000): 6.0})
    assert flat(decide(minutes, [], fetch_of(NOW, HOUR_MS), never).series) == {(MINUTES, at): 5.0}
    assert len(flat(decide(minutes, [], fetch_of(NOW, 0), never).series)) == 2


def test_an_empty_answer_is_no_second_proof_for_several_days() -> None:
    first, second = (midnight(day) for day in list(DAYS)[:2])
    one_day, two_days = (
        series({(WEIGHT, first): 1.0}),
        series({(WEIGHT, first): 1, (WEIGHT, second): 1}),
    )
    assert proves_absence(one_day, [], fetch_of(NOW))
    assert not proves_absence(two_days, [], fetch_of(NOW))
    assert proves_absence(two_days, one_day, fetch_of(NOW))


def test_today_so_far_is_a_sample_at_the_sync() -> None:
    today, synced = DAYS.last, NOW - timedelta(minutes=7)
    totals = {(TOTAL, midnight(today)): 4000.0, (TOTAL, midnight(DAYS.first)): 9000.0}
    rows = metrics_of("activity_summary")

    def found(at: datetime | None, now: datetime = NOW) -> Samples:
        return flat(today_so_far(rows, series(totals), BERLIN, at, now))

    assert found(synced) == {("fitbit_today_steps_total", to_milliseconds(synced)): 4000.0}
    assert not found(None)
    assert not found(NOW - timedelta(days=1))  # says nothing about this day
    assert not found(synced, NOW + timedelta(days=1))  # it is another day's
    assert not today_so_far(metrics_of("body"), series(totals), BERLIN, synced, NOW)


def test_the_newest_reading_says_how_far_the_data_is_where_nobody_synced() -> None:
    at = midnight(DAYS.last)
    answer = series({(MINUTES, at): 3.0, (MINUTES, at + HOUR_MS): 0.0})
    assert data_until(None, answer) == datetime.fromtimestamp(at / 1000, UTC)  # zeros are no proof
    assert data_until(NOW, answer) == NOW
    assert data_until(None, []) is None


@pytest.mark.parametrize("seed", range(3))
def test_a_month_of_thirty_syncs_a_day(seed: int) -> None:
    """After each sync the store holds what that moment allows, and nothing of it ever changes."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    days = DayRange(date(2025, 10, 10), date(2025, 11, 8))  # the clocks go back in it
    start, end = days.start(BERLIN), days.end(BERLIN)
    hourly = {
        at: float(draw.randrange(1, 900))
        for at in range(to_milliseconds(start), to_milliseconds(end), HOUR_MS)
    }
    silent = DayRange(date(2025, 10, 20), date(2025, 10, 22))
    minutes = sorted(draw.sample(range((end - start) // timedelta(minutes=1)), 30 * len(days)))
    syncs = [start + timedelta(minutes=n) for n in minutes]
    rows = metrics_of("activity_summary")
    totals: Samples = {}
    intervals: Samples = {}
    so_far: Samples = {}
    records: dict[date, State] = {}
    for synced in syncs:
        if civil_day(synced, BERLIN) in silent:
            continue
        now = synced + timedelta(minutes=draw.randrange(10))
        today = civil_day(now, BERLIN)
        asked = DayRange(max(days.first, today - timedelta(days=7)), today)
        until = to_milliseconds(synced)
        # The interval that the sync cut in two is answered with what came of it.
        answered = {
            (MINUTES, at): count if at + HOUR_MS <= until else count * (until - at) / HOUR_MS
            for at, count in hourly.items()
            if to_milliseconds(asked.start(BERLIN)) <= at < until
        }
        by_day = {
            (TOTAL, midnight(day)): sum(
                count
                for (_, at), count in answered.items()
                if civil_day(instant(at), BERLIN) == day
            )
            for day in asked
        }
        for interval, stored, answer in ((None, totals, by_day), (HOUR_MS, intervals, answered)):
            states: dict[date, State] = {
                day: "settled"
                if records.get(day) == "settled"
                else state_of(day, BERLIN, synced, now)
                for day in asked
            }
            fetch = Fetch(states, BERLIN, {TOTAL}, interval, synced)
            held = {
                key: value
                for key, value in stored.items()
                if civil_day(instant(key[1]), BERLIN) in asked
            }
            found = decide(series(held), series(answer), fetch, never)
            assert not found.kept
            new = flat(found.series)
            assert new.items() >= held.items()  # appended, never changed
            stored |= new
        records |= states
        fresh = flat(today_so_far(rows, series(by_day), BERLIN, synced, now))
        so_far |= {key: value for key, value in fresh.items() if key not in so_far}
        for day in asked:
            is_over = until >= to_milliseconds(day_end(day, BERLIN))
            whole = sum(c for at, c in hourly.items() if civil_day(instant(at), BERLIN) == day)
            assert totals.get((TOTAL, midnight(day))) == (whole if is_over else None)
        assert {at for _, at in intervals} == {at for at in hourly if at + HOUR_MS <= until}
        assert all(hourly[at] == value for (_, at), value in intervals.items())
    assert len(totals) == len(days) - 1
    assert len(so_far) > 25 * (len(days) - len(silent))
