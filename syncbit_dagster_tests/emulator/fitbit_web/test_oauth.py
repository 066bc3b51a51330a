"""Login, refresh, introspection and revocation as Fitbit did them."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.emulator.app_client import challenge_of
from syncbit_dagster.emulator.fitbit_web.oauth import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_REFRESH_TOKEN,
)
from syncbit_dagster.emulator.fitbit_web.scopes import SCOPES
from syncbit_dagster_tests.emulator.fitbit_web.api import BASIC, WebApi, refusal

if TYPE_CHECKING:
    from syncbit_dagster_tests.emulator.api import Clock

VERIFIER = "v" * 64
REDIRECT = "http://localhost:8080/callback"
REQUEST = {
    "response_type": "code",
    "client_id": DEMO_CLIENT_ID,
    "redirect_uri": REDIRECT,
    "scope": "activity heartrate",
    "state": "a state",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}
FORM = {
    "grant_type": "authorization_code",
    "code_verifier": VERIFIER,
    "redirect_uri": REDIRECT,
}
PUBLIC = {"client_id": DEMO_CLIENT_ID}


def consent(web: WebApi, **changes: str) -> requests.Response:
    query = {name: value for name, value in {**REQUEST, **changes}.items() if value}
    url = f"{web.emulator.url}/oauth2/authorize"
    return web.session.get(url, params=query, allow_redirects=False)


def answer_to_app(response: requests.Response) -> dict[str, str]:
    assert response.status_code == 302
    location = urlsplit(response.headers["Location"])
    assert location._replace(query="", fragment="").geturl() == REDIRECT
    assert location.fragment == "_=_"
    return {name: value for name, (value,) in parse_qs(location.query).items()}


def code_of(web: WebApi) -> str:
    return answer_to_app(consent(web))["code"]


def renew(web: WebApi, token: str) -> requests.Response:
    return web.post("oauth2/token", {"grant_type": "refresh_token", "refresh_token": token})


def test_a_login(web: WebApi) -> None:
    given = answer_to_app(consent(web))
    assert given["state"] == REQUEST["state"]
    answer = web.post("oauth2/token", {**FORM, "code": given["code"]})
    tokens = answer.json()
    assert set(tokens) == {
        *("access_token", "refresh_token", "expires_in"),
        *("scope", "token_type", "user_id"),
    }
    assert tokens["expires_in"] == 28_800
    assert tokens["token_type"] == "Bearer"
    assert tokens["scope"] == "activity heartrate"
    web.token = tokens["access_token"]
    assert web.get("activities/steps/date/today/1d").status_code == 200
    assert refusal(web.get("devices")) == (403, "insufficient_scope")


def test_a_public_client_names_its_id_only(web: WebApi) -> None:
    form = {**FORM, **PUBLIC, "code": code_of(web)}
    tokens = web.post("oauth2/token", form, auth=None).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert web.post("oauth2/token", {**refresh, **PUBLIC}, auth=None).status_code == 200


def test_a_code_works_once_and_not_for_long(web: WebApi, clock: Clock) -> None:
    form = {**FORM, "code": code_of(web)}
    assert web.post("oauth2/token", form).status_code == 200
    again = web.post("oauth2/token", form)
    assert refusal(again) == (400, "invalid_grant")
    assert form["code"] in again.text  # as the real service did: never log it
    late = {**FORM, "code": code_of(web)}
    clock.forward(minutes=10)
    assert refusal(web.post("oauth2/token", late)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code_verifier": "w" * 64}, (400, "invalid_grant")),
        ({"redirect_uri": "http://localhost:9/callback"}, (400, "invalid_grant")),
        ({"code_verifier": ""}, (400, "invalid_request")),
        ({"redirect_uri": ""}, (400, "invalid_request")),
        ({"code": ""}, (400, "invalid_request")),
        ({"client_id": "another"}, (401, "invalid_client")),
        ({"grant_type": "password"}, (400, "invalid_request")),
    ],
)
def test_a_code_belongs_to_its_app(
    web: WebApi, changes: dict[str, str], expected: tuple[int, str]
) -> None:
    form = {**FORM, "code": code_of(web), **changes}
    assert refusal(web.post("oauth2/token", form)) == expected


@pytest.mark.parametrize(
    ("auth", "form", "expected"),
    [
        ((DEMO_CLIENT_ID, "wrong"), {}, (401, "invalid_client")),
        (("another", DEMO_CLIENT_SECRET), {}, (401, "invalid_client")),
        (None, {"client_id": "another"}, (401, "invalid_client")),
        (None, {**PUBLIC, "client_secret": "wrong"}, (401, "invalid_client")),
        (None, {}, (400, "invalid_request")),
    ],
)
def test_the_client_is_checked_first(
    shared_web: WebApi,
    auth: tuple[str, str] | None,
    form: dict[str, str],
    expected: tuple[int, str],
) -> None:
    grant = {"grant_type": "refresh_token", "refresh_token": shared_web.refresh_token}
    for path in ("oauth2/token", "oauth2/revoke"):
        answer = shared_web.post(path, {**grant, "token": shared_web.token, **form}, auth)
        assert refusal(answer) == expected
    assert shared_web.get("devices").status_code == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"scope": "activity blood"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
    ],
)
def test_consent_is_refused(shared_web: WebApi, changes: dict[str, str], expected: str) -> None:
    assert answer_to_app(consent(shared_web, **changes))["error"] == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_id": "another"}, (401, "invalid_client")),
        ({"redirect_uri": "https://example.com/callback"}, (400, "invalid_request")),
        ({"redirect_uri": "http://192.168.0.2/"}, (400, "invalid_request")),
        ({"redirect_uri": ""}, (400, "invalid_request")),
    ],
)
def test_nobody_is_redirected_elsewhere(
    shared_web: WebApi, changes: dict[str, str], expected: tuple[int, str]
) -> None:
    assert refusal(consent(shared_web, **changes)) == expected


def test_a_refresh_token_works_once(web: WebApi) -> None:
    """The first login of the test used up the demo's."""
    used = renew(web, DEMO_REFRESH_TOKEN)
    assert refusal(used) == (400, "invalid_grant")
    assert DEMO_REFRESH_TOKEN in used.text
    old_token, old_refresh = web.token, web.refresh_token
    web.log_in()
    assert web.token != old_token
    assert refusal(renew(web, old_refresh)) == (400, "invalid_grant")
    web.token = old_token  # several access tokens may be alive at once
    assert web.get("devices").status_code == 200
    assert refusal(renew(web, "")) == (400, "invalid_request")


