"""Access tokens for API requests: read, refresh and store as one step across processes."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from oauthlib.oauth2 import InvalidClientError, InvalidGrantError, OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session
from requests_oauthlib.compliance_fixes import fitbit_compliance_fix

from syncbit_dagster.account import Token
from syncbit_dagster.sources.errors import NotAuthorizedError, SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from syncbit_dagster.account import Account, OAuthApp

# At DEBUG it logs whole token answers.
logging.getLogger("requests_oauthlib").setLevel(logging.INFO)

TIMEOUT_SECONDS = (10, 60)


class AccessTokens:
    """The current access token of one account.

    Google's refresh tokens do not rotate: an answer to a refresh normally carries none, and the
    old one stays. If one comes, it is stored.
    """

    def __init__(
        self, account: Account, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._account = account
        self._now = now
        self._token: Token | None = None

    def get(self, *, rejected: str | None = None) -> str:
        """An access token that is good for the next request.

        Args:
            rejected: the token that the provider just refused with 401; it is not given again.

        Raises:
            NotAuthorizedError: nobody authorized yet, or the provider revoked it.
            SourceUnavailableError: the token endpoint does not work; it may later.
        """
        if not self._is_usable(self._token, rejected):
            with self._account.tokens.locked():
                # Another process may have refreshed while this one waited for the lock.
                self._token = self._account.tokens.load()
                if not self._is_usable(self._token, rejected):
                    self._token = self._refresh(self._token)
                    self._account.tokens.save(self._token)
        assert self._token is not None  # noqa: S101 - for the type checker; _refresh never gives None
        return self._token.access_token

    def _is_usable(self, token: Token | None, rejected: str | None) -> bool:
        return token is not None and token.is_fresh(self._now()) and token.access_token != rejected

    def _refresh(self, token: Token | None) -> Token:
        if token is None:
            raise NotAuthorizedError(
                f"No token in {self._account.tokens.path}; run `syncbit authorize` first."
            )
        app = self._account.oauth
        with token_endpoint(app), session_of(app) as session:
            answer = session.refresh_token(
                app.token_url,
                refresh_token=token.refresh_token,
                timeout=TIMEOUT_SECONDS,
                **client_arguments(app),
            )
        return token_of(answer, previous=token)


def session_of(app: OAuthApp, **arguments: Any) -> OAuth2Session:
    """An OAuth session that reads the provider's errors."""
    session = OAuth2Session(app.client_id, **arguments)
    return fitbit_compliance_fix(session) if app.dialect.has_own_error_shape else session


def client_arguments(app: OAuthApp) -> dict[str, Any]:
    """How the client names itself to the token endpoint."""
    if app.dialect.sends_basic and app.client_secret:
        return {"auth": HTTPBasicAuth(app.client_id or "", app.client_secret)}
    secret = {"client_secret": app.client_secret} if app.client_secret else {}
    return {"client_id": app.client_id, **secret}


def token_of(answer: Mapping[str, Any], previous: Token | None = None) -> Token:
    """The token in a token endpoint's answer; what it leaves out stays as it was."""
    return Token(
        access_token=answer["access_token"],
        refresh_token=answer.get("refresh_token") or (previous.refresh_token if previous else ""),
        expires_at=float(answer["expires_at"]),
        scope=_scope_text(answer.get("scope")) or (previous.scope if previous else ""),
        ends_in_testing="refresh_token_expires_in" in answer
        or (previous is not None and previous.ends_in_testing),
    )


def _scope_text(scope: str | list[str] | None) -> str:
    return scope if isinstance(scope, str) else " ".join(scope or [])


@contextmanager
def token_endpoint(app: OAuthApp) -> Iterator[None]:
    """Turn what a token endpoint can do wrong into our errors; never quote its answer.

    Only ``invalid_grant`` and ``invalid_client`` mean that a person has to act. Everything else
    can be tried again.
    """
    host = urlsplit(app.token_url).netloc
    with plain_http_on_loopback(app.token_url):
        try:
            yield
        except InvalidGrantError:
            raise NotAuthorizedError(
                f"{host} refused the stored authorization (invalid_grant): it was revoked, has "
                "expired (after 7 days if the Google Cloud project is in Testing: publish it) or "
                "was unused for too long; run `syncbit authorize` again."
            ) from None
        except InvalidClientError:
            raise NotAuthorizedError(
                f"{host} does not know this client id and secret (invalid_client); check "
                f"{app.dialect.client_id_variable} and {app.dialect.client_secret_variable}."
            ) from None
        except (OAuth2Error, requests.RequestException, KeyError, ValueError) as error:
            raise SourceUnavailableError(
                f"The token endpoint {host} did not answer as it should "
                f"({type(error).__name__}); try again later."
            ) from None


@contextmanager
def plain_http_on_loopback(url: str) -> Iterator[None]:
    """Let oauthlib talk http to this very machine (the emulator); to others it stays forbidden."""
    name = "OAUTHLIB_INSECURE_TRANSPORT"
    if urlsplit(url).hostname not in {"localhost", "127.0.0.1", "::1"} or name in os.environ:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
