"""What the suite reads from requests, and what it takes for a sentence."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from syncbit_dagster.civil import DayRange
from syncbit_dagster_tests.faults.proxy import Seen
from syncbit_dagster_tests.faults.verdict import assert_only, days_of, is_a_sentence

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 30)
USER = "/v4/users/me/dataTypes"
SLEEPS = Seen(
    "GET",
    f"{USER}/sleep/dataPoints:reconcile?pageSize=25&filter=sleep.interval.civil_end_time+%3E%3D+"
    "%222026-03-01%22+AND+sleep.interval.civil_end_time+%3C+%222026-03-31%22",
    b"",
)
DAILY_STEPS = Seen(
    "POST",
    f"{USER}/steps/dataPoints:dailyRollUp",
    b'{"range":{"start":{"date":{"year":2026,"month":3,"day":1}},'
    b'"end":{"date":{"year":2026,"month":3,"day":31}}},"windowSizeDays":1}',
)
MINUTES = Seen(
    "POST",
    f"{USER}/steps/dataPoints:rollUp",
    # Berlin, from midnight on the first to midnight after the thirtieth, when summer time began.
    b'{"range":{"startTime":"2026-02-28T23:00:00Z","endTime":"2026-03-30T22:00:00Z"}}',
)


@pytest.mark.parametrize("request_", [SLEEPS, DAILY_STEPS, MINUTES])
def test_the_days_that_a_request_asks_for(request_: Seen) -> None:
    assert days_of(request_) == DayRange(FIRST, LAST)


def test_a_request_without_days() -> None:
    assert days_of(Seen("POST", "/token", b"grant_type=refresh_token")) is None


def test_a_finished_day_that_is_asked_for_is_found() -> None:
    every_day = set(DayRange(FIRST, LAST))
    but_one = every_day - {FIRST + timedelta(days=9)}
    assert_only({"sleep": every_day}, [SLEEPS])
    assert_only({"activity_summary": but_one, "intraday_steps": every_day}, [MINUTES])
    for missing, request in (
        ({"sleep": but_one}, SLEEPS),
        ({"activity_summary": but_one, "intraday_steps": every_day}, DAILY_STEPS),
        ({"sleep": every_day}, DAILY_STEPS),
    ):
        with pytest.raises(AssertionError, match="asks for days that are finished"):
            assert_only(missing, [request])


def test_a_sentence_is_no_traceback() -> None:
    assert is_a_sentence("127.0.0.1:80 answered 503 6 times; try again later.")
    assert not is_a_sentence("OSError:\n[Errno 28] No space left on device.")
    assert not is_a_sentence("KeyError: 'dataPoints'")
