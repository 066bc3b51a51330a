"""The consent itself: what it asks for, what it accepts, and everything that must not work."""

from __future__ import annotations

import base64
import os
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.core.errors import ConfigError, SyncbitError
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import SOURCES
from syncbit_dagster.sources.errors import NotAuthorizedError, SourceUnavailableError
from syncbit_dagster.sources.oauth import consent as consent_module
from syncbit_dagster.sources.oauth.consent import Consent
from syncbit_dagster.sources.oauth.redirect import Redirect, read_redirect
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.victoriametrics import free_port
from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.account.account import OAuthApp

REDIRECT_URI = "http://localhost:8080/callback"
PERSON = SyntheticPerson(zone=ZoneInfo("UTC"), first_day=date(2025, 1, 1), seed=1)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAccount]:
    directory = tmp_path_factory.mktemp("consent")
    with emulated_account(PERSON, directory, now=lambda: datetime.now(UTC)) as account:
        yield account


@pytest.fixture(params=["demo", "fitbit_web"])
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def app(account: EmulatedAccount, provider: str) -> OAuthApp:
    redirect = f"http://127.0.0.1:{free_port()}/callback"
    settings = account.settings(SYNCBIT_PROVIDER=provider, FITBIT_REDIRECT_URI=redirect)
    return settings.account.oauth


@pytest.fixture
def consent(app: OAuthApp, provider: str) -> Iterator[Consent]:
    with Consent(app, SOURCES[provider].SCOPES) as one:
        yield one


Outcome = list[Token | SyncbitError]


@contextmanager
def waiting(
    consent: Consent, pasted: int | None = None, said: list[str] | None = None
) -> Iterator[Outcome]:
    """Wait in a thread until the end of the block, and keep what came of it."""
    outcome: Outcome = []

    def wait() -> None:
        try:
            outcome.append(consent.wait(pasted, (said if said is not None else []).append))
        except SyncbitError as error:
            outcome.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    yield outcome
    thread.join()


def state_of(consent: Consent) -> str:
    return parse_qs(urlsplit(consent.url).query)["state"][0]


def back(app: OAuthApp, **query: str) -> str:
    return f"{app.redirect_uri}?{urlencode(query)}"


def consented(consent: Consent) -> str:
    """The address that the consent page redirects to, not followed."""
    answer = requests.get(consent.url, allow_redirects=False, timeout=HANGS_SECONDS)
    return answer.headers["Location"]


