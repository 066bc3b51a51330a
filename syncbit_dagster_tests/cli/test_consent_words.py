"""What a consent page's answers are taken for: pure functions over addresses and pages."""

from __future__ import annotations

import base64

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.sources.oauth import consent as consent_module
from syncbit_dagster.sources.oauth.redirect import Redirect, read_redirect

REDIRECT_URI = "http://localhost:8080/callback"


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
