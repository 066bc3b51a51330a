"""How far a long work has come."""

from __future__ import annotations

import doctest
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.quota.quota import Quota
from syncbit_dagster.scheduling import progress
from syncbit_dagster.scheduling.progress import Progress, in_words, rate_to_go, time_to_go

MINUTE = Quota(150, 60)


def test_progress_says_days_and_requests() -> None:
    assert str(Progress(3650, 365, 1142)) == ("365 of 3,650 days (10%), about 1,142 requests to go")
    assert not Progress(3650, 365, 1142).is_complete
    assert Progress(3650, 3650, 0).is_complete
    assert str(Progress(0, 0, 0)).startswith("0 of 0 days (100%)")


@pytest.mark.parametrize(
    ("requests", "remaining", "minutes"),
    [(0, 0, 0), (10, 10, 0), (11, 10, 1), (160, 10, 1), (161, 10, 2), (1269, 150, 8)],
)
def test_the_budget_is_granted_once_a_window(requests: int, remaining: int, minutes: int) -> None:
    assert time_to_go(requests, remaining, MINUTE) == timedelta(minutes=minutes)


@given(st.integers(0, 10_000), st.integers(0, 150), st.integers(1, 150))
def test_what_waits_fits_into_its_windows(requests: int, remaining: int, limit: int) -> None:
    quota = Quota(limit, 3600)
    windows = time_to_go(requests, remaining, quota) / timedelta(hours=1)
    assert remaining + windows * limit >= requests
    assert windows == 0 or remaining + (windows - 1) * limit < requests


def test_the_rest_takes_as_long_as_what_was() -> None:
    assert rate_to_go(90, 360, 30.0) == timedelta(seconds=90)
    assert rate_to_go(360, 360, 30.0) == timedelta(0)
    assert rate_to_go(0, 360, 30.0) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (3599.9, "1 h 0 min"), (36_000, "10 h 0 min")],
)
def test_durations_in_words(seconds: float, text: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == text


def test_the_examples() -> None:
    assert doctest.testmod(progress).failed == 0
