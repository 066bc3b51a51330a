"""Invariants of the simulated day: everybody is served once, and sums are what they must be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scale.simulation import (
    Deployment,
    enough_workers,
    evenly,
    longest_wait,
    serve,
    simulate,
)
from benchmarks.scale.world import DAY_MINUTES, SHARES, accounts_by_zone, offsets

SOME = Deployment(accounts=10_000, workers=2000)
accounts = st.integers(0, 50_000)


def test_the_shares_are_the_whole_world() -> None:
    assert sum(SHARES.values()) == 100


@given(accounts)
def test_every_account_lives_somewhere(count: int) -> None:
    zones = accounts_by_zone(count)
    assert zones.sum() == count
    exact = count * np.array(list(SHARES.values())) / 100
    assert (np.abs(zones - exact) < 1).all()


def test_zones_are_where_they_are_in_summer() -> None:
    found = dict(zip(SHARES, offsets(datetime(2026, 7, 1, tzinfo=UTC)), strict=True))
    assert found["America/New_York"] == -240
    assert found["Asia/Kolkata"] == 330
    assert found["Australia/Adelaide"] == 570


@given(accounts, st.integers(1, DAY_MINUTES), st.integers(0, 5), st.integers(1, 2**32))
def test_every_account_day_is_due_once(count: int, spread: int, syncs: int, seed: int) -> None:
    day = simulate(Deployment(count, spread_minutes=spread, syncs=syncs), seed)
    assert day.ticks.sum() == count
    assert day.synced.sum() == count * syncs


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.integers(1, 60))
def test_what_is_due_begins_once(due: list[int], capacity: int) -> None:
    started, queued = serve(np.array(due), capacity)
    is_stable = sum(due) <= capacity * len(due)
    # A day that repeats itself begins all that is due; one that is too full leaves the rest.
    assert started.sum() == pytest.approx(sum(due) if is_stable else sum(due) - queued[-1])
    assert (started <= capacity + 1e-9).all()
    assert (started >= 0).all()
    assert (queued >= 0).all()


def test_a_queue_is_worked_off_in_turn() -> None:
    started, queued = serve(np.array([5, 0, 0, 0]), 2)
    assert started.tolist() == [2, 2, 1, 0]
    assert queued.tolist() == [3, 1, 0, 0]


def test_a_day_begins_with_what_the_day_before_left() -> None:
    started, queued = serve(np.array([0, 0, 0, 5]), 2)
    assert started.tolist() == [2, 1, 0, 2]
    assert queued.tolist() == [1, 0, 0, 3]


def test_a_day_that_is_too_full_never_ends() -> None:
    one = replace(SOME, workers=1)
    assert longest_wait(one, simulate(one)) == float("inf")


def test_the_peak_falls_when_ticks_are_spread() -> None:
    peaks = [simulate(replace(SOME, spread_minutes=m)).ticks.max() for m in (1, 30, 60, 240)]
    assert peaks == sorted(peaks, reverse=True)
    assert peaks[-1] < peaks[0] / 20
    assert peaks[0] >= 0.22 * SOME.accounts  # New York at five


def test_without_a_queue_the_api_is_asked_for_each_run_and_each_look() -> None:
    day = simulate(SOME)
    assert day.queued.max() == 0
    runs = SOME.accounts * (1 + SOME.syncs)
    asked = runs * SOME.run_requests + SOME.accounts * DAY_MINUTES / SOME.poll_minutes
    assert day.requests.sum() == pytest.approx(asked)
    silent = simulate(replace(SOME, poll_minutes=0))
    assert silent.requests.sum() == pytest.approx(runs * SOME.run_requests)


def test_a_seed_is_a_day() -> None:
    assert (simulate(SOME, 1).synced == simulate(SOME, 1).synced).all()
    assert (simulate(SOME, 1).synced != simulate(SOME, 2).synced).any()


@pytest.mark.parametrize("spread", [1, 240])
def test_as_many_workers_as_are_needed_and_no_more(spread: int) -> None:
    wanted = replace(SOME, spread_minutes=spread)
    workers = enough_workers(wanted, minutes=60)
    enough, fewer = replace(wanted, workers=workers), replace(wanted, workers=workers - 1)
    assert longest_wait(enough, simulate(enough)) <= 60
    assert longest_wait(fewer, simulate(fewer)) > 60


@given(accounts, st.integers(1, 500))
def test_even_parts(count: int, parts: int) -> None:
    found = evenly(count, parts)
    assert found.sum() == count
    assert found.max() - found.min() <= 1
