"""Range planning: every day once, never over a cap, never one request too many."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.catalog import ASSETS, metrics_of
from syncbit_dagster.core.civil import DayRange, day_start
from syncbit_dagster.sources.google_health.plan import (
    DailyPointsRequest,
    DailyRollUpRequest,
    ReadingsRequest,
    RollUpRequest,
    cap_days,
    is_plannable,
    plan,
)
from syncbit_dagster_tests.sources.google_points import reading_of

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "America/New_York",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Pacific/Apia",
    )
]
PLANNABLE = [asset for asset in ASSETS if all(map(is_plannable, metrics_of(asset.name)))]

# Written down by hand from the API's documentation, not taken from the code.
CAPS = {
    "steps": 90,
    "distance": 90,
    "floors": 90,
    "altitude": 90,
    "total-calories": 14,
    "active-energy-burned": 90,
    "active-minutes": 14,
    "active-zone-minutes": 90,
    "sedentary-period": 90,
    "time-in-heart-rate-zone": 90,
    "calories-in-heart-rate-zone": 14,
    "heart-rate": 14,
}

ranges = st.builds(
    lambda first, length: DayRange(first, first + timedelta(days=length)),
    st.dates(date(2009, 1, 1), date(2030, 1, 1)),
    st.integers(0, 800),
)


@given(st.sampled_from(PLANNABLE), ranges, st.sampled_from(ZONES))
def test_daily_requests_cover_every_day_once_within_the_caps(
    asset: object, days: DayRange, zone: ZoneInfo
) -> None:
    requests = plan(metrics_of(asset.name), days, zone, 300)  # type: ignore[attr-defined]
    per_type: dict[str, list[DayRange]] = {}
    for request in requests:
        if isinstance(request, DailyRollUpRequest):
            assert len(request.days) <= CAPS[request.data_type] == cap_days(request.data_type)
            per_type.setdefault(request.data_type, []).append(request.days)
    for data_type, parts in per_type.items():
        assert [day for part in parts for day in part] == list(days)
        assert len(parts) == -(-len(days) // CAPS[data_type])


@given(
    st.sampled_from([asset for asset in PLANNABLE if asset.is_intraday]),
    ranges,
    st.sampled_from(ZONES),
    st.sampled_from([60, 300, 900]),
)
def test_windows_tile_the_range_and_fill_their_pages(
    asset: object, days: DayRange, zone: ZoneInfo, seconds: int
) -> None:
    requests = plan(metrics_of(asset.name), days, zone, seconds)  # type: ignore[attr-defined]
    assert all(isinstance(request, RollUpRequest) for request in requests)
    window = timedelta(seconds=seconds)
    position = days.start(zone)
    for request in requests:
        assert isinstance(request, RollUpRequest)
        cap = timedelta(days=CAPS[request.data_type])
        assert request.start == position
        assert request.end - request.start <= cap
        assert request.window * request.page_size <= cap
        assert request.page_size <= 10_000
        assert request.end - request.start <= request.window * request.page_size
        position = request.end
    assert position == days.end(zone)
    total = -(-(days.end(zone) - days.start(zone)) // window)
    most = min(10_000, timedelta(days=CAPS[requests[0].data_type]) // window) if requests else 1
    assert len(requests) == -(-total // most)


@given(ranges, st.sampled_from(ZONES), st.sampled_from([60, 300, 900]))
def test_every_day_begins_with_a_window(days: DayRange, zone: ZoneInfo, seconds: int) -> None:
    requests = plan(metrics_of("intraday_steps"), days, zone, seconds)
    starts = {day_start(day, zone) for day in days}
    for start in starts:
        holding = [r for r in requests if isinstance(r, RollUpRequest) and r.start <= start < r.end]
        if start < days.end(zone):
            assert (start - holding[0].start) % holding[0].window == timedelta(0)


def test_a_day_off_the_grid_begins_a_new_stretch() -> None:
    # Monrovia, 1972-01-07: clocks went forward by 44 minutes and 30 seconds.
    zone = ZoneInfo("Africa/Monrovia")
    days = DayRange(date(1972, 1, 6), date(1972, 1, 8))
    requests = plan(metrics_of("intraday_steps"), days, zone, 900)
    starts = [request.start for request in requests if isinstance(request, RollUpRequest)]
    assert starts == [day_start(date(1972, 1, 6), zone), day_start(date(1972, 1, 8), zone)]


@pytest.mark.parametrize(
    ("asset", "days", "requests"),
    [
        ("activity_summary", 1, 8),
        ("activity_summary", 14, 8),
        ("activity_summary", 30, 12),
        ("activity_summary", 365, 6 * 5 + 2 * 27),
        ("heart_rate", 14, 3),
        ("heart_rate", 365, 1 + 5 + 27),
        ("oxygen_saturation", 3650, 1),
        ("sleep", 3650, 1),
        ("body", 3650, 3),
        ("intraday_steps", 30, 5),
        ("intraday_heart_rate", 30, 5),
        ("intraday_heart_rate", 365, 53),
    ],
)
def test_requests_for_whole_ranges(asset: str, days: int, requests: int) -> None:
    first = date(2025, 1, 1)
    chosen = DayRange(first, first + timedelta(days=days - 1))
    planned = plan(metrics_of(asset), chosen, ZoneInfo("UTC"), 60)
    assert len(planned) == requests


def test_metrics_of_one_data_type_share_a_request() -> None:
    days = DayRange(date(2025, 1, 1), date(2025, 1, 1))
    planned = plan(metrics_of("activity_summary"), days, ZoneInfo("UTC"), 60)
    assert max(Counter(request.data_type for request in planned).values()) == 1


def test_every_reading_is_one_list_a_day() -> None:
    days = DayRange(date(2025, 3, 30), date(2025, 3, 31))
    zone = ZoneInfo("Europe/Berlin")
    bounds = [
        datetime(2025, 3, 29, 23, tzinfo=UTC),
        datetime(2025, 3, 30, 22, tzinfo=UTC),
        datetime(2025, 3, 31, 22, tzinfo=UTC),
    ]
    assert plan(metrics_of("intraday_heart_rate"), days, zone, 1) == [
        ReadingsRequest("heart-rate", reading_of("heart-rate"), start, end)
        for start, end in pairwise(bounds)
    ]


def test_daily_points_are_one_list() -> None:
    days = DayRange(date(2015, 1, 1), date(2025, 1, 1))
    assert plan(metrics_of("cardio_fitness"), days, ZoneInfo("UTC"), 60) == [
        DailyPointsRequest("daily-vo2-max", days)
    ]
