"""Which days can be asked for, and how many of them at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.fitbit_web.days import UP_TO_A_YEAR, Limit, days_of
from syncbit_dagster.emulator.fitbit_web.errors import FitbitRefusal
from syncbit_dagster.emulator.fitbit_web.resources import RESOURCES
from syncbit_dagster_tests.emulator.fitbit_web.api import refusal

if TYPE_CHECKING:
    from syncbit_dagster_tests.emulator.fitbit_web.api import WebApi

TODAY = date(2026, 11, 20)
LONG_AGO = date(2015, 1, 1)
"""Before the account existed: nothing has to be added up."""

ACTIVITY = [f"activities/{name}" for name in RESOURCES if name != "activityCalories"]
LONGEST = [
    *((path, "1", 1095) for path in ACTIVITY),
    ("activities/activityCalories", "1", 30),
    ("activities/active-zone-minutes", "1", 1095),
    ("activities/heart", "1", 365),
    ("sleep", "1.2", 100),
    *((path, "1", 30) for path in ("spo2", "hrv", "br", "temp/skin", "cardioscore")),
    ("body/log/weight", "1", 31),
    ("body/log/fat", "1", 30),
    ("body/bmi", "1", 1095),
    ("body/weight", "1", 31),
    ("body/fat", "1", 30),
]


@pytest.mark.parametrize(("path", "version", "longest"), LONGEST)
def test_the_longest_range(shared_web: WebApi, path: str, version: str, longest: int) -> None:
    """Both ends count."""

    def asked(days: int) -> str:
        return f"{path}/date/{LONG_AGO}/{LONG_AGO + timedelta(days=days - 1)}"

    assert shared_web.get(asked(longest), version=version).status_code == 200
    refused = shared_web.get(asked(longest + 1), version=version)
    assert refusal(refused) == (400, "validation")
    assert f"maximum of {longest} days" in refused.text


def test_a_year_of_heart_rate_may_be_a_leap_year(shared_web: WebApi) -> None:
    heart = "activities/heart/date"
    assert len(shared_web.json(f"{heart}/2016-01-01/2016-12-31")["activities-heart"]) == 366
    assert refusal(shared_web.get(f"{heart}/2016-01-01/2017-01-01")) == (400, "validation")
    assert refusal(shared_web.get(f"{heart}/2015-03-01/2016-03-01")) == (400, "validation")


@pytest.mark.parametrize(
    ("period", "first"),
    [
        ("1d", date(2026, 3, 31)),
        ("7d", date(2026, 3, 25)),
        ("1w", date(2026, 3, 25)),
        ("30d", date(2026, 3, 2)),
        ("1m", date(2026, 3, 1)),
        ("3m", date(2026, 1, 1)),
        ("6m", date(2025, 10, 1)),
        ("1y", date(2025, 4, 1)),
    ],
)
def test_a_period_ends_on_the_day_that_is_named(period: str, first: date) -> None:
    end = date(2026, 3, 31)
    path = {"first": end.isoformat(), "second": period}
    assert days_of(path, TODAY, UP_TO_A_YEAR) == DayRange(first, end)


@given(end=st.dates(date(1950, 1, 1), date(2090, 1, 1)), months=st.sampled_from([1, 3, 6, 12]))
def test_a_period_of_months_is_as_long_as_its_months(end: date, months: int) -> None:
    name = "1y" if months == 12 else f"{months}m"
    days = days_of({"first": end.isoformat(), "second": name}, TODAY, UP_TO_A_YEAR)
    assert days.last == end
    assert 28 * months <= len(days) <= 31 * months
    if months == 12:
        assert len(days) in (365, 366)


@given(first=st.dates(date(1950, 1, 1), date(2090, 1, 1)), length=st.integers(1, 1200))
def test_a_limit_holds_to_the_day(first: date, length: int) -> None:
    asked = DayRange(first, first + timedelta(days=length - 1))
    for longest in (30, 1095):
        limit = Limit(UP_TO_A_YEAR, days=longest)
        if length <= longest:
            limit.check(asked)
        else:
            with pytest.raises(FitbitRefusal):
                limit.check(asked)


def test_today_is_the_day_of_the_account(shared_web: WebApi) -> None:
    days = shared_web.json("activities/steps/date/today/1d")["activities-steps"]
    assert [each["dateTime"] for each in days] == ["2026-11-20"]
    days = shared_web.json("activities/steps/date/2026-11-19/today")["activities-steps"]
    assert [each["dateTime"] for each in days] == ["2026-11-19", "2026-11-20"]


@pytest.mark.parametrize(
    "days",
    [
        "2026-11-02/2026-11-01",
        "2026-13-01/2026-13-01",
        "2026-02-29/2026-03-01",
        "2026-11-1/2026-11-02",
        "20261101/20261102",
        "yesterday/today",
        "2026-11-01/tomorrow",
        "2026-11-01/max",
        "2026-11-01/2m",
        "1d/2026-11-01",
        "0001-01-01/0001-01-02",
        "9999-12-31/9999-12-31",
        "٢٠٢٦-11-01/2026-11-02",
    ],
)
@pytest.mark.parametrize(
    "path",
    ["activities/steps", "activities/heart", "activities/active-zone-minutes", "spo2", "body/fat"],
)
def test_days_that_are_none(shared_web: WebApi, path: str, days: str) -> None:
    assert refusal(shared_web.get(f"{path}/date/{days}")) == (400, "validation")


@pytest.mark.parametrize(
    ("path", "version"),
    [("activities", "1"), ("sleep", "1.2"), ("spo2", "1"), ("hrv", "1"), ("body/log/weight", "1")],
)
def test_a_day_that_is_none(shared_web: WebApi, path: str, version: str) -> None:
    for text in ("2026-02-30", "2026-11-1", "1d", "now"):
        answer = shared_web.get(f"{path}/date/{text}", version=version)
        assert refusal(answer) == (400, "validation")


@pytest.mark.parametrize(
    ("path", "version", "period"),
    [
        ("activities/heart", "1", "3m"),
        ("sleep", "1.2", "7d"),
        ("spo2", "1", "7d"),
        ("hrv", "1", "30d"),
        ("body/log/weight", "1", "3m"),
        ("body/log/fat", "1", "1y"),
    ],
)
def test_not_everything_has_every_period(
    shared_web: WebApi, path: str, version: str, period: str
) -> None:
    answer = shared_web.get(f"{path}/date/2026-11-01/{period}", version=version)
    assert refusal(answer) == (400, "validation")
    assert f"Invalid period: {period}" in answer.text


@pytest.mark.parametrize("path", ["activities/superjump", "activities/Steps", "body/height"])
def test_resources_that_do_not_exist(shared_web: WebApi, path: str) -> None:
    answer = shared_web.get(f"{path}/date/2026-11-01/2026-11-02")
    assert refusal(answer) == (400, "validation")
    (error,) = answer.json()["errors"]
    assert error["fieldName"] == "resource path"
    assert error["message"] == f"Invalid time series resource path: /{path}"
