"""The user's consent: OAuth 2.0 authorization code with PKCE (S256) and state, on loopback."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

from syncbit_dagster.errors import ConfigError
from syncbit_dagster.sources.errors import NotAuthorizedError
from syncbit_dagster.sources.oauth import token_of
from syncbit_dagster.sources.token_endpoint import (
    TIMEOUT_SECONDS,
    client_arguments,
    plain_http_on_loopback,
    session_of,
    token_endpoint,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from syncbit_dagster.account import OAuthApp, Token

_PAGE = """<!doctype html><meta charset="utf-8"><title>SyncBit</title>
<body style="font:18px system-ui;max-width:36em;margin:4em auto;padding:0 1em">
<h1>{title}</h1><p>{text}</p>"""


class Consent:
    """One authorization: show ``url`` to the user, wait for the redirect, trade the code.

    Used as a context manager, so that the listener lives no longer than needed.
    """

    def __init__(self, app: OAuthApp, scopes: Sequence[str]) -> None:
        dialect = app.dialect
        if not app.client_id or not (app.client_secret or dialect.has_public_clients):
            raise ConfigError(
                f"{dialect.client_id_variable} and {dialect.client_secret_variable} are not set; "
                "create a client at the provider (README, Connect your account) and set both."
            )
        self._app = app
        self._session = session_of(
            app, redirect_uri=app.redirect_uri, scope=list(scopes), pkce="S256"
        )
        with plain_http_on_loopback(app.authorize_url):
            self.url, self._state = self._session.authorization_url(
                app.authorize_url, **dialect.authorize_parameters
            )
        # The user may untick scopes; oauthlib would raise a warning if it could compare.
        self._session.scope = None
        self._listener = _Listener(app.redirect_uri, self._state)

    def wait(self) -> Token:
        """Wait for the browser to come back and return the token.

        Raises:
            NotAuthorizedError: the user or the provider said no.
            SourceUnavailableError: the token endpoint does not work.
        """
        answer = self._listener.wait()
        if answer.error:
            raise NotAuthorizedError(
                "The consent page came back with an error instead of a code: access was denied or "
                "the client is not set up; run `syncbit authorize` again."
            )
        with token_endpoint(self._app):
            token = self._session.fetch_token(
                self._app.token_url,
                code=answer.code,
                include_client_id=True,
                timeout=TIMEOUT_SECONDS,
                **{k: v for k, v in client_arguments(self._app).items() if k != "client_id"},
            )
        result = token_of(token)
        if not result.refresh_token:
            raise NotAuthorizedError(
                "The provider gave no refresh token; remove the app among your account's "
                "connections and run `syncbit authorize` again."
            )
        return result

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


@dataclass
class _Redirect:
    """What the browser brought back."""

    code: str | None
    error: str | None


class _Listener(HTTPServer):
    """A server on the loopback redirect that waits for one redirect with the right state."""

    def __init__(self, redirect_uri: str, state: str) -> None:
        parts = urlsplit(redirect_uri)
        self.path = parts.path or "/"
        self.state = state
        self.redirect: _Redirect | None = None
        address = (parts.hostname or "127.0.0.1", parts.port or 80)
        try:
            super().__init__(address, _Handler)
        except OSError as error:
            raise ConfigError(
                f"Cannot listen on {redirect_uri} ({error.strerror}); free the port or set "
                "FITBIT_REDIRECT_URI to another loopback port."
            ) from None

    def wait(self) -> _Redirect:
        while self.redirect is None:
            self.handle_request()
        return self.redirect


class _Handler(BaseHTTPRequestHandler):
    """Answers the browser; anything but our own redirect is refused and changes nothing."""

    server: _Listener

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        is_ours = parts.path == self.server.path and hmac.compare_digest(
            query.get("state", "").encode(), self.server.state.encode()
        )
        if not is_ours or not ("code" in query or "error" in query):
            self._answer(404, "Not here", "This page waits for the consent page's redirect only.")
            return
        self.server.redirect = _Redirect(query.get("code"), query.get("error"))
        if query.get("code"):
            self._answer(200, "Done", "SyncBit has its code. You can close this page.")
        else:
            self._answer(403, "Not authorized", "Access was not granted. Run the command again.")

    def _answer(self, status: int, title: str, text: str) -> None:
        page = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: the request line holds the code."""
