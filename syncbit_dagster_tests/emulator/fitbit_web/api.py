"""A small client of the Fitbit Web API for tests: it does what the reference says, no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from syncbit_dagster.emulator.fitbit_web.oauth import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_REFRESH_TOKEN,
)
from syncbit_dagster.emulator.fitbit_web.request import DataRequest
from syncbit_dagster.emulator.fitbit_web.totals import Totals
from syncbit_dagster.emulator.server_view import Feed
from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from datetime import datetime

    from syncbit_dagster.emulator.fitbit_web.request import Answer
    from syncbit_dagster.emulator.person import Person
    from syncbit_dagster.emulator.server import RunningEmulator

BASIC = (DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
Json = dict[str, Any]


@dataclass
class WebApi:
    """One logged-in app. Refresh tokens work once, so it keeps the newest."""

    emulator: RunningEmulator
    token: str = ""
    refresh_token: str = DEMO_REFRESH_TOKEN
    session: requests.Session = field(default_factory=requests.Session)

    def log_in(self) -> Json:
        """Refresh the tokens."""
        form = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        answer = self.post("oauth2/token", form)
        assert answer.status_code == 200, answer.text
        tokens: Json = answer.json()
        self.token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]
        return tokens

    def post(
        self, path: str, form: dict[str, str], auth: tuple[str, str] | None = BASIC
    ) -> requests.Response:
        """A request to OAuth; by default the app proves itself with its secret."""
        url = f"{self.emulator.url}/{path}"
        return self.session.post(url, data=form, auth=auth, timeout=HANGS_SECONDS)

    def get(self, path: str, *, version: str = "1", **headers: str) -> requests.Response:
        """A request for data; headers are named with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named = {"Authorization": f"Bearer {self.token}"} | named
        url = f"{self.emulator.url}/{version}/user/-/{path}.json"
        return self.session.get(url, headers=named, timeout=HANGS_SECONDS)

    def json(self, path: str, *, version: str = "1", **headers: str) -> Any:
        """The data itself."""
        answer = self.get(path, version=version, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Status and type of a refusal, after a look at its shape."""
    body = answer.json()
    (error,) = body["errors"]
    assert error["message"]
    assert set(error) <= {"errorType", "fieldName", "message"}
    assert body.get("success", False) is False
    return answer.status_code, error["errorType"]


def ask(answer: Answer, person: Person, now: datetime, **path: str) -> Any:
    """An answer without HTTP: for people and days that no running emulator has."""
    return answer(DataRequest(Feed(person, now), path, Totals()))
