"""The shared ledger as a value: turns, tickets, clocks that go wrong, and what headers change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.quota.headers import Told, told_by
from syncbit_dagster.quota.ledger import LATE_SECONDS, Ledger, ask, at, learn
from syncbit_dagster.quota.quota import Quota

HOUR = 1_700_000_000.0 // 3600 * 3600
FITBIT = Quota(150, 3600, "fixed")
GOOGLE = Quota(150, 60)
NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def used_up(quota: Quota, requests: int, now: float, ledger: Ledger | None = None) -> Ledger:
    ledger = at(ledger or Ledger(), now)
    for _ in range(requests):
        ledger, wait = ask(ledger, quota, "a", 0)
        assert wait <= 0
    return ledger


def test_turns_are_taken_in_the_order_of_arrival() -> None:
    history = replace(GOOGLE, priority="history")
    ledger = used_up(history, 75, HOUR)
    waits = {}
    for owner in ("first", "second", "third"):
        ledger, waits[owner] = ask(ledger, history, owner, 900)
    assert 0 < waits["first"] < waits["second"] < waits["third"]
    # The second one comes too early and finds the first one before it still.
    ledger = at(ledger, HOUR + waits["first"])
    _, wait = ask(ledger, history, "second", 900)
    assert wait == pytest.approx(waits["second"] - waits["first"])
    ledger, wait = ask(ledger, history, "first", 900)
    assert wait <= 0
    assert [ticket.owner for ticket in ledger.tickets] == ["second", "third"]
    assert ledger.waits == 1
    assert Ledger.from_json(ledger.to_json()) == ledger  # with tickets and all
    # Those two died: they lose their turns to whoever comes.
    late = at(ledger, HOUR + waits["third"] + LATE_SECONDS + 0.1)
    late, wait = ask(late, history, "fourth", 900)
    assert wait <= 0
    assert late.tickets == ()


def test_fresh_goes_before_history_and_nobody_waits_too_long() -> None:
    history = replace(FITBIT, priority="history")
    ledger = used_up(history, 120, HOUR + 60)
    ledger, wait = ask(ledger, history, "backfill", 900)
    assert 0 < wait < 130
    ledger, wait = ask(ledger, FITBIT, "schedule", 900)
    assert wait <= 0
    # The slot that history waited for is gone; it takes the next one.
    _, wait = ask(ledger, history, "backfill", 900)
    assert 114 < wait < 250
    # A wait that is too long leaves no ticket, not even that of a shorter one before.
    ledger = used_up(FITBIT, 150, HOUR + 600)
    for longest, left in ((900, []), (3600, ["a"]), (900, [])):
        ledger, wait = ask(ledger, FITBIT, "a", longest)
        assert wait == pytest.approx(3602 - 600)
        assert [ticket.owner for ticket in ledger.tickets] == left


@pytest.mark.parametrize("quota", [FITBIT, GOOGLE])
def test_a_clock_that_is_set_back_an_hour(quota: Quota) -> None:
    ledger = used_up(quota, 120, HOUR + 600)
    back = at(ledger, HOUR - 3000)
    back, wait = ask(back, quota, "a", 10_000)
    used = 121 if quota is FITBIT else 120
    assert sum(count for _, count in back.log) == used  # neither forgotten
    assert wait < quota.seconds  # nor kept for an hour longer
    blocked = replace(ledger, blocked_until=HOUR + 700)
    assert at(blocked, HOUR - 3000).blocked_until == HOUR - 2900
    # Hosts that differ by seconds forget nothing.
    for _ in range(50):
        ledger = at(at(ledger, HOUR + 597), HOUR + 600)
    assert sum(count for _, count in ledger.log) == 120
    assert max(instant for instant, _ in ledger.log) == HOUR + 600


@given(steps=st.lists(st.floats(-7200, 7200), max_size=30), quota=st.sampled_from([FITBIT, GOOGLE]))
def test_whatever_the_clock_does_somebody_may_send_within_a_window(
    steps: list[float], quota: Quota
) -> None:
    now, ledger = HOUR + 100, Ledger()
    for step in steps:
        now += step
        ledger, wait = ask(at(ledger, now), quota, "a", 10_000)
        assert wait <= quota.seconds * 1.02
    for _ in range(100):
        ledger, wait = ask(at(ledger, now), quota, "a", 10_000)
        if wait <= 0:
            break
        now += wait
    assert wait <= 0


def test_another_program_uses_the_same_account_within_the_hour() -> None:
    ledger = used_up(FITBIT, 10, HOUR + 600)
    ledger = learn(ledger, FITBIT, Told(200, remaining=40, resets_in=3000), HOUR + 599.9)
    ledger = used_up(FITBIT, 40, HOUR + 600, ledger)
    assert ask(ledger, FITBIT, "a", 0)[1] > 0
    # A header that lags behind is not trusted.
    late = learn(ledger, FITBIT, Told(200, remaining=100, resets_in=3000), HOUR + 599.9)
    assert ask(late, FITBIT, "a", 0)[1] > 0
    # One of the last hour says nothing about this one.
    ledger = used_up(FITBIT, 1, HOUR + 3602)
    assert learn(ledger, FITBIT, Told(200, remaining=0, resets_in=1), HOUR + 3599) == ledger


def test_a_clock_that_is_wrong_learns_when_hours_begin() -> None:
    """Ours is 3 minutes fast: our hour has begun, the provider's has not."""
    ledger = used_up(FITBIT, 1, HOUR + 2)
    ledger = learn(ledger, FITBIT, Told(200, remaining=5, resets_in=178), HOUR + 1.9)
    assert ledger.offset == pytest.approx(180)
    ledger = used_up(FITBIT, 5, HOUR + 2, ledger)
    assert ask(ledger, FITBIT, "a", 0)[1] == pytest.approx(180, abs=1)
    used_up(FITBIT, 150, HOUR + 183, ledger)


