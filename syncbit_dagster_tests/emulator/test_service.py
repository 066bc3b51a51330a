"""What surrounds the data: consent, tokens, scopes, quota, refusals, and switches for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from syncbit_dagster.emulator.app_client import challenge_of
from syncbit_dagster.emulator.google_health import scopes
from syncbit_dagster.emulator.google_health.oauth import DEMO_CLIENT_ID
from syncbit_dagster_tests.emulator.api import CLIENT, Api, reason

if TYPE_CHECKING:
    import requests

    from syncbit_dagster_tests.emulator.api import Clock

VERIFIER, REDIRECT = "v" * 64, "http://127.0.0.1:8123/callback"
REQUEST = {
    "response_type": "code",
    "client_id": DEMO_CLIENT_ID,
    "redirect_uri": REDIRECT,
    "scope": f"{scopes.ACTIVITY} {scopes.METRICS}",
    "state": "a state",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
    "access_type": "offline",
    "prompt": "consent",
}
DAY = ("2026-11-12T00:00:00Z", "2026-11-13T00:00:00Z")


def consent(api: Api, **changes: str) -> requests.Response:
    url = f"{api.emulator.url}/o/oauth2/v2/auth"
    return api.session.get(url, params={**REQUEST, **changes}, allow_redirects=False)


def given(api: Api, **changes: str) -> dict[str, str]:
    """What the redirect tells the app."""
    response = consent(api, **changes)
    location = urlsplit(response.headers["Location"])
    assert response.status_code == 302
    assert location._replace(query="").geturl() == REDIRECT
    return {name: value for name, (value,) in parse_qs(location.query).items()}


def redeem(api: Api, code: str, **changes: str) -> Any:
    form = {"grant_type": "authorization_code", "code_verifier": VERIFIER, "redirect_uri": REDIRECT}
    url = f"{api.emulator.url}/token"
    return api.session.post(url, data={**CLIENT, **form, "code": code, **changes}).json()


def test_a_login(api: Api, clock: Clock) -> None:
    answer = given(api)
    assert answer["state"] == REQUEST["state"]
    tokens = redeem(api, answer["code"])
    assert (tokens["expires_in"], tokens["token_type"]) == (3599, "Bearer")
    assert set(tokens["scope"].split()) == {scopes.ACTIVITY, scopes.METRICS}
    refreshed = api.log_in(refresh_token=tokens["refresh_token"]).json()
    assert "refresh_token" not in refreshed
    assert refreshed["access_token"] != tokens["access_token"]
    assert api.points("steps").status_code == 200
    assert redeem(api, answer["code"])["error"] == "invalid_grant"  # a code works once
    late = given(api)["code"]
    clock.forward(minutes=11)
    assert redeem(api, late)["error"] == "invalid_grant"


def test_when_a_refresh_token_is_given(api: Api) -> None:
    def is_given(**changes: str) -> bool:
        return "refresh_token" in redeem(api, given(api, **changes)["code"])

    # The first consent; a silent one; one that was asked for; one without offline access.
    assert [is_given(prompt=""), is_given(prompt=""), is_given()] == [True, False, True]
    assert not is_given(access_type="online")


def test_the_person_may_untick_scopes_or_disconnect_the_app(api: Api) -> None:
    api.emulator.untick(scopes.METRICS)
    answer = given(api)
    assert answer["scope"] == redeem(api, answer["code"])["scope"] == scopes.ACTIVITY
    assert api.points("heart-rate").status_code == 200  # a token keeps the scopes of its birth
    api.log_in()
    assert reason(api.points("heart-rate")) == (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    assert api.points("steps").status_code == 200
    api.emulator.revoke()
    assert reason(api.points("steps"))[0] == 401
    assert api.log_in().json()["error"] == "invalid_grant"


def test_tokens_end(api: Api, clock: Clock) -> None:
    clock.forward(seconds=3600)
    assert reason(api.points("steps")) == (401, "ACCESS_TOKEN_EXPIRED")
    api.log_in()
    assert api.points("steps").status_code == 200
    api.emulator.expire_access_tokens()
    assert reason(api.points("steps"))[0] == 401
    api.token = ""
    assert reason(api.points("steps")) == (401, "CREDENTIALS_MISSING")


def test_the_quota(api: Api, clock: Clock) -> None:
    answers = [api.get("identity") for _ in range(151)]
    assert [answer.status_code for answer in answers] == [200] * 150 + [429]
    assert reason(answers[-1]) == (429, "RATE_LIMIT_EXCEEDED")
    assert "Retry-After" not in answers[-1].headers
    clock.forward(seconds=60)
    assert api.get("identity").status_code == 200


@pytest.mark.parametrize(("data_type", "cap"), [("heart-rate", 14), ("steps", 90)])
def test_the_longest_ranges(shared_api: Api, data_type: str, cap: int) -> None:
    """Of instants, of days, and of windows times the size of a page."""
    first, hours = datetime(2026, 8, 1, tzinfo=UTC), timedelta(hours=24 * cap)
    for extra in (0, 1):
        end = first + hours + timedelta(days=extra)
        for answer in (
            shared_api.roll_up(data_type, first.isoformat(), end.isoformat(), windowSize="100s"),
            shared_api.daily(data_type, first.date(), end.date()),
            shared_api.roll_up(data_type, *DAY, windowSize="900s", pageSize=cap * 96 + extra),
        ):
            assert answer.status_code == (400 if extra else 200)
            assert not extra or reason(answer)[1] == "INVALID_ROLLUP_QUERY_DURATION"


def test_partial_and_packed_answers(shared_api: Api) -> None:
    mask = "dataPoints(steps(count,interval/startTime)),nextPageToken"
    full = shared_api.points("steps", pageSize=50).json()
    part = shared_api.points("steps", pageSize=50, fields=mask).json()
    assert part["dataPoints"] == [
        {"steps": {"count": s["count"], "interval": {"startTime": s["interval"]["startTime"]}}}
        for s in (point["steps"] for point in full["dataPoints"])
    ]
    token = full["nextPageToken"]  # a mask is no part of the request that a token belongs to
    rest = shared_api.points("steps", pageSize=50, pageToken=token, fields=mask)
    assert rest.status_code == 200
    assert reason(shared_api.points("steps", fields="a(b"))[0] == 400
    assert shared_api.roll_up("steps", *DAY).headers["Content-Encoding"] == "gzip"
