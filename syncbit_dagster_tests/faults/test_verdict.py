"""What the suite reads from requests, and what it takes for a sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster_tests.breaking_proxy import Passed, Plan, Seen
from syncbit_dagster_tests.faults import verdict
from syncbit_dagster_tests.faults.stage import CHOSEN
from syncbit_dagster_tests.faults.table import KINDS
from syncbit_dagster_tests.faults.verdict import assert_only, days_of, first_pages, planned

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


def test_what_is_fetched_twice_is_counted_twice() -> None:
    whole = planned(["sleep"], DayRange(FIRST, LAST))
    further = replace(SLEEPS, path=f"{SLEEPS.path}&pageToken=2")
    token = Seen("POST", "/token", b"grant_type=refresh_token")
    assert first_pages([SLEEPS]) == whole == first_pages([token, SLEEPS, further])
    assert first_pages([SLEEPS, SLEEPS]) != whole
    with pytest.raises(AssertionError):
        days_of(Seen("GET", f"{USER}/sleep/dataPoints:reconcile?pageSize=25", b""))


@pytest.mark.parametrize(
    ("plan", "broken"),
    [
        (Plan(Passed()), [0]),
        (Plan(Passed(), after=2, times=3), [2, 3, 4]),
        (Plan(Passed(), after=1, times=None, every=3), [1, 4, 7]),
        (Plan(Passed(), after=1, times=2, every=3), [1, 4]),
    ],
)
def test_which_requests_are_broken(plan: Plan, broken: list[int]) -> None:
    assert [number for number in range(9) if plan.breaks(number)] == broken


def test_the_table_has_no_row_that_cannot_fail() -> None:
    rows = [row for rows in KINDS.values() for row in rows]
    assert len({row.name for row in rows}) == len(rows) >= 40
    for row in rows:
        assert set(re.split("[,|]", row.failed)) <= {*CHOSEN, ""}, row.name
        assert row.says or row.ends in {"done", "killed"}, row.name
        assert row.failed or row.ends != "failed", row.name


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
    assert verdict.is_a_sentence("127.0.0.1:80 answered 503 6 times; try again later.")
    for text in (
        "OSError:\n[Errno 28] No space.",
        "KeyError: 'x'",
        "requests.Timeout: it is late.",
    ):
        assert not verdict.is_a_sentence(text), text
