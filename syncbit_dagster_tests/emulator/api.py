"""A small client for tests: it does what the API's reference says and hides nothing.

Every answer that it gets is checked against the discovery document.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import requests

from syncbit_dagster.emulator.google_health.oauth import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_REFRESH_TOKEN,
)
from syncbit_dagster_tests.emulator.contract import check_response
from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from syncbit_dagster.emulator.server import RunningEmulator

CLIENT = {"client_id": DEMO_CLIENT_ID, "client_secret": DEMO_CLIENT_SECRET}
Json = dict[str, Any]


@dataclass
class Clock:
    """A clock that tests move."""

    instant: datetime = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.instant

    def forward(self, **span: float) -> None:
        self.instant += timedelta(**span)


@dataclass
class Api:
    """One logged-in app."""

    emulator: RunningEmulator
    token: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def log_in(self, **form: str) -> requests.Response:
        grant = {"grant_type": "refresh_token", "refresh_token": DEMO_REFRESH_TOKEN}
        answer = self.session.post(f"{self.emulator.url}/token", data={**CLIENT, **grant, **form})
        self.token = answer.json().get("access_token", "")
        return answer

    def get(self, path: str, **params: object) -> requests.Response:
        return self._send("GET", path, params={k: str(v) for k, v in params.items()})

    def points(self, data_type: str, method: str = "", **params: object) -> requests.Response:
        return self.get(f"dataTypes/{data_type}/dataPoints{method}", **params)

    def roll_up(self, data_type: str, start: str, end: str, **body: object) -> requests.Response:
        body = {"windowSize": "60s", "pageSize": 10_000} | body
        return self.post(
            data_type, "rollUp", {"range": {"startTime": start, "endTime": end}} | body
        )

    def daily(self, data_type: str, first: date, end: date, **body: object) -> requests.Response:
        bounds = {"start": civil(first), "end": civil(end)}
        return self.post(data_type, "dailyRollUp", {"range": bounds} | body)

    def post(self, data_type: str, method: str, body: object) -> requests.Response:
        return self._send("POST", f"dataTypes/{data_type}/dataPoints:{method}", json=body)

    def walk(self, data_type: str, method: str = "", **params: object) -> list[list[Json]]:
        """All pages of list or reconcile."""
        pages: list[list[Json]] = []
        token = ""
        while token or not pages:
            answer = self.points(data_type, method, pageToken=token, **params)
            assert answer.status_code == 200, answer.text
            pages.append(answer.json().get("dataPoints", []))
            token = answer.json().get("nextPageToken", "")
        return pages

    def all_points(self, data_type: str, method: str = "", **params: object) -> list[Json]:
        """The points of all pages."""
        return [point for page in self.walk(data_type, method, **params) for point in page]

    def _send(self, verb: str, path: str, **request: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self.emulator.url}/v4/users/me/{path}"
        answer = self.session.request(verb, url, headers=headers, timeout=HANGS_SECONDS, **request)
        if answer.status_code == 200:
            check_response(verb, urlsplit(url).path, orjson.loads(answer.content))
        return answer


def civil(day: date) -> Json:
    return {"date": {"year": day.year, "month": day.month, "day": day.day}}


def windows(answer: requests.Response) -> list[Json]:
    assert answer.status_code == 200, answer.text
    points: list[Json] = answer.json().get("rollupDataPoints", [])
    return points


def reason(answer: requests.Response) -> tuple[int, str | None]:
    """Status and machine-readable reason of a refusal, after a look at its shape."""
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    assert error["message"]
    assert error["status"]
    reasons = [detail["reason"] for detail in error["details"] if "reason" in detail]
    return answer.status_code, reasons[0] if reasons else None
