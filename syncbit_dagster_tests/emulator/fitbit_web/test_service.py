"""What every request for data goes through: tokens, scopes, the quota, switches for tests."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import syncbit_dagster.emulator
from syncbit_dagster.emulator.fitbit_web.endpoints import ENDPOINTS
from syncbit_dagster.emulator.fitbit_web.scopes import SCOPES
from syncbit_dagster_tests.emulator.fitbit_web.api import WebApi, refusal

if TYPE_CHECKING:
    import requests

    from syncbit_dagster.emulator.fitbit_web.endpoints import Endpoint
    from syncbit_dagster_tests.emulator.api import Api, Clock

PATH_PARTS = {
    "user": "-",
    "day": "2026-11-01",
    "first": "2026-11-01",
    "second": "2026-11-01",
    "level": "1min",
    "start": "00:00",
    "end": "00:01",
}


def path_of(template: str) -> str:
    resource = "weight" if "/body/" in template else "steps"
    return template.format(**PATH_PARTS, resource=resource)


def send(web: WebApi, path: str, verb: str = "GET", **headers: str) -> requests.Response:
    named = {"Authorization": f"Bearer {web.token}"} | headers
    return web.session.request(verb, f"{web.emulator.url}{path}", headers=named, timeout=30)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_every_endpoint_needs_its_own_scope(web: WebApi, endpoint: Endpoint) -> None:
    path = path_of(endpoint.path)
    web.emulator.fitbit_web.untick(*(set(SCOPES) - {endpoint.scope}))
    web.log_in()
    assert send(web, path).status_code == 200
    web.emulator.fitbit_web.untick(endpoint.scope)
    web.log_in()
    answer = send(web, path)
    assert refusal(answer) == (403, "insufficient_scope")
    assert endpoint.scope.split("_")[0] in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", (401, "invalid_request")),
        ("Basic ZGVtbzpkZW1v", (401, "invalid_request")),
        ("Bearer ", (401, "invalid_request")),
        ("Bearer another", (401, "invalid_token")),
    ],
)
def test_no_data_without_a_token(
    shared_web: WebApi, header: str, expected: tuple[int, str]
) -> None:
    answer = send(shared_web, "/1/user/-/devices.json", Authorization=header)
    assert refusal(answer) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/1/user/-/nothing.json",
        "/1/user/-/activities/steps.json",
        "/1/user/-/activities/steps/date/2026-11-01.json",
        "/1/user/-/sleep/date/2026-11-01.json",
        "/1.1/user/-/devices.json",
        "/1.2/user/-/devices.json",
        "/1/user/-/devices",
    ],
)
def test_paths_that_do_not_exist(shared_web: WebApi, path: str) -> None:
    assert refusal(send(shared_web, path)) == (404, "not_found")


def test_nothing_can_be_written(shared_web: WebApi) -> None:
    answer = send(shared_web, "/1/user/-/body/log/weight.json", "POST")
    assert refusal(answer) == (404, "not_found")
    assert refusal(send(shared_web, "/1/user/-/devices.json", "DELETE")) == (404, "not_found")


def test_only_the_person_of_the_token(shared_web: WebApi) -> None:
    assert send(shared_web, "/1/user/EMUL8R/devices.json").status_code == 200
    answer = send(shared_web, "/1/user/ABCDEF/devices.json")
    assert refusal(answer) == (403, "insufficient_permissions")


def limits(answer: requests.Response) -> tuple[int, int, int]:
    """Limit, what is left of it, seconds until it starts anew."""
    names = ("Limit", "Remaining", "Reset")
    limit, remaining, reset = (int(answer.headers[f"Fitbit-Rate-Limit-{name}"]) for name in names)
    return limit, remaining, reset


def test_the_quota_is_of_the_hour_of_the_clock(web: WebApi, clock: Clock) -> None:
    clock.instant = datetime(2026, 11, 20, 15, 10, 34, tzinfo=UTC)
    assert limits(web.get("devices")) == (150, 149, 2966)
    for left in range(148, -1, -1):
        assert limits(web.get("devices"))[1] == left
    refused = web.get("devices")
    assert refusal(refused) == (429, "system")
    assert refused.headers["Retry-After"] == "2966"
    assert limits(refused) == (150, 0, 2966)
    assert len(refused.content) == 99  # as long as a recorded one
    clock.instant = datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC)
    assert limits(web.get("devices")) == (150, 0, 1)
    clock.forward(seconds=1)
    fresh = web.get("devices")
    assert fresh.status_code == 200
    assert limits(fresh) == (150, 149, 3600)


def test_what_counts_and_what_does_not(web: WebApi) -> None:
    """A wrong request counts; one without a person behind it, and OAuth, do not."""
    assert limits(web.get("activities/superjump/date/today/1d"))[1] == 149
    assert limits(web.get("nothing"))[1] == 148
    web.log_in()
    web.emulator.fitbit_web.fail_next(500)
    assert limits(web.get("devices"))[1] == 148
    assert limits(send(web, "/1/user/-/devices.json", Authorization=""))[1] == 148
    assert limits(web.get("devices"))[1] == 147


def test_ordered_failures(web: WebApi) -> None:
    page = "<!DOCTYPE html>\n<html><title>504</title></html>"
    web.emulator.fitbit_web.fail_next(503, times=2, retry_after="7")
    web.emulator.fitbit_web.fail_next(504, body=page)
    web.emulator.fitbit_web.fail_next(422, body={"errors": []})
    answers = [web.get("devices") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [503, 503, 504, 422, 200]
    assert refusal(answers[0]) == (503, "request")
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[2].text == page
    assert answers[2].headers["Content-Type"].startswith("text/html")
    assert answers[3].json() == {"errors": []}
    assert all("Fitbit-Rate-Limit-Reset" in answer.headers for answer in answers)


def test_requests_for_data_are_logged(web: WebApi) -> None:
    switches = web.emulator.fitbit_web
    web.get("devices")
    web.get("activities/superjump/date/today/1d")
    assert switches.calls == [
        ("GET", "/1/user/-/devices.json", 200),
        ("GET", "/1/user/-/activities/superjump/date/today/1d.json", 400),
    ]
    switches.calls.clear()
    web.log_in()
    assert switches.calls == []
    assert web.emulator.calls == []


def test_the_api_is_turned_off(web: WebApi) -> None:
    web.emulator.fitbit_web.retire()
    assert refusal(web.get("devices")) == (410, "request")
    assert refusal(web.get("nothing")) == (410, "request")
    form = {"grant_type": "refresh_token", "refresh_token": web.refresh_token}
    for path in ("oauth2/token", "oauth2/revoke", "1.1/oauth2/introspect"):
        assert refusal(web.post(path, form)) == (410, "request")


def test_two_providers_of_one_person_know_nothing_of_each_other(api: Api) -> None:
    """One address, two consents, two quotas, two logs."""
    web = WebApi(api.emulator)
    web.log_in()
    web.emulator.fitbit_web.fail_next(500)
    assert api.get("identity").status_code == 200
    assert web.get("devices").status_code == 500
    assert [status for *_, status in api.emulator.calls] == [200]
    assert [status for *_, status in web.emulator.fitbit_web.calls] == [500]
    api.emulator.revoke()
    assert api.get("identity").status_code == 401
    assert web.get("devices").status_code == 200
    web.session.close()


@pytest.mark.parametrize(
    ("room", "other"), [("fitbit_web", "google_health"), ("google_health", "fitbit_web")]
)
def test_one_provider_imports_nothing_of_another(room: str, other: str) -> None:
    (folder,) = syncbit_dagster.emulator.__path__
    files = list(Path(folder, room).glob("*.py"))
    assert len(files) > 10
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert f"emulator.{other}" not in str(node.module), path
