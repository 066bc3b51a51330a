"""The provider's token endpoint: how the client names itself, and what every answer means.

Only an answer 400 or 401 with a known word means that a person has to act. Everything else (403,
404, 429, 5xx, a page of HTML, no answer) can be tried again: a provider in trouble answers so too,
and nobody should authorize again for that. No answer is ever quoted: it may hold a token.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import requests
from oauthlib.oauth2 import OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from syncbit_dagster.sources.errors import (
    NotAuthorizedError,
    ProviderRetiredError,
    RefreshConflictError,
    SourceUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.account.account import OAuthApp
    from syncbit_dagster.sources.errors import SourceError

# At DEBUG these log forms and answers of the token endpoint, and addresses with all they carry.
for _name in ("requests_oauthlib", "oauthlib", "urllib3"):
    logging.getLogger(_name).setLevel(logging.INFO)

TIMEOUT_SECONDS = (10, 60)
ADDRESSES = 5  # as many as a large provider's name commonly has
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_WORDS_TO_ACT_ON = {
    "invalid_grant": (
        "refused the authorization (invalid_grant): it was revoked, has expired (after 7 days if "
        "the Google Cloud project is in Testing: publish it), was unused for too long, or its "
        "one-time token was used already; run `syncbit authorize` again."
    ),
    "invalid_token": (
        "does not know the stored token (invalid_token); run `syncbit authorize` again."
    ),
    "invalid_client": (
        "does not know this client id and secret (invalid_client); check {id} and {secret}."
    ),
    "unauthorized_client": (
        "does not let this client ask for tokens (unauthorized_client); check {id} and {secret}, "
        "and that the client is a Desktop client (Google) or of the type Personal (Fitbit)."
    ),
    "redirect_uri_mismatch": (
        "does not know the redirect address (redirect_uri_mismatch); register {redirect} with the "
        "client, or set FITBIT_REDIRECT_URI to the one that is registered."
    ),
}


def session_of(app: OAuthApp, **arguments: Any) -> OAuth2Session:
    """An OAuth session whose errors are ours. Secrets go to the token endpoint, nowhere else."""
    session = OAuth2Session(app.client_id, **arguments)
    session.max_redirects = 0

    def checked(response: requests.Response) -> requests.Response:
        if response.status_code != 200:
            raise _error(app, response)
        return response

    session.register_compliance_hook("access_token_response", checked)
    session.register_compliance_hook("refresh_token_response", checked)
    return session


def client_arguments(app: OAuthApp) -> dict[str, Any]:
    """How the client names itself to the token endpoint."""
    if app.dialect.sends_basic and app.client_secret:
        return {"auth": HTTPBasicAuth(app.client_id or "", app.client_secret)}
    secret = {"client_secret": app.client_secret} if app.client_secret else {}
    return {"client_id": app.client_id, **secret}


def within(timeouts: tuple[float, float], seconds: float) -> tuple[float, float]:
    """The timeouts (connect, read) of a request, no longer than the seconds that are left.

    A name may stand for several addresses; each of them may take the time to connect.
    """
    connect, read = timeouts
    left = max(seconds, 1.0)
    return min(connect, left / ADDRESSES), min(read, left)


@contextmanager
def token_endpoint(app: OAuthApp) -> Iterator[None]:
    """Turn what can go wrong on the way to the token endpoint into our errors."""
    with plain_http_on_loopback(app.token_url):
        try:
            yield
        except (OAuth2Error, requests.RequestException, KeyError, ValueError) as error:
            raise SourceUnavailableError(
                f"The token endpoint {_host(app)} did not answer as it should "
                f"({type(error).__name__}); try again later."
            ) from None


def _error(app: OAuthApp, response: requests.Response) -> SourceError:
    status, host = response.status_code, _host(app)
    if status == 410:
        return ProviderRetiredError(
            f"{host} was turned off for good (410); set SYNCBIT_PROVIDER=google_health and run "
            "`syncbit authorize`."
        )
    if status == 409:
        return RefreshConflictError(
            f"Another program refreshes the same token at {host} (409); let only one use it, and "
            "try again later."
        )
    sentence = _WORDS_TO_ACT_ON.get(error_word(response.content) or "")
    if status in {400, 401} and sentence:
        dialect = app.dialect
        named = sentence.format(
            id=dialect.client_id_variable,
            secret=dialect.client_secret_variable,
            redirect=app.redirect_uri,
        )
        return NotAuthorizedError(f"{host} {named}")
    return SourceUnavailableError(
        f"The token endpoint {host} answered {status}; the authorization is kept, try again later."
    )


def error_word(body: bytes) -> str | None:
    """The kind of error that a body names, in RFC 6749's shape or in Fitbit's."""
    try:
        content = orjson.loads(body)
        word = content["error"] if "error" in content else content["errors"][0]["errorType"]
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        return None
    return word if isinstance(word, str) else None


def _host(app: OAuthApp) -> str:
    return urlsplit(app.token_url).netloc


@contextmanager
def plain_http_on_loopback(url: str) -> Iterator[None]:
    """Let oauthlib talk http to this very machine (the emulator); to others it stays forbidden."""
    name = "OAUTHLIB_INSECURE_TRANSPORT"
    if urlsplit(url).hostname not in LOOPBACK or name in os.environ:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
