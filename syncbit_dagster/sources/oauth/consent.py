"""The user's consent: OAuth 2.0 authorization code with PKCE (S256) and state, on loopback."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

import requests

from syncbit_dagster.core.errors import SyncbitError
from syncbit_dagster.sources.errors import NotAuthorizedError
from syncbit_dagster.sources.oauth.access import token_of
from syncbit_dagster.sources.oauth.redirect import NOT_HERE, Listener, Page, arrivals, read_redirect
from syncbit_dagster.sources.oauth.token_endpoint import (
    TIMEOUT_SECONDS,
    client_arguments,
    plain_http_on_loopback,
    session_of,
    token_endpoint,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from syncbit_dagster.account.account import OAuthApp
    from syncbit_dagster.account.tokens import Token

_WORDS = {
    "access_denied": (
        "access was not granted; run `syncbit authorize` again and allow it. While a Google Cloud "
        "project is in Testing, only its test users can: add yourself (Audience, Test users)"
    ),
    "redirect_uri_mismatch": (
        "the client does not know the redirect address {redirect}; register it with the client, or "
        "create a client of the type Desktop app (Google)"
    ),
    "invalid_client": "there is no such client; check {id}",
    "deleted_client": "the client was deleted; create a new one and set {id} and {secret}",
    "unauthorized_client": "this client may not ask for consent; check {id} and its type",
    "invalid_scope": (
        "the provider does not know a scope; enable the Google Health API in the project's API "
        "library (Google) or use an application of the type Personal (Fitbit)"
    ),
    "invalid_request": (
        "the provider does not take the request; check {id} and that {redirect} is registered"
    ),
    "org_internal": "the project is for one organization only; make its Audience External",
    "admin_policy_enforced": "an administrator of your Google account forbids it",
}
_WORDS_AFTER_LOGIN = frozenset({"access_denied", "org_internal", "admin_policy_enforced"})


class Consent:
    """One authorization: show ``url`` to the user, wait for the redirect, trade the code.

    Used as a context manager, so that the listener lives no longer than needed.
    """

    def __init__(self, app: OAuthApp, scopes: Sequence[str]) -> None:
        app.require_client()
        dialect = app.dialect
        self._app = app
        self._outcome: Token | SyncbitError | None = None
        self._session = session_of(
            app, redirect_uri=app.redirect_uri, scope=list(scopes), pkce="S256"
        )
        with plain_http_on_loopback(app.authorize_url):
            self.url, self._state = self._session.authorization_url(
                app.authorize_url, **dialect.authorize_parameters
            )
        # The user may untick scopes; oauthlib would raise a warning if it could compare.
        self._session.scope = None
        self._listener = Listener(app.redirect_uri, self._receive)

    def check(self) -> None:
        """Ask for the consent page once, without a person, to see a mistake before they do.

        Raises:
            NotAuthorizedError: the provider refuses the client or its redirect address.
        """
        try:
            response = requests.get(self.url, allow_redirects=False, timeout=TIMEOUT_SECONDS)
        except requests.RequestException:
            return  # the person's browser may have a way that this machine has not
        if word := _refusal_in(response):
            raise self._refusal(word)

    def wait(self, pasted: int | None = None, say: Callable[[str], None] = lambda _: None) -> Token:
        """Wait for the browser to come back and return the token.

        Args:
            pasted: a descriptor from which the redirect's address may come as a line instead.
            say: told what is wrong with a line.

        Raises:
            NotAuthorizedError: the user or the provider said no.
            SourceUnavailableError: the token endpoint does not work.
        """
        for line in arrivals(self._listener, pasted):
            if line.strip() and self._receive(line) is NOT_HERE:
                say(
                    "This is not the address that is waited for. Copy the whole address of the "
                    f"page that the browser shows last; it begins with {self._app.redirect_uri}"
                )
            if self._outcome is not None:
                break
        if isinstance(self._outcome, SyncbitError):
            raise self._outcome
        assert self._outcome is not None  # noqa: S101 - for the type checker; the loop saw to it
        return self._outcome

    def _receive(self, address: str) -> Page:
        """Take an address; the first right one decides, any other changes nothing."""
        redirect = read_redirect(address, self._app.redirect_uri, self._state)
        if redirect is None or self._outcome is not None:
            return NOT_HERE
        try:
            if redirect.code is None:
                raise self._refusal(redirect.error or "")
            self._outcome = self._redeem(redirect.code)
        except SyncbitError as error:
            self._outcome = error
            return Page(403, "Not authorized", str(error))
        return Page(200, "Done", "SyncBit may read your data now. You can close this page.")

    def _redeem(self, code: str) -> Token:
        with token_endpoint(self._app):
            answer = self._session.fetch_token(
                self._app.token_url,
                code=code,
                include_client_id=True,
                timeout=TIMEOUT_SECONDS,
                **{k: v for k, v in client_arguments(self._app).items() if k != "client_id"},
            )
            token = token_of(answer)
        if not token.refresh_token:
            raise NotAuthorizedError(
                "The provider gave no refresh token; remove the app among your account's "
                "connections and run `syncbit authorize` again."
            )
        return token

    def _refusal(self, word: str) -> NotAuthorizedError:
        dialect = self._app.dialect
        sentence = _WORDS.get(word, "the provider says no more; run `syncbit authorize` again")
        cure = sentence.format(
            id=dialect.client_id_variable,
            secret=dialect.client_secret_variable,
            redirect=self._app.redirect_uri,
        )
        shown = word if re.fullmatch(r"[a-z_]{1,40}", word) else "error"
        return NotAuthorizedError(f"The consent page refuses ({shown}): {cure}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.server_close()
        self._session.close()


def _refusal_in(response: requests.Response) -> str | None:
    """What a consent page refuses before anybody looked at it, if it says so in a known word."""
    text = response.content if response.status_code in {400, 401} else b""
    location = response.headers.get("Location", "")
    for hidden in parse_qs(urlsplit(location).query).get("authError", ()):  # Google's error page
        try:
            text += base64.urlsafe_b64decode(hidden + "=" * (-len(hidden) % 4))
        except (binascii.Error, ValueError):
            continue
    words = (word for word in _WORDS if word not in _WORDS_AFTER_LOGIN)
    whole = rb"(?<![a-z_])%b(?![a-z_])"
    return next((word for word in words if re.search(whole % word.encode(), text)), None)
