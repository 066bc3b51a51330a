"""Login, tokens, scopes, quota and switches as Fitbit's service had them."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import requests

import syncbit_dagster.emulator
from syncbit_dagster.emulator.app_client import challenge_of
from syncbit_dagster.emulator.fitbit_web.endpoints import ENDPOINTS
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_CLIENT_ID, DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.fitbit_web.scopes import SCOPES
from syncbit_dagster_tests.emulator.fitbit_web.api import BASIC, WebApi, refusal
from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from syncbit_dagster_tests.emulator.api import Api, Clock

VERIFIER, REDIRECT = "v" * 64, "http://localhost:8080/callback"
REQUEST = {
    "response_type": "code",
    "client_id": DEMO_CLIENT_ID,
    "redirect_uri": REDIRECT,
    "scope": "activity heartrate",
    "state": "a state",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}
FORM = {"grant_type": "authorization_code", "code_verifier": VERIFIER, "redirect_uri": REDIRECT}
DAY = "2026-11-01"
PATH_PARTS = {"user": "-", "day": DAY, "first": DAY, "second": DAY, "level": "1min"}
PATH_PARTS |= {"start": "00:00", "end": "00:01"}


def consent(web: WebApi, **changes: str) -> dict[str, str]:
    """What the redirect tells the app."""
    url = f"{web.emulator.url}/oauth2/authorize"
    response = web.session.get(url, params=REQUEST | changes, allow_redirects=False)
    location = urlsplit(response.headers["Location"])
    assert location._replace(query="", fragment="").geturl() == REDIRECT
    assert location.fragment == "_=_"
    return {name: value for name, (value,) in parse_qs(location.query).items()}


def redeem(web: WebApi, **changes: str) -> requests.Response:
    return web.post("oauth2/token", {**FORM, "code": consent(web)["code"], **changes})


def renew(web: WebApi, token: str) -> requests.Response:
    return web.post("oauth2/token", {"grant_type": "refresh_token", "refresh_token": token})


def test_a_login(web: WebApi, clock: Clock) -> None:
    answer = consent(web)
    assert answer["state"] == REQUEST["state"]
    tokens = redeem(web, code=answer["code"]).json()
    assert (tokens["expires_in"], tokens["scope"]) == (28_800, "activity heartrate")
    web.token = tokens["access_token"]
    assert web.get("activities/steps/date/today/1d").status_code == 200
    assert refusal(web.get("devices")) == (403, "insufficient_scope")
    assert refusal(renew(web, web.refresh_token)) == (400, "invalid_grant")  # of the consent before
    assert renew(web, tokens["refresh_token"]).status_code == 200
    again = redeem(web, code=answer["code"])
    assert refusal(again) == (400, "invalid_grant")
    assert answer["code"] in again.text  # as the real service did: never log it
    assert refusal(redeem(web, code_verifier="w" * 64)) == (400, "invalid_grant")
    assert refusal(redeem(web, client_id="another")) == (401, "invalid_client")
    late = consent(web)["code"]
    clock.forward(minutes=10)
    assert refusal(redeem(web, code=late)) == (400, "invalid_grant")


def test_a_refresh_token_works_once(web: WebApi) -> None:
    """The first login of the test used up the demo's."""
    used = renew(web, DEMO_REFRESH_TOKEN)
    assert refusal(used) == (400, "invalid_grant")
    assert DEMO_REFRESH_TOKEN in used.text
    old = web.token
    web.log_in()
    assert web.token != old
    web.token = old  # several access tokens may be alive at once
    assert web.get("devices").status_code == 200


def test_two_refreshes_at_once_conflict(web: WebApi) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": web.refresh_token}

    def send() -> requests.Response:
        return requests.post(
            f"{web.emulator.url}/oauth2/token", data=form, auth=BASIC, timeout=HANGS_SECONDS
        )

    with ThreadPoolExecutor(2) as pool:
        with web.emulator.fitbit_web.slow_refreshes():
            sent = [pool.submit(send) for _ in range(2)]
            (first,), _ = wait(sent, return_when=FIRST_COMPLETED)
        answers = [future.result() for future in sent]
    assert refusal(first.result()) == (409, "request")
    (winner,) = (answer for answer in answers if answer.status_code == 200)
    assert renew(web, winner.json()["refresh_token"]).status_code == 200


