"""Range planning: every day once, never over a range, never one request too many."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.catalog import ASSETS, Asset, metrics_of
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.sources.fitbit_web.plan import (
    IntradayRequest,
    Request,
    SeriesRequest,
    SummaryRequest,
    is_plannable,
    plan,
)

UTC_ZONE = ZoneInfo("UTC")
ZONES = [UTC_ZONE, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")]
DAILY = [asset for asset in ASSETS if asset.group == "daily"]
INTRADAY = [asset for asset in ASSETS if asset.is_intraday]

# Written down by hand from the API's documentation, not taken from the code.
LONGEST = {
    "/1/user/-/activities/heart": 365,
    "/1/user/-/activities/active-zone-minutes": 1095,
    "/1.2/user/-/sleep": 100,
    "/1/user/-/spo2": 30,
    "/1/user/-/hrv": 30,
    "/1/user/-/br": 30,
    "/1/user/-/temp/skin": 30,
    "/1/user/-/cardioscore": 30,
    "/1/user/-/body/log/weight": 31,
    **dict.fromkeys(
        (
            f"/1/user/-/activities/{resource}"
            for resource in (
                "steps",
                "distance",
                "calories",
                "caloriesBMR",
                "floors",
                "elevation",
                "minutesSedentary",
                "minutesLightlyActive",
                "minutesFairlyActive",
                "minutesVeryActive",
            )
        ),
        1095,
    ),
}
ranges = st.builds(
    lambda first, length: DayRange(first, first + timedelta(days=length)),
    st.dates(date(2009, 1, 1), date(2030, 1, 1)),
    st.integers(1, 4000),
)


def window(length: int) -> DayRange:
    first = date(2016, 1, 1)
    return DayRange(first, first + timedelta(days=length - 1))


def all_requests(days: DayRange, assets: list[Asset] = DAILY) -> set[Request]:
    """What a run of several assets sends: equal requests once."""
    return {one for asset in assets for one in plan(metrics_of(asset.name), days, UTC_ZONE, 60)}


@pytest.mark.parametrize("asset", [*DAILY, *INTRADAY], ids=lambda asset: asset.name)
def test_every_metric_of_a_partitioned_asset_can_be_asked_for(asset: Asset) -> None:
    assert all(is_plannable(metric) for metric in metrics_of(asset.name))


@given(st.sampled_from(DAILY), ranges, st.sampled_from(ZONES))
def test_ranges_cover_every_day_once_within_the_limits(
    asset: Asset, days: DayRange, zone: ZoneInfo
) -> None:
    chunks: dict[str, list[DayRange]] = {}
    for request in plan(metrics_of(asset.name), days, zone, 60):
        head, _, tail = request.path.partition("/date/")
        first, last = map(date.fromisoformat, tail.removesuffix(".json").split("/"))
        chunks.setdefault(head, []).append(DayRange(first, last))
    assert chunks
    for head, parts in chunks.items():
        assert [day for part in parts for day in part] == list(days)
        assert max(map(len, parts)) <= LONGEST[head]
        assert len(parts) == -(-len(days) // LONGEST[head])


@given(st.sampled_from(INTRADAY), ranges.map(lambda days: days.chunks(40)[0]))
def test_intraday_is_one_request_a_day(asset: Asset, days: DayRange) -> None:
    requests = plan(metrics_of(asset.name), days, ZoneInfo("America/New_York"), 300)
    assert [request.path.split("/date/")[1] for request in requests] == [
        f"{day}/1d/5min.json" for day in days
    ]


@pytest.mark.parametrize(
    ("seconds", "level"), [(1, "1sec"), (60, "1min"), (300, "5min"), (900, "15min")]
)
def test_detail_levels(seconds: int, level: str) -> None:
    (request,) = plan(metrics_of("intraday_heart_rate"), window(1), UTC_ZONE, seconds)
    assert request.path == f"/1/user/-/activities/heart/date/2016-01-01/1d/{level}.json"


@pytest.mark.parametrize(
    ("days", "requests"),
    [
        # One summary, active zone minutes, sleep, five nightly endpoints, weights.
        (1, 1 + 1 + 1 + 5 + 1),
        # Ten series, heart rate, active zone minutes in place of the summary.
        (2, 12 + 1 + 5 + 1),
        (30, 19),
        (365, 93),
        (3652, 820),
    ],
)
def test_requests_for_all_daily_assets(days: int, requests: int) -> None:
    assert len(all_requests(window(days))) == requests


def test_activity_and_heart_rate_of_one_day_are_one_request() -> None:
    day = window(1)
    shared = [asset for asset in DAILY if asset.name in ("activity_summary", "heart_rate")]
    assert all_requests(day, shared) == {SummaryRequest(day)}


def test_heart_rate_that_the_summary_may_lack_is_asked_for_itself() -> None:
    day = window(1)
    for asset, expected in (
        ("heart_rate", SeriesRequest("heart", day)),
        ("activity_summary", SummaryRequest(day)),
    ):
        planned = plan(metrics_of(asset), day, UTC_ZONE, 60, summary_has_heart=False)
        assert planned == [expected]


def test_metrics_of_one_series_share_a_request() -> None:
    paths = [one.path for one in plan(metrics_of("activity_summary"), window(9), UTC_ZONE, 60)]
    assert len(paths) == len(set(paths)) == 10


def test_a_day_that_clocks_skipped_is_not_asked_for() -> None:
    apia = ZoneInfo("Pacific/Apia")
    skipped = DayRange(date(2011, 12, 30), date(2011, 12, 30))
    around = DayRange(date(2011, 12, 29), date(2011, 12, 31))
    assert plan(metrics_of("activity_summary"), skipped, apia, 60) == []
    assert plan(metrics_of("intraday_steps"), skipped, apia, 60) == []
    assert plan(metrics_of("intraday_steps"), around, apia, 60) == [
        IntradayRequest("steps", DayRange(day, day), 60) for day in (around.first, around.last)
    ]
