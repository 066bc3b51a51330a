"""Login and refresh as Google does them for an installed app."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from syncbit_dagster.emulator.google_health import scopes
from syncbit_dagster.emulator.google_health.oauth import DEMO_CLIENT_ID
from syncbit_dagster_tests.emulator.api import CLIENT

if TYPE_CHECKING:
    import requests

    from syncbit_dagster_tests.emulator.api import Api, Clock

VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
REDIRECT = "http://127.0.0.1:8123/callback"
REQUEST = {
    "response_type": "code",
    "client_id": DEMO_CLIENT_ID,
    "redirect_uri": REDIRECT,
    "scope": f"{scopes.ACTIVITY} {scopes.METRICS}",
    "state": "a state",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "access_type": "offline",
    "prompt": "consent",
}


def consent(api: Api, **changes: str) -> requests.Response:
    url = f"{api.emulator.url}/o/oauth2/v2/auth"
    return api.session.get(url, params={**REQUEST, **changes}, allow_redirects=False)


def answer_to_app(response: requests.Response) -> dict[str, str]:
    assert response.status_code == 302
    location = response.headers["Location"]
    assert location.startswith(f"{REDIRECT}?")
    return {name: value for name, (value,) in parse_qs(urlsplit(location).query).items()}


def redeem(api: Api, code: str, **changes: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": VERIFIER,
        "redirect_uri": REDIRECT,
    }
    return api.session.post(f"{api.emulator.url}/token", data={**CLIENT, **form, **changes})


def refusal(response: requests.Response) -> tuple[int, Any]:
    body = response.json()
    assert set(body) == {"error", "error_description"}
    return response.status_code, body["error"]


def test_a_login(api: Api) -> None:
    given = answer_to_app(consent(api))
    assert given["state"] == REQUEST["state"]
    tokens = redeem(api, given["code"]).json()
    assert set(tokens) == {"access_token", "expires_in", "scope", "token_type", "refresh_token"}
    assert tokens["expires_in"] == 3599
    assert tokens["token_type"] == "Bearer"
    assert set(tokens["scope"].split()) == {scopes.ACTIVITY, scopes.METRICS}
    refreshed = api.log_in(refresh_token=tokens["refresh_token"])
    assert "refresh_token" not in refreshed.json()
    assert refreshed.json()["access_token"] != tokens["access_token"]
    assert api.points("steps").status_code == 200
    assert api.log_in(refresh_token=tokens["refresh_token"]).status_code == 200


def test_a_code_works_once_and_not_for_long(api: Api, clock: Clock) -> None:
    code = answer_to_app(consent(api))["code"]
    assert redeem(api, code).status_code == 200
    assert refusal(redeem(api, code)) == (400, "invalid_grant")
    late = answer_to_app(consent(api))["code"]
    clock.forward(minutes=11)
    assert refusal(redeem(api, late)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code_verifier": "w" * 64}, (400, "invalid_grant")),
        ({"redirect_uri": "http://127.0.0.1:9/callback"}, (400, "redirect_uri_mismatch")),
        ({"client_id": "another"}, (401, "invalid_client")),
        ({"client_secret": "wrong"}, (401, "invalid_client")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
    ],
)
def test_a_code_belongs_to_its_app(
    shared_api: Api, changes: dict[str, str], expected: tuple[int, str]
) -> None:
    code = answer_to_app(consent(shared_api))["code"]
    assert refusal(redeem(shared_api, code, **changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
    ],
)
def test_consent_is_refused(shared_api: Api, changes: dict[str, str], expected: str) -> None:
    assert answer_to_app(consent(shared_api, **changes))["error"] == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_id": "another"}, (401, "invalid_client")),
        ({"redirect_uri": "https://example.com/callback"}, (400, "redirect_uri_mismatch")),
        ({"redirect_uri": "http://192.168.0.2/"}, (400, "redirect_uri_mismatch")),
        ({"redirect_uri": ""}, (400, "redirect_uri_mismatch")),
    ],
)
def test_nobody_is_redirected_elsewhere(
    shared_api: Api, changes: dict[str, str], expected: tuple[int, str]
) -> None:
    assert refusal(consent(shared_api, **changes)) == expected


def test_when_a_refresh_token_is_given(api: Api) -> None:
    def tokens(**changes: str) -> set[str]:
        return set(redeem(api, answer_to_app(consent(api, **changes))["code"]).json())

    assert "refresh_token" in tokens(prompt="")  # the first consent
    assert "refresh_token" not in tokens(prompt="")
    assert "refresh_token" in tokens()
    assert "refresh_token" not in tokens(access_type="online")


def test_the_person_may_untick_scopes(api: Api) -> None:
    api.emulator.untick(scopes.METRICS)
    given = answer_to_app(consent(api))
    assert given["scope"] == scopes.ACTIVITY
    assert redeem(api, given["code"]).json()["scope"] == scopes.ACTIVITY
    api.emulator.untick(scopes.ACTIVITY)
    assert answer_to_app(consent(api))["error"] == "access_denied"


def test_the_person_may_disconnect_the_app(api: Api) -> None:
    api.emulator.revoke()
    assert api.points("steps").status_code == 401
    assert refusal(api.log_in()) == (400, "invalid_grant")
    fresh = redeem(api, answer_to_app(consent(api))["code"]).json()["refresh_token"]
    assert api.log_in(refresh_token=fresh).status_code == 200