def test_access_tokens_live_eight_hours_or_until_they_are_ended(web: WebApi, clock: Clock) -> None:
    clock.forward(seconds=8 * 3600 - 1)
    assert web.get("devices").status_code == 200
    clock.forward(seconds=1)
    late = web.get("devices")
    assert refusal(late) == (401, "expired_token")
    assert f"Access token expired: {web.token}." in late.text
    web.log_in()
    web.emulator.fitbit_web.expire_access_tokens()
    assert refusal(web.get("devices")) == (401, "expired_token")
    web.log_in()
    assert web.get("devices").status_code == 200
    web.emulator.fitbit_web.revoke()
    assert refusal(web.get("devices")) == (401, "invalid_token")
    assert refusal(renew(web, web.refresh_token)) == (400, "invalid_grant")


def test_every_endpoint_needs_its_own_scope(web: WebApi) -> None:
    for endpoint in ENDPOINTS:
        url = web.emulator.url + endpoint.path.format(**PATH_PARTS, resource="steps")
        for scope in (endpoint.scope, " ".join(set(SCOPES) - {endpoint.scope})):
            token = redeem(web, code=consent(web, scope=scope)["code"]).json()["access_token"]
            answer = web.session.get(url, headers={"Authorization": f"Bearer {token}"})
            expected = 200 if scope == endpoint.scope else 403
            assert answer.status_code == expected, endpoint.path


def limits(answer: requests.Response) -> tuple[int, int, int]:
    """Limit, what is left of it, seconds until it starts anew."""
    names = ("Limit", "Remaining", "Reset")
    limit, remaining, reset = (int(answer.headers[f"Fitbit-Rate-Limit-{name}"]) for name in names)
    return limit, remaining, reset


def test_the_quota_is_of_the_hour_of_the_clock(web: WebApi, clock: Clock) -> None:
    """A wrong request counts; one that fails by our order, and OAuth, do not."""
    clock.instant = datetime(2026, 11, 20, 15, 10, 34, tzinfo=UTC)
    assert limits(web.get("devices")) == (150, 149, 2966)
    assert limits(web.get("activities/superjump/date/today/1d"))[1] == 148
    web.log_in()
    web.emulator.fitbit_web.fail_next(500)
    assert limits(web.get("devices"))[1] == 148
    for left in range(147, -1, -1):
        assert limits(web.get("devices"))[1] == left
    refused = web.get("devices")
    assert refusal(refused) == (429, "system")
    assert refused.headers["Retry-After"] == "2966"
    assert limits(refused) == (150, 0, 2966)
    clock.instant = datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert limits(web.get("devices")) == (150, 149, 3600)


def test_the_api_is_turned_off(web: WebApi) -> None:
    web.emulator.fitbit_web.retire()
    assert refusal(web.get("devices")) == refusal(renew(web, web.refresh_token)) == (410, "request")


def test_two_providers_of_one_person_know_nothing_of_each_other(api: Api, web: WebApi) -> None:
    """One address, two consents, two quotas, two logs; and two packages."""
    web.emulator.fitbit_web.fail_next(500)
    assert api.get("identity").status_code == 200
    assert web.get("devices").status_code == 500
    assert [status for *_, status in api.emulator.calls] == [200]
    api.emulator.revoke()
    assert api.get("identity").status_code == 401
    assert web.get("devices").status_code == 200
    (folder,) = syncbit_dagster.emulator.__path__
    rooms = ("fitbit_web", "google_health")
    for room, other in (rooms, rooms[::-1]):
        files = list(Path(folder, room).glob("*.py"))
        assert files
        assert not [path for path in files if f"emulator.{other}" in path.read_text()]