def test_a_new_consent_ends_the_refresh_token_before(web: WebApi) -> None:
    tokens = web.post("oauth2/token", {**FORM, "code": code_of(web)}).json()
    assert refusal(renew(web, web.refresh_token)) == (400, "invalid_grant")
    assert renew(web, tokens["refresh_token"]).status_code == 200


def test_two_refreshes_at_once_conflict(web: WebApi) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": web.refresh_token}

    def send() -> requests.Response:
        return requests.post(f"{web.emulator.url}/oauth2/token", data=form, auth=BASIC, timeout=30)

    with ThreadPoolExecutor(2) as pool:
        with web.emulator.fitbit_web.slow_refreshes():
            sent = [pool.submit(send) for _ in range(2)]
            (first,), _ = wait(sent, timeout=30, return_when=FIRST_COMPLETED)
        answers = [future.result() for future in sent]
    assert refusal(first.result()) == (409, "request")
    (winner,) = (answer for answer in answers if answer.status_code == 200)
    assert renew(web, winner.json()["refresh_token"]).status_code == 200


def test_access_tokens_live_eight_hours(web: WebApi, clock: Clock) -> None:
    clock.forward(seconds=8 * 3600 - 1)
    assert web.get("devices").status_code == 200
    clock.forward(seconds=1)
    late = web.get("devices")
    assert refusal(late) == (401, "expired_token")
    assert f"Access token expired: {web.token}." in late.text
    web.log_in()
    assert web.get("devices").status_code == 200


def test_access_tokens_may_be_ended(web: WebApi) -> None:
    web.emulator.fitbit_web.expire_access_tokens()
    assert refusal(web.get("devices")) == (401, "expired_token")
    web.log_in()
    assert web.get("devices").status_code == 200


def test_the_person_may_untick_scopes(web: WebApi) -> None:
    web.emulator.fitbit_web.untick("heartrate", "sleep")
    code = code_of(web)
    assert web.post("oauth2/token", {**FORM, "code": code}).json()["scope"] == "activity"
    web.emulator.fitbit_web.untick("activity")
    assert answer_to_app(consent(web))["error"] == "access_denied"


def test_the_scopes_of_the_demo(web: WebApi) -> None:
    assert web.log_in()["scope"] == " ".join(SCOPES)


def test_the_person_may_disconnect_the_app(web: WebApi) -> None:
    web.emulator.fitbit_web.revoke()
    answer = web.get("devices")
    assert refusal(answer) == (401, "invalid_token")
    assert web.token in answer.text
    assert refusal(renew(web, web.refresh_token)) == (400, "invalid_grant")
    assert web.post("oauth2/token", {**FORM, "code": code_of(web)}).status_code == 200


def introspect(web: WebApi, token: str) -> requests.Response:
    return web.session.post(
        f"{web.emulator.url}/1.1/oauth2/introspect",
        data={"token": token},
        headers={"Authorization": f"Bearer {web.token}"},
        timeout=30,
    )


def test_introspection(web: WebApi, clock: Clock) -> None:
    known = introspect(web, web.token).json()
    issued = to_milliseconds(clock.instant)
    assert known == {
        "active": True,
        "scope": "{" + ", ".join(f"{scope.upper()}=READ" for scope in SCOPES) + "}",
        "client_id": DEMO_CLIENT_ID,
        "user_id": "EMUL8R",
        "token_type": "access_token",
        "exp": issued + timedelta(hours=8) // timedelta(milliseconds=1),
        "iat": issued,
    }
    assert introspect(web, "another").json() == {"active": False}
    assert refusal(introspect(web, "")) == (400, "invalid_request")
    old = web.token
    web.emulator.fitbit_web.expire_access_tokens()
    web.log_in()
    assert introspect(web, old).json() == {"active": False}
    web.token = ""
    assert refusal(introspect(web, old)) == (401, "invalid_request")


@pytest.mark.parametrize("kind", ["token", "refresh_token"])
def test_revoking_one_token_ends_all(web: WebApi, kind: str) -> None:
    assert refusal(web.post("oauth2/revoke", {"token": "another"})) == (400, "invalid_request")
    assert web.post("oauth2/revoke", {"token": getattr(web, kind)}).status_code == 200
    assert refusal(web.get("devices")) == (401, "invalid_token")
    assert refusal(renew(web, web.refresh_token)) == (400, "invalid_grant")
