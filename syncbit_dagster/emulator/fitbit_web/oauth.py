"""Fitbit's OAuth, with a person who consents to everything at once.

The authorization code flow with PKCE (S256) and a loopback redirect; access tokens that live
eight hours; refresh tokens that never expire and work once. A person has one active refresh token
with an app: a new consent ends the one before. The app may prove itself with its secret, or name
its id alone: a personal app may do both.
"""

from __future__ import annotations

import base64
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from syncbit_dagster.emulator.app_client import (
    challenge_of,
    is_loopback,
    offers_challenge,
    redirection,
)
from syncbit_dagster.emulator.fitbit_web.errors import (
    expired_token,
    header_required,
    invalid_client,
    invalid_grant,
    invalid_request,
    invalid_token,
    refresh_conflict,
)
from syncbit_dagster.emulator.fitbit_web.scopes import SCOPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DEMO_CLIENT_ID = "demo-client"
DEMO_CLIENT_SECRET = "demo-secret"  # noqa: S105 - guards nothing
DEMO_REFRESH_TOKEN = "demo-fitbit-refresh-token"  # noqa: S105 - guards nothing
USER_ID = "EMUL8R"

ACCESS_TOKEN_LIFE = timedelta(hours=8)
CODE_LIFE = timedelta(minutes=10)


@dataclass(frozen=True)
class _Code:
    redirect_uri: str
    challenge: str
    scopes: tuple[str, ...]
    expires: datetime


@dataclass(frozen=True)
class _Access:
    expires: datetime
    scopes: tuple[str, ...]


@dataclass
class OAuth:
    """Codes and tokens of one account and one client, by an injected clock."""

    now: Callable[[], datetime]
    unticked: set[str] = field(default_factory=set)
    """Scopes that the person does not allow at the next consent or refresh."""
    _codes: dict[str, _Code] = field(default_factory=dict)
    _access: dict[str, _Access] = field(default_factory=dict)
    _refresh: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {DEMO_REFRESH_TOKEN: SCOPES}
    )
    _in_progress: set[str] = field(default_factory=set)

    def authorize(self, query: Mapping[str, str]) -> str:
        """The address that the browser is sent to: the app's listener, with a code or an error."""
        if query.get("client_id") != DEMO_CLIENT_ID:
            raise invalid_client(f"Invalid client: {query.get('client_id', '')}.")
        redirect_uri = query.get("redirect_uri", "")
        if not is_loopback(redirect_uri):
            raise invalid_request(f"Invalid redirect_uri: {redirect_uri}.")
        answer = self._consent(query, redirect_uri)
        if "state" in query:
            answer["state"] = query["state"]
        return f"{redirection(redirect_uri, answer)}#_=_"

    def _consent(self, query: Mapping[str, str], redirect_uri: str) -> dict[str, str]:
        if query.get("response_type") != "code":
            return {"error": "unsupported_response_type"}
        if not offers_challenge(query):
            return {"error": "invalid_request", "error_description": "PKCE with S256 is required."}
        asked = query.get("scope", "").split()
        if not asked or not set(asked) <= set(SCOPES):
            return {"error": "invalid_scope"}
        granted = tuple(scope for scope in asked if scope not in self.unticked)
        if not granted:
            return {"error": "access_denied"}
        code = secrets.token_hex(20)
        expires = self.now() + CODE_LIFE
        self._codes[code] = _Code(redirect_uri, query["code_challenge"], granted, expires)
        return {"code": code}

    def check_client(self, form: Mapping[str, str], authorization: str) -> None:
        """Refuse everybody but the registered app: by Basic header, or by its id in the form."""
        if authorization:
            kind, _, encoded = authorization.partition(" ")
            expected = base64.b64encode(f"{DEMO_CLIENT_ID}:{DEMO_CLIENT_SECRET}".encode()).decode()
            if kind.lower() != "basic" or encoded != expected:
                raise invalid_client("Invalid authorization header: client id or secret invalid.")
        elif form.get("client_secret", DEMO_CLIENT_SECRET) != DEMO_CLIENT_SECRET:
            raise invalid_client("Invalid client secret.")
        elif "client_id" not in form:
            raise invalid_request("Missing parameters: client_id")
        if form.get("client_id", DEMO_CLIENT_ID) != DEMO_CLIENT_ID:
            raise invalid_client(f"Invalid client: {form['client_id']}.")

    @contextmanager
    def refreshing(self, form: Mapping[str, str]) -> Iterator[None]:
        """Refuse a second refresh of a token while the first one is under way."""
        token = form.get("refresh_token", "")
        if token in self._in_progress:
            raise refresh_conflict()
        self._in_progress.add(token)
        try:
            yield
        finally:
            self._in_progress.discard(token)

    def token(self, form: Mapping[str, str]) -> dict[str, object]:
        """The answer of the token endpoint to the form of the registered app."""
        grants = {"authorization_code": self._redeem, "refresh_token": self._renew}
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise invalid_request(f"Invalid grant_type: {form.get('grant_type', '')}.")
        return grant(form)

    def _redeem(self, form: Mapping[str, str]) -> dict[str, object]:
        _require(form, "code", "code_verifier", "redirect_uri")
        code = self._codes.pop(form["code"], None)
        if code is None:
            raise invalid_grant(f"Authorization code invalid: {form['code']}")
        if code.expires <= self.now():
            raise invalid_grant(f"Authorization code expired: {form['code']}")
        if form["redirect_uri"] != code.redirect_uri:
            raise invalid_grant(f"Redirect_uri mismatch: {form['redirect_uri']}")
        if challenge_of(form["code_verifier"]) != code.challenge:
            raise invalid_grant("Invalid code_verifier.")
        return self._issue(code.scopes)

    def _renew(self, form: Mapping[str, str]) -> dict[str, object]:
        _require(form, "refresh_token")
        scopes = self._refresh.get(form["refresh_token"])
        if scopes is None:
            raise invalid_grant(f"Refresh token invalid: {form['refresh_token']}.")
        return self._issue(tuple(scope for scope in scopes if scope not in self.unticked))

    def _issue(self, scopes: tuple[str, ...]) -> dict[str, object]:
        access, refresh = f"eyJ{secrets.token_urlsafe(48)}", secrets.token_hex(32)
        self._access[access] = _Access(self.now() + ACCESS_TOKEN_LIFE, scopes)
        self._refresh = {refresh: scopes}
        return {
            "access_token": access,
            "expires_in": int(ACCESS_TOKEN_LIFE.total_seconds()),
            "refresh_token": refresh,
            "scope": " ".join(scopes),
            "token_type": "Bearer",
            "user_id": USER_ID,
        }

    def scopes_of(self, authorization: str) -> tuple[str, ...]:
        """The scopes of an ``Authorization`` header, or 401."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise header_required()
        access = self._access.get(token)
        if access is None:
            raise invalid_token(token)
        if access.expires <= self.now():
            raise expired_token(token)
        return access.scopes

    def expire_access_tokens(self) -> None:
        """End every access token now; refresh tokens keep working."""
        self._access = {
            token: _Access(self.now(), access.scopes) for token, access in self._access.items()
        }

    def revoke(self) -> None:
        """End everything that the person ever granted."""
        self._access.clear()
        self._refresh.clear()
        self._codes.clear()


def _require(form: Mapping[str, str], *names: str) -> None:
    missing = [name for name in names if not form.get(name)]
    if missing:
        raise invalid_request(f"Missing parameters: {', '.join(missing)}")