def test_it_asks_with_pkce_and_state(consent: Consent, provider: str) -> None:
    query = parse_qs(urlsplit(consent.url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert len(query["state"][0]) >= 30
    assert query["scope"] == [" ".join(SOURCES[provider].SCOPES)]
    if provider == "demo":
        assert (query["access_type"], query["prompt"]) == (["offline"], ["consent"])


def test_the_page_says_that_it_worked_only_when_it_did(consent: Consent) -> None:
    with waiting(consent) as outcome:
        page = requests.get(consent.url, timeout=HANGS_SECONDS)
    assert page.status_code == 200
    assert "You can close this page" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    (token,) = outcome
    assert isinstance(token, Token)
    assert token.refresh_token


def test_a_redirect_that_is_not_ours_changes_nothing(consent: Consent, app: OAuthApp) -> None:
    state = state_of(consent)
    with waiting(consent) as outcome:
        for address in (
            back(app, state="forged", code="stolen"),
            back(app, code="stolen"),
            back(app, state=state),
            back(app, state=state, code=""),
            back(app, state=state, code="c").replace("/callback", "/other"),
            back(app, state=state, code="c").replace("/callback", "/callback/"),
        ):
            assert requests.get(address, timeout=HANGS_SECONDS).status_code == 404
        for host in ("evil.example", f"evil.example:{urlsplit(app.redirect_uri).port}", "", "[::"):
            answer = requests.get(
                back(app, state=state, code="c"), headers={"Host": host}, timeout=HANGS_SECONDS
            )
            assert answer.status_code == 404
        assert (
            requests.post(back(app, state=state, code="c"), timeout=HANGS_SECONDS).status_code
            == 501
        )
        assert not outcome
        assert requests.get(consent.url, timeout=HANGS_SECONDS).status_code == 200
    assert isinstance(outcome[0], Token)


def test_a_code_works_once(consent: Consent, app: OAuthApp) -> None:
    with waiting(consent) as outcome:
        address = consented(consent)
        assert requests.get(address, timeout=HANGS_SECONDS).status_code == 200
    assert isinstance(outcome[0], Token)
    consent.__exit__(None, None, None)
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=HANGS_SECONDS)
    with Consent(app, ["activity"]) as second, waiting(second) as refused:
        stolen = parse_qs(urlsplit(address).query)["code"][0]
        stolen_state = back(app, state=state_of(second), code=stolen)
        page = requests.get(stolen_state, timeout=HANGS_SECONDS)
    assert page.status_code == 403
    assert stolen not in page.text
    assert isinstance(refused[0], NotAuthorizedError)


def test_a_connection_that_sends_nothing_holds_up_nobody(
    consent: Consent, app: OAuthApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncbit_dagster.sources.oauth.redirect._Handler.timeout", 0.05)
    port = urlsplit(app.redirect_uri).port
    with waiting(consent) as outcome, socket.create_connection(("127.0.0.1", port or 0)):
        assert requests.get(consent.url, timeout=HANGS_SECONDS).status_code == 200
    assert isinstance(outcome[0], Token)


@pytest.mark.usefixtures("consent")
def test_only_this_machine_is_listened_to(app: OAuthApp) -> None:
    """Not even another of its own addresses."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", urlsplit(app.redirect_uri).port or 0))


def test_a_pasted_address_is_as_good_as_the_redirect(consent: Consent) -> None:
    reading, writing = os.pipe()
    said: list[str] = []
    with waiting(consent, reading, said) as outcome:
        os.write(writing, b"\nwhat?\nhttp://evil.example/callback?state=a&code=b\n")
        os.write(writing, consented(consent).encode() + b"\n")
    os.close(writing)
    os.close(reading)
    assert isinstance(outcome[0], Token)
    assert len(said) == 2
    assert all("begins with http://127.0.0.1" in sentence for sentence in said)


@pytest.mark.parametrize(
    ("word", "cure"),
    [
        ("access_denied", "Test users"),
        ("redirect_uri_mismatch", "register it with the client"),
        ("invalid_scope", "API library"),
        ("<script>alert(1)</script>", "says no more"),
        ("made_up", "(made_up)"),
    ],
)
def test_a_refusal_on_the_consent_page(
    consent: Consent, app: OAuthApp, word: str, cure: str
) -> None:
    with waiting(consent) as outcome:
        page = requests.get(back(app, state=state_of(consent), error=word), timeout=HANGS_SECONDS)
    assert page.status_code == 403
    assert "<script>" not in page.text
    (error,) = outcome
    assert isinstance(error, NotAuthorizedError)
    assert cure in str(error)
    assert "<script>" not in str(error)


def test_a_token_endpoint_that_is_down(app: OAuthApp) -> None:
    away = replace(app, token_url="http://127.0.0.1:9/token")
    with Consent(away, ["activity"]) as consent, waiting(consent) as outcome:
        page = requests.get(back(app, state=state_of(consent), code="c"), timeout=HANGS_SECONDS)
    assert "try again later" in page.text
    assert isinstance(outcome[0], SourceUnavailableError)


@pytest.mark.parametrize(
    ("provider", "changes", "word"),
    [
        ("demo", {"client_id": "unknown"}, "invalid_client"),
        ("fitbit_web", {"client_id": "unknown"}, "invalid_client"),
        ("demo", {"redirect_uri": "http://[::ffff:127.0.0.1]/"}, "redirect_uri_mismatch"),
        ("fitbit_web", {"redirect_uri": "http://[::ffff:127.0.0.1]/"}, "invalid_request"),
    ],
)
def test_a_mistake_is_seen_before_anybody_opens_the_page(
    app: OAuthApp, changes: dict[str, str], word: str
) -> None:
    with Consent(app, ["activity"]) as consent:
        consent.check()  # nothing is seen where all is well
        for name, value in changes.items():
            old = urlencode({name: getattr(app, name)})
            consent.url = consent.url.replace(old, urlencode({name: value}))
        with pytest.raises(NotAuthorizedError, match=word):
            consent.check()


def test_a_client_that_is_missing_and_a_port_that_is_taken_are_named(
    account: EmulatedAccount,
) -> None:
    settings = account.settings(SYNCBIT_PROVIDER="google_health")
    with pytest.raises(ConfigError, match="GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET"):
        Consent(settings.account.oauth, ["activity"])
    app = account.settings(FITBIT_REDIRECT_URI=f"{account.emulator.url}/callback").account.oauth
    with pytest.raises(ConfigError, match="FITBIT_REDIRECT_URI"):
        Consent(app, ["activity"])


@pytest.mark.parametrize(
    ("status", "body", "location", "word"),
    [
        (302, "", "https://accounts.example/signin?authError={}", "redirect_uri_mismatch"),
        (400, "<p>Error 400: redirect_uri_mismatch</p>", "", "redirect_uri_mismatch"),
        (401, '{"errors":[{"errorType":"invalid_client"}]}', "", "invalid_client"),
        (403, "access_denied", "", None),
        (400, "not_invalid_client_at_all access_denied", "", None),
        (302, "invalid_client", "https://accounts.example/signin?authError=%00", None),
        (200, "the page explains invalid_scope", "", None),
    ],
)
def test_how_providers_refuse_a_client(
    status: int, body: str, location: str, word: str | None
) -> None:
    hidden = base64.urlsafe_b64encode(b"\n\x15redirect_uri_mismatch\x12\x10Oh.").decode()
    response = requests.Response()
    response.status_code = status
    response._content = body.encode()
    response.headers["Location"] = location.format(hidden.rstrip("="))
    assert consent_module._refusal_in(response) == word


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/callback?state=s&code=c", Redirect("c", None)),
        ("  http://localhost:8080/callback?code=c&state=s#_=_ ", Redirect("c", None)),
        ("http://127.0.0.1:8080/callback?code=c&state=s&scope=x", Redirect("c", None)),
        ("/callback?state=s&code=c&error=access_denied", Redirect(None, "access_denied")),
        ("http://localhost:8081/callback?state=s&code=c", None),
        ("http://localhost.evil.example:8080/callback?state=s&code=c", None),
        ("//evil.example/callback?state=s&code=c", None),
        ("http://localhost:99999999/callback?state=s&code=c", None),
        ("/callback?state=S&code=c", None),
        ("c", None),
    ],
)
def test_which_addresses_are_the_redirect(address: str, expected: Redirect | None) -> None:
    assert read_redirect(address, REDIRECT_URI, "s") == expected


@given(st.text(max_size=60))
def test_no_text_without_the_state_is_a_redirect(text: str) -> None:
    assert read_redirect(text, REDIRECT_URI, "a-state-that-nobody-guesses") is None
