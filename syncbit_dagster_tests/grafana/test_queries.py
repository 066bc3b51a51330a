"""The queries for one sample a day, in every kind of zone, on every kind of grid."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import requests

from syncbit_dagster.core.civil import DayRange, day_start, to_milliseconds
from syncbit_dagster_tests.grafana.grafana import DASHBOARDS, Reader
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics
from syncbit_dagster_tests.waiting import HANGS_SECONDS
from tools.grafana import queries

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.victoriametrics

# Clocks that change, that never do, by half an hour, at midnight; and both ends of the world.
ACCOUNTS = (
    *("Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Pacific/Honolulu"),
    *("Pacific/Chatham", "Asia/Kolkata", "Australia/Lord_Howe"),
)
READERS = (*ACCOUNTS, "utc", "Pacific/Kiritimati", "Pacific/Pago_Pago")
DAYS = DayRange(date(2017, 12, 1), date(2019, 2, 28))
ENDS = (datetime(2018, 12, 31, 12, tzinfo=UTC), datetime(2018, 7, 1, 12, tzinfo=UTC))


def has_value(day: date) -> bool:
    return day.toordinal() % 17 != 5


def value(day: date) -> int:
    """What the sample of a day says: which day it is."""
    return day.toordinal()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on which each account has a sample a day, save every seventeenth."""
    days = [day for day in DAYS if has_value(day)]
    with running(victoria_metrics(tmp_path_factory.mktemp("queries"))) as server:
        for zone in ACCOUNTS:
            series = {
                "metric": {"__name__": "fitbit_day", "user": zone, "device": "fitbit"},
                "values": [value(day) for day in days],
                "timestamps": [to_milliseconds(day_start(day, ZoneInfo(zone))) for day in days],
            }
            requests.post(f"{server.url}/api/v1/import", json=series, timeout=HANGS_SECONDS)
        requests.get(f"{server.url}/internal/force_flush", timeout=HANGS_SECONDS)
        yield server.url


def dashboard(account: str) -> dict[str, Any]:
    """A dashboard without panels: an account, and the zone as the real ones ask for it."""
    variables = DASHBOARDS["syncbit-vitals"]["templating"]["list"]
    return {
        "templating": {
            "list": [
                {"name": "user", "type": "textbox", "query": account},
                {"name": "device", "type": "textbox", "query": "fitbit"},
                *(one for one in variables if one["name"] == "zone"),
            ]
        }
    }


def drawn(onlooker: Reader, expression: str, step: str = "1d") -> dict[int, float]:
    """The points of an expression's one series."""
    panel = {"interval": step, "maxDataPoints": 4000}
    (one,) = onlooker.draw(panel, {"expr": expression, "instant": False})
    return dict(one.points)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_any_reader_sees_each_day_on_its_date(url: str, account: str) -> None:
    for zone, end in itertools.product(READERS, ENDS):
        onlooker = Reader(url, dashboard(account), zone, end - timedelta(days=200), end)
        points = drawn(onlooker, queries.on_date(queries.day("fitbit_day")))
        shown = {onlooker.date_of(at): v for at, v in points.items()}
        dates = onlooker.dates()
        assert shown == {day: value(day) for day in dates if has_value(day)}, (zone, end)
        # A grid of 24 hours may leap over one date in spring, and no other.
        assert len(set(dates)) >= 200


@pytest.mark.parametrize("zone", READERS)
def test_the_weeks_of_a_calendar_lose_no_day(url: str, zone: str) -> None:
    end = ENDS[0]
    onlooker = Reader(url, dashboard("Europe/Berlin"), zone, end - timedelta(days=350), end)
    shown = []
    for weekday in range(7):
        expression = queries.on_weekday(queries.day("fitbit_day"), weekday)
        for at, ordinal in drawn(onlooker, expression, "7d").items():
            day = date.fromordinal(round(ordinal))
            thursday = onlooker.date_of(at + 43_200)
            assert day.isocalendar()[:2] == thursday.isocalendar()[:2]
            assert day.weekday() == weekday
            shown.append(day)
    first, last = min(shown), max(shown)
    assert sorted(shown) == [day for day in DayRange(first, last) if has_value(day)]
    assert (last - first).days > 340


def test_another_grid_changes_nothing(url: str) -> None:
    """A server that moves the grid to UTC midnights, or a data source that aligns nothing."""
    zone = "America/New_York"
    onlooker = Reader(url, dashboard("Europe/Berlin"), zone, ENDS[0], ENDS[0])
    text = queries.on_date(queries.day("fitbit_day"))
    for name, known in onlooker.variables.items():
        text = text.replace(f"${{{name}:raw}}", known).replace(f"${name}", known)
    for hours in (0, 5, 13):
        end = int(ENDS[0].timestamp()) // 86_400 * 86_400 + hours * 3600
        arguments = {"query": text, "start": end - 80 * 86_400, "end": end, "step": 86_400}
        address, arguments = f"{url}/api/v1/query_range", arguments | {"nocache": "1"}
        answer = requests.post(address, data=arguments, timeout=HANGS_SECONDS)
        points = answer.json()["data"]["result"][0]["values"]
        assert len(points) > 70
        assert all(onlooker.date_of(at) == date.fromordinal(int(v)) for at, v in points)


def test_a_week_is_seven_samples(url: str) -> None:
    """In an instant query, over the nights of a clock change too."""
    for day in (date(2018, 3, 11), date(2018, 3, 28), date(2018, 7, 2)):
        at = day_start(day, ZoneInfo("America/New_York")) + timedelta(hours=12)
        onlooker = Reader(url, dashboard("America/New_York"), "Asia/Kolkata", at, at)
        target = {"expr": queries.recent("sum_over_time", "fitbit_day", 7), "instant": True}
        week = [day - timedelta(days=back) for back in range(7)]
        (one,) = onlooker.draw({}, target)
        assert one.points[0][1] == sum(value(d) for d in week if has_value(d))


def test_a_streak_ends_where_nothing_is_known(url: str) -> None:
    zone, days = "Asia/Kolkata", DayRange(date(2018, 2, 25), date(2018, 5, 1))
    goal = value(date(2018, 3, 1))
    expression = queries.on_date(queries.streak(queries.day("fitbit_day"), str(goal)))
    lengths = []
    for day in days:
        at = day_start(day, ZoneInfo(zone)) + timedelta(hours=1)
        onlooker = Reader(url, dashboard(zone), zone, at, at)
        (one,) = onlooker.draw({}, {"expr": expression, "instant": True})
        lengths.append(one.points[0][1])
    wanted, length = [], 0
    for day in days:
        length = length + 1 if has_value(day) and value(day) >= goal else 0
        wanted.append(float(length))
    assert lengths == wanted
    assert max(wanted) == 16
