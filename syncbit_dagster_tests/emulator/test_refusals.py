"""Every request that the real API refuses is refused here, with the reason that machines read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.emulator.google_health import scopes
from syncbit_dagster.emulator.google_health.data_types import DATA_TYPES
from syncbit_dagster.emulator.google_health.rules import Operation
from syncbit_dagster_tests.emulator.api import civil, reason, windows

if TYPE_CHECKING:
    from syncbit_dagster_tests.emulator.api import Api, Clock

DAY = {"startTime": "2026-11-12T00:00:00Z", "endTime": "2026-11-13T00:00:00Z"}
FILTER = "INVALID_DATA_POINT_FILTER"


@pytest.mark.parametrize(
    ("data_type", "text", "expected"),
    [
        ("steps", 'steps.start_time >= "2026-11-10T00:00:00Z"', f"{FILTER}_DATA_TYPE_MEMBER"),
        ("steps", 'steps.date >= "2026-11-10"', f"{FILTER}_DATA_TYPE_MEMBER"),
        (
            "steps",
            'steps.interval.end_time >= "2026-11-10T00:00:00Z"',
            f"{FILTER}_DATA_TYPE_MEMBER",
        ),
        ("heart-rate", 'heart_rate.date >= "2026-11-10"', f"{FILTER}_DATA_TYPE_MEMBER"),
        (
            "heart-rate",
            'heart_rate.interval.start_time >= "2026-11-10T00:00:00Z"',
            f"{FILTER}_DATA_TYPE_MEMBER",
        ),
        (
            "daily-resting-heart-rate",
            'daily_resting_heart_rate.sample_time.civil_time >= "2026-11-10"',
            f"{FILTER}_DATA_TYPE_MEMBER",
        ),
        (
            "heart-rate",
            'heart-rate.sample_time.civil_time >= "2026-11-10"',
            FILTER,
        ),
        ("distance", 'steps.interval.civil_start_time >= "2026-11-10"', FILTER),
        (
            "steps",
            'steps.interval.civil_start_time > "2026-11-10"',
            f"{FILTER}_RESTRICTION_COMPARATOR",
        ),
        (
            "steps",
            'steps.interval.civil_start_time <= "2026-11-10"',
            f"{FILTER}_RESTRICTION_COMPARATOR",
        ),
        (
            "steps",
            'steps.interval.civil_start_time = "2026-11-10"',
            f"{FILTER}_RESTRICTION_COMPARATOR",
        ),
        (
            "steps",
            'steps.interval.civil_start_time >= "2026-11-10T00:00:00Z"',
            f"{FILTER}_CIVIL_DATE_TIME_FORMAT",
        ),
        (
            "steps",
            'steps.interval.civil_start_time >= "2026-11-31"',
            f"{FILTER}_CIVIL_DATE_TIME_FORMAT",
        ),
        ("steps", 'steps.interval.start_time >= "2026-11-10"', f"{FILTER}_TIMESTAMP_FORMAT"),
        (
            "steps",
            'steps.interval.start_time >= "2026-11-10T00:00:00"',
            f"{FILTER}_TIMESTAMP_FORMAT",
        ),
        ("daily-vo2-max", 'daily_vo2_max.date >= "2026-11-10T00:00:00"', f"{FILTER}_DATE_FORMAT"),
        ("steps", "steps.interval.civil_start_time >= 2026-11-10", "INVALID_FILTER_FORMAT"),
        ("steps", "nonsense", "INVALID_FILTER_FORMAT"),
        (
            "steps",
            (
                'steps.interval.civil_start_time >= "2026-11-10" OR '
                'steps.interval.civil_start_time < "2026-11-11"'
            ),
            FILTER,
        ),
        (
            "steps",
            'steps.interval.civil_start_time >= "2026-11-10" AND',
            "INVALID_FILTER_FORMAT",
        ),
        (
            "steps",
            (
                'steps.interval.civil_start_time >= "2026-11-10" AND '
                'steps.interval.start_time < "2026-11-11T00:00:00Z"'
            ),
            FILTER,
        ),
        (
            "steps",
            (
                'steps.interval.civil_start_time >= "2026-11-10" AND '
                'steps.interval.civil_start_time < "2026-11-10"'
            ),
            "INVALID_TIME_RANGE",
        ),
    ],
)
@pytest.mark.parametrize("method", ["", ":reconcile"])
def test_filters(shared_api: Api, method: str, data_type: str, text: str, expected: str) -> None:
    assert reason(shared_api.points(data_type, method, filter=text)) == (400, expected)


@pytest.mark.parametrize("data_type", DATA_TYPES.values(), ids=DATA_TYPES)
@pytest.mark.parametrize("operation", Operation)
def test_a_type_answers_exactly_its_operations(
    shared_api: Api, data_type: Any, operation: Operation
) -> None:
    ask = {
        Operation.LIST: lambda: shared_api.points(data_type.id, pageSize=5),
        Operation.RECONCILE: lambda: shared_api.points(data_type.id, ":reconcile", pageSize=5),
        Operation.ROLL_UP: lambda: shared_api.roll_up(
            data_type.id, *DAY.values(), windowSize="3600s", pageSize=24
        ),
        Operation.DAILY_ROLL_UP: lambda: shared_api.daily(
            data_type.id, date(2026, 11, 10), date(2026, 11, 11)
        ),
        Operation.GET: lambda: shared_api.points(data_type.id, "/1"),
    }
    answer = ask[operation]()
    if operation in data_type.operations:
        assert answer.status_code == (404 if operation is Operation.GET else 200)
    else:
        assert reason(answer) == (400, "UNSUPPORTED_DATA_TYPE_ACTION")


def test_types_that_live_accounts_saw_refuse() -> None:
    """The facts behind the table, said once more in another form."""
    no_list = {"floors", "total-calories", "calories-in-heart-rate-zone"}
    assert {t.id for t in DATA_TYPES.values() if Operation.LIST not in t.operations} == no_list
    no_rollups = {t.id for t in DATA_TYPES.values() if Operation.ROLL_UP not in t.operations}
    daily = {name for name in DATA_TYPES if name.startswith("daily-")}
    assert no_rollups == daily | {"sleep", "height"}
    named = {t.id for t in DATA_TYPES.values() if Operation.GET in t.operations}
    assert named == {"sleep", "weight", "body-fat", "height"}
    short = {t.id for t in DATA_TYPES.values() if t.rollup and t.rollup.cap_days == 14}
    assert short == {
        "heart-rate",
        "total-calories",
        "active-minutes",
        "calories-in-heart-rate-zone",
    }


def test_an_unknown_type(shared_api: Api) -> None:
    expected = (400, "INVALID_PARENT_DATA_TYPE_COLLECTION")
    assert reason(shared_api.points("step-count")) == expected
    assert reason(shared_api.roll_up("heart_rate", *DAY.values())) == expected


def test_unknown_methods_and_parameters(shared_api: Api) -> None:
    assert shared_api.get("dataTypes/steps/dataPoints:rollUp").status_code == 404
    assert shared_api.get("shoes").status_code == 404
    assert reason(shared_api.points("steps", pagesize=5)) == (400, None)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-10T00:00:00Z", "2026-11-10T00:00:00Z", "INVALID_TIME_RANGE"),
        ("2026-11-10T00:00:00Z", "2026-11-09T00:00:00Z", "INVALID_TIME_RANGE"),
        ("2026-11-10T00:00:00", "2026-11-11T00:00:00Z", None),
        ("2026-11-10", "2026-11-11", None),
    ],
)
def test_ranges_of_roll_up(shared_api: Api, start: str, end: str, expected: str | None) -> None:
    assert reason(shared_api.roll_up("steps", start, end)) == (400, expected)


@pytest.mark.parametrize(("data_type", "cap"), [("heart-rate", 14), ("steps", 90)])
def test_the_longest_range_of_roll_up(shared_api: Api, data_type: str, cap: int) -> None:
    start = datetime(2026, 8, 1, tzinfo=UTC)

    def ask(length: timedelta) -> Any:
        end = start + length
        return shared_api.roll_up(data_type, start.isoformat(), end.isoformat(), windowSize="100s")

    assert ask(timedelta(days=cap)).status_code == 200
    refusal = ask(timedelta(days=cap, seconds=1))
    assert reason(refusal) == (400, "INVALID_ROLLUP_QUERY_DURATION")
    (detail,) = refusal.json()["error"]["details"]
    assert detail["metadata"] == {"maxDurationDays": str(cap)}


@pytest.mark.parametrize(
    ("data_type", "window", "size", "works"),
    [
        ("heart-rate", "60s", 10_000, True),
        ("heart-rate", "60s", 50_000, True),  # cut to 10,000 first
        ("heart-rate", "300s", 4_032, True),
        ("heart-rate", "300s", 4_033, False),
        ("heart-rate", "900s", None, False),  # the default of 1440 is too large already
        ("steps", "300s", 10_000, True),
        ("steps", "900s", 8_640, True),
        ("steps", "900s", 8_641, False),
    ],
)
def test_window_times_page_size_stays_below_the_cap(
    shared_api: Api, data_type: str, window: str, size: int | None, *, works: bool
) -> None:
    answer = shared_api.roll_up(data_type, *DAY.values(), windowSize=window, pageSize=size)
    if works:
        assert answer.status_code == 200
    else:
        assert reason(answer) == (400, "INVALID_ROLLUP_QUERY_DURATION")


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("0.999s", "INVALID_ROLLUP_WINDOW"),
        ("0s", "INVALID_ROLLUP_WINDOW"),
        ("60", None),
        (60, None),
        ("-60s", None),
        (None, None),
    ],
)
def test_windows_of_roll_up(shared_api: Api, window: object, expected: str | None) -> None:
    assert reason(shared_api.roll_up("steps", *DAY.values(), windowSize=window)) == (400, expected)


@pytest.mark.parametrize("size", [-1, "many", True, 1.5])
def test_page_sizes_that_are_none(shared_api: Api, size: object) -> None:
    assert reason(shared_api.roll_up("steps", *DAY.values(), pageSize=size)) == (400, None)


@pytest.mark.parametrize(("data_type", "cap"), [("total-calories", 14), ("distance", 90)])
def test_the_longest_range_of_daily_roll_up(shared_api: Api, data_type: str, cap: int) -> None:
    first = date(2026, 8, 1)
    end = first + timedelta(days=cap)
    assert len(windows(shared_api.daily(data_type, first, end))) > 0.8 * cap
    assert shared_api.daily(data_type, first, end, pageSize=cap).status_code == 200
    too_long = shared_api.daily(data_type, first, end + timedelta(days=1))
    assert reason(too_long) == (400, "INVALID_ROLLUP_QUERY_DURATION")
    too_large = shared_api.daily(data_type, first, end, pageSize=cap + 1)
    assert reason(too_large) == (400, "INVALID_ROLLUP_QUERY_DURATION")
    too_small = shared_api.daily(data_type, first, end, pageSize=cap - 1)
    assert reason(too_small)[0] == 400
    assert str(cap) in too_small.json()["error"]["message"]


@pytest.mark.parametrize(
    "bounds",
    [
        {"start": {"year": 2026, "month": 11, "day": 1}, "end": civil(date(2026, 11, 2))},
        {"start": civil(date(2026, 11, 1))},
        {"start": {"date": {"year": 2026, "month": 2, "day": 30}}, "end": civil(date(2026, 3, 3))},
        {"start": {"date": "2026-11-01"}, "end": {"date": "2026-11-02"}},
        {"startTime": "2026-11-01T00:00:00Z", "endTime": "2026-11-02T00:00:00Z"},
        None,
    ],
)
def test_civil_ranges_that_are_none(shared_api: Api, bounds: object) -> None:
    answer = shared_api.post("steps", "dailyRollUp", {"range": bounds})
    assert reason(answer) == (400, None)
    assert "fieldViolations" in answer.json()["error"]["details"][0]


def test_empty_and_inverted_civil_ranges(shared_api: Api) -> None:
    day = date(2026, 11, 10)
    for end in (day, day - timedelta(days=1)):
        assert reason(shared_api.daily("steps", day, end)) == (400, "INVALID_TIME_RANGE")


def test_bodies_that_are_no_json(shared_api: Api) -> None:
    url = f"{shared_api.emulator.url}/v4/users/me/dataTypes/steps/dataPoints:dailyRollUp"
    headers = {"Authorization": f"Bearer {shared_api.token}"}
    for body in ('{"range": {"start": {"date": {"month": 08}}}}', "[]", "{"):
        assert reason(shared_api.session.post(url, body, headers=headers)) == (400, None)


def test_families_of_sources(shared_api: Api) -> None:
    full = "users/me/dataSourceFamilies/google-wearables"
    assert windows(shared_api.roll_up("steps", *DAY.values(), dataSourceFamily=full))
    written_here = "users/me/dataSourceFamilies/self-sources"
    assert shared_api.roll_up("steps", *DAY.values(), dataSourceFamily=written_here).json() == {}
    bare = shared_api.roll_up("steps", *DAY.values(), dataSourceFamily="google-wearables")
    assert reason(bare) == (400, "INVALID_DATA_POINT_DATA_SOURCE_FAMILY")


def test_tokens(api: Api, clock: Clock) -> None:
    assert api.points("steps").status_code == 200
    clock.forward(seconds=3600)
    assert reason(api.points("steps")) == (401, "ACCESS_TOKEN_EXPIRED")
    api.log_in()
    assert api.points("steps").status_code == 200
    api.emulator.expire_access_tokens()
    expired = api.points("steps")
    assert reason(expired)[0] == 401
    assert "WWW-Authenticate" in expired.headers
    api.token = "invented"
    assert reason(api.points("steps"))[0] == 401
    api.token = ""
    assert reason(api.points("steps")) == (401, "CREDENTIALS_MISSING")


def test_scopes(api: Api) -> None:
    api.emulator.untick(scopes.ACTIVITY, scopes.SETTINGS, scopes.SLEEP)
    assert api.points("steps").status_code == 200  # a token keeps the scopes that it was born with
    assert scopes.ACTIVITY not in api.log_in().json()["scope"].split()
    expected = (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    assert reason(api.points("steps")) == expected
    assert reason(api.roll_up("total-calories", *DAY.values())) == expected
    assert reason(api.points("sleep")) == expected
    for path in ("settings", "pairedDevices", "pairedDevices/1"):
        assert reason(api.get(path)) == expected
    assert api.points("heart-rate").status_code == 200
    assert api.get("identity").status_code == 200


def test_the_quota(api: Api, clock: Clock) -> None:
    answers = [api.get("identity") for _ in range(151)]
    assert [answer.status_code for answer in answers] == [200] * 150 + [429]
    error = answers[-1].json()["error"]
    assert error["status"] == "RESOURCE_EXHAUSTED"
    assert [detail["@type"].rpartition(".")[2] for detail in error["details"]] == [
        "ErrorInfo",
        "QuotaFailure",
    ]
    assert error["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"
    assert "Retry-After" not in answers[-1].headers
    clock.forward(seconds=60)
    assert api.get("identity").status_code == 200
