"""Whatever a server sends: the right samples or one error of ours, never a guess, never a crash."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import requests

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.quota import Budget
from syncbit_dagster.quota.quota import Quota
from syncbit_dagster.sources.errors import (
    AccessRefusedError,
    AccountNotLinkedError,
    NotAuthorizedError,
    PermissionMissingError,
    QuotaExceededError,
)
from syncbit_dagster.sources.google_health.client import GoogleHealthClient
from syncbit_dagster.sources.google_health.parse import parse
from syncbit_dagster.sources.google_health.plan import (
    DailyRollUpRequest,
    ReadingsRequest,
    Request,
    RollUpRequest,
    SessionsRequest,
)
from syncbit_dagster.sources.google_health.refusals import refusal
from syncbit_dagster.sources.google_health.series import to_series
from syncbit_dagster.sources.http import ApiClient
from syncbit_dagster.sources.oauth.access import token_of
from syncbit_dagster_tests.sources.google_points import reading_of

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.core.samples import Series

DAMAGED = 2000 if os.environ.get("SYNCBIT_SOAK") == "1" else 500

UTC_ZONE = ZoneInfo("UTC")
START = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = DayRange(date(2026, 6, 1), date(2026, 6, 2))


class Token:
    """Stands for a token store; these tests never leave the process."""

    def get(self, *, rejected: str | None = None) -> str:
        return "renewed" if rejected else "first"


class Canned(ApiClient):
    """Answers every request with the same bytes."""

    def __init__(self, content: bytes, status: int = 200) -> None:
        super().__init__(
            "http://127.0.0.1",
            Token(),  # type: ignore[arg-type]
            Budget(Quota(10**6, 1)),
            refusal,
            sleep=lambda _: None,
        )
        self.content, self.status = content, status

    def _send(self, method: str, path: str, *_: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = self.status
        response._content = self.content
        response.request = requests.Request(method, self.base_url + path).prepare()
        return response


def fetched(request: Request, content: bytes, status: int = 200) -> list[Series]:
    api = Canned(content, status)
    try:
        rows = [
            one
            for page in GoogleHealthClient(api).pages(request)
            for one in parse(request, page, METRICS, UTC_ZONE).rows
        ]
    finally:
        api.close()
    return to_series(METRICS, rows, {"user": "u"}, UTC_ZONE).series


CIVIL = {"date": {"year": 2026, "month": 6, "day": 1}, "time": {}}
ANSWERS: list[tuple[Request, dict[str, Any]]] = [
    (
        RollUpRequest("steps", START, START + timedelta(days=1), timedelta(minutes=1), 10_000),
        {
            "rollupDataPoints": [
                {"startTime": f"2026-06-01T00:{n:02}:00Z", "steps": {"countSum": str(n)}}
                for n in range(5)
            ]
        },
    ),
    (
        DailyRollUpRequest("total-calories", DAYS),
        {"rollupDataPoints": [{"civilStartTime": CIVIL, "totalCalories": {"kcalSum": 2345.6}}]},
    ),
    (
        ReadingsRequest("heart-rate", reading_of("heart-rate"), START, START + timedelta(days=1)),
        {
            "dataPoints": [
                {
                    "heartRate": {
                        "beatsPerMinute": "61",
                        "sampleTime": {"physicalTime": "2026-06-01T00:00:03Z"},
                    }
                }
            ]
        },
    ),
    (
        SessionsRequest("sleep", DAYS),
        {
            "dataPoints": [
                {
                    "sleep": {
                        "interval": {
                            "startTime": "2026-06-01T00:00:00Z",
                            "endTime": "2026-06-01T07:00:00Z",
                            "endUtcOffset": "0s",
                        },
                        "metadata": {"mainSleep": True},
                        "summary": {"minutesAsleep": "400", "minutesInSleepPeriod": "420"},
                    }
                }
            ]
        },
    ),
]


def test_the_good_answers_are_read() -> None:
    counts = [
        sum(len(one.values) for one in fetched(request, json.dumps(answer).encode()))
        for request, answer in ANSWERS
    ]
    assert counts == [5, 1, 1, 5]  # of a sleep: asleep, in bed, efficiency, start, end


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("file", "error"),
    [
        ("resource_exhausted", QuotaExceededError),
        ("access_token_scope_insufficient", PermissionMissingError),
        ("permission_denied", PermissionMissingError),
        ("service_disabled", AccessRefusedError),
        ("oauth_insufficient_scope", PermissionMissingError),
        ("unauthenticated", NotAuthorizedError),
        ("account_not_linked", AccountNotLinkedError),
    ],
)
def test_known_error_bodies(recordings: Path, file: str, error: type[Exception]) -> None:
    folder = recordings / "contracts/google_health_api/synthetic_errors_allenporter"
    content = (folder / f"{file}.json").read_bytes()
    body = json.loads(content)["error"]
    status = body["code"] if isinstance(body, dict) else 403
    with pytest.raises(error):
        fetched(ANSWERS[0][0], content, status)


@pytest.mark.recordings
def test_a_recorded_refusal(recordings: Path) -> None:
    folder = recordings / "contracts/google_health_api/real_django-google-health_charge5_2026-08"
    content = (folder / "error_account_not_linked.json").read_bytes()
    with pytest.raises(AccountNotLinkedError, match="the account that the Fitbit app uses"):
        fetched(ANSWERS[0][0], content, 400)


def test_a_refresh_token_with_an_end_says_that_the_project_is_in_testing() -> None:
    answer = {"access_token": "a", "refresh_token": "r", "expires_at": 1.0, "scope": ["s", "t"]}
    published = token_of(answer)
    testing = token_of({**answer, "refresh_token_expires_in": 604_799})
    assert published.refresh_ends_at is None
    assert testing.refresh_ends_at is not None
    later = token_of({"access_token": "b", "expires_at": 2.0}, previous=testing)
    assert later.refresh_ends_at is not None
