"""Google's OAuth for installed apps, with a person who consents to everything at once.

The authorization code flow with PKCE (S256) and a loopback redirect; access tokens that live
3599 s; refresh tokens that do not rotate. A refresh token is given only for
``access_type=offline``, and after the first consent only with ``prompt=consent``.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from syncbit_dagster.emulator.app_client import (
    challenge_of,
    is_loopback,
    offers_challenge,
    redirection,
)
from syncbit_dagster.emulator.google_health.errors import unauthenticated
from syncbit_dagster.emulator.google_health.scopes import READ_SCOPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEMO_CLIENT_ID = "demo-client"
DEMO_CLIENT_SECRET = "demo-secret"  # noqa: S105 - guards nothing
DEMO_REFRESH_TOKEN = "demo-refresh-token"  # noqa: S105 - guards nothing

ACCESS_TOKEN_LIFE = timedelta(seconds=3599)
CODE_LIFE = timedelta(minutes=10)


class OAuthRefusal(Exception):  # noqa: N818 - the emulator is right to refuse; nothing is broken
    """A refusal of the authorize or token endpoint: a code word and a sentence."""

    def __init__(self, code: int, error: str, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.body = {"error": error, "error_description": description}


@dataclass(frozen=True)
class _Code:
    redirect_uri: str
    challenge: str
    scopes: tuple[str, ...]
    offline: bool
    expires: datetime


@dataclass
class OAuth:
    """Codes and tokens of one account and one client, by an injected clock."""

    now: Callable[[], datetime]
    unticked: set[str] = field(default_factory=set)
    """Scopes that the person does not allow at the next consent or refresh."""
    _codes: dict[str, _Code] = field(default_factory=dict)
    _access: dict[str, tuple[datetime, tuple[str, ...]]] = field(default_factory=dict)
    _refresh: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {DEMO_REFRESH_TOKEN: READ_SCOPES}
    )
    _consented: bool = False

    def authorize(self, query: Mapping[str, str]) -> str:
        """The address that the browser is sent to: the app's listener, with a code or an error."""
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != DEMO_CLIENT_ID:
            raise OAuthRefusal(401, "invalid_client", "There is no such client.")
        if not is_loopback(redirect_uri):
            raise OAuthRefusal(
                400,
                "redirect_uri_mismatch",
                "An installed app is redirected to this computer only.",
            )
        answer = self._consent(query, redirect_uri)
        if "state" in query:
            answer["state"] = query["state"]
        return redirection(redirect_uri, answer)

    def _consent(self, query: Mapping[str, str], redirect_uri: str) -> dict[str, str]:
        if query.get("response_type") != "code":
            return {"error": "unsupported_response_type"}
        if not offers_challenge(query):
            return {"error": "invalid_request", "error_description": "PKCE with S256 is required."}
        asked = query.get("scope", "").split()
        if not asked or not set(asked) <= set(READ_SCOPES):
            return {"error": "invalid_scope"}
        granted = tuple(scope for scope in asked if scope not in self.unticked)
        if not granted:
            return {"error": "access_denied"}
        fresh = query.get("prompt") == "consent" or not self._consented
        self._consented = True
        code = f"4/{secrets.token_urlsafe(24)}"
        self._codes[code] = _Code(
            redirect_uri,
            query["code_challenge"],
            granted,
            offline=fresh and query.get("access_type") == "offline",
            expires=self.now() + CODE_LIFE,
        )
        return {"code": code, "scope": " ".join(granted)}

    def token(self, form: Mapping[str, str]) -> dict[str, object]:
        """The answer of the token endpoint to a form."""
        grants = {"authorization_code": self._redeem, "refresh_token": self._renew}
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise OAuthRefusal(400, "unsupported_grant_type", "Use a code or a refresh token.")
        secret = form.get("client_secret")
        if form.get("client_id") != DEMO_CLIENT_ID or secret != DEMO_CLIENT_SECRET:
            raise OAuthRefusal(401, "invalid_client", "The client id or its secret is wrong.")
        return grant(form)

    def _redeem(self, form: Mapping[str, str]) -> dict[str, object]:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.expires <= self.now():
            raise OAuthRefusal(400, "invalid_grant", "The code is unknown, used or too old.")
        if form.get("redirect_uri") != code.redirect_uri:
            raise OAuthRefusal(
                400, "redirect_uri_mismatch", "The code was made for another address."
            )
        if challenge_of(form.get("code_verifier", "")) != code.challenge:
            raise OAuthRefusal(
                400, "invalid_grant", "The code verifier does not fit the challenge."
            )
        answer = self._issue(code.scopes)
        if code.offline:
            refresh_token = f"1//{secrets.token_urlsafe(24)}"
            self._refresh[refresh_token] = code.scopes
            answer["refresh_token"] = refresh_token
        return answer

    def _renew(self, form: Mapping[str, str]) -> dict[str, object]:
        scopes = self._refresh.get(form.get("refresh_token", ""))
        if scopes is None:
            raise OAuthRefusal(
                400, "invalid_grant", "The refresh token has expired or was revoked."
            )
        return self._issue(tuple(scope for scope in scopes if scope not in self.unticked))

    def _issue(self, scopes: tuple[str, ...]) -> dict[str, object]:
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self._access[token] = (self.now() + ACCESS_TOKEN_LIFE, scopes)
        return {
            "access_token": token,
            "expires_in": int(ACCESS_TOKEN_LIFE.total_seconds()),
            "scope": " ".join(scopes),
            "token_type": "Bearer",
        }

    def scopes_of(self, authorization: str) -> tuple[str, ...]:
        """The scopes of an ``Authorization`` header, or 401."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise unauthenticated("CREDENTIALS_MISSING", "The request has no access token.")
        expires, scopes = self._access.get(token, (None, ()))
        if expires is None:
            raise unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED", "The access token is unknown.")
        if expires <= self.now():
            raise unauthenticated("ACCESS_TOKEN_EXPIRED", "The access token has expired.")
        return scopes

    def expire_access_tokens(self) -> None:
        """End every access token now; refresh tokens keep working."""
        self._access = {token: (self.now(), scopes) for token, (_, scopes) in self._access.items()}

    def revoke(self) -> None:
        """End everything that the person ever granted."""
        self._access.clear()
        self._refresh.clear()
        self._codes.clear()
        self._consented = False