@pytest.mark.parametrize(
    ("quota", "told", "pause"),
    [
        (FITBIT, Told(429, resets_in=1200, retry_after=1300), 1300),
        (FITBIT, Told(429, retry_after=90), 90),
        (FITBIT, Told(429), 1800),
        (FITBIT, Told(429, retry_after=10**8), 3600),
        (GOOGLE, Told(429, retry_after=17), 17),
        (GOOGLE, Told(429), 1),
        (GOOGLE, Told(503), 0),
    ],
)
def test_a_429_closes_the_window_for_everybody(quota: Quota, told: Told, pause: float) -> None:
    ledger = learn(at(Ledger(), HOUR + 1800), quota, told, HOUR + 1799.9)
    _, wait = ask(ledger, quota, "other", 10_000)
    assert pause <= max(wait, 0) <= pause + 3


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "17"}, Told(429, retry_after=17)),
        ({"Retry-After": "Sun, 22 Nov 2026 12:31:00 GMT"}, Told(429, retry_after=60)),
        ({"Retry-After": "Sun, 22 Nov 2026 12:31:00 -0000"}, Told(429, retry_after=60)),
        ({"Retry-After": "Sun, 22 Nov 2026 12:00:00 GMT"}, Told(429, retry_after=0)),
        ({"Retry-After": "soon"}, Told(429)),
        ({"Retry-After": "-5"}, Told(429)),
        ({"Fitbit-Rate-Limit-Remaining": "12"}, Told(429, remaining=12)),
        ({"Fitbit-Rate-Limit-Reset": " 1200 "}, Told(429, resets_in=1200)),
        ({"Fitbit-Rate-Limit-Reset": "٣"}, Told(429)),
        ({"Fitbit-Rate-Limit-Reset": "9" * 400}, Told(429)),
    ],
)
def test_headers_become_numbers_and_nonsense_becomes_nothing(
    headers: dict[str, str], expected: Told
) -> None:
    assert told_by(429, headers, NOW) == expected
