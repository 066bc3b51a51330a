"""Access tokens for API requests: read, refresh and store as one step across processes."""

from __future__ import annotations

import logging
import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.sources.errors import NotAuthorizedError, RefreshConflictError
from syncbit_dagster.sources.oauth.token_endpoint import (
    TIMEOUT_SECONDS,
    client_arguments,
    session_of,
    token_endpoint,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncbit_dagster.account.account import Account
    from syncbit_dagster.account.tokens import HeldToken

log = logging.getLogger(__name__)

USUAL_LIFE_SECONDS = 3600.0  # of an access token whose answer does not say
# After a conflict somebody is still waiting for the answer; after a refusal it is there already.
WINNER_COMES_WITHIN_SECONDS = {RefreshConflictError: 10, NotAuthorizedError: 1}


class AccessTokens:
    """The current access token of one account.

    Fitbit's refresh tokens work once and every answer brings a new one; Google's stay, and an
    answer normally carries none. Either way what comes is stored before it is used.

    Args:
        account: whose.
        now, sleep: the clock.
        patience_seconds: how long one request to the token endpoint may take.
    """

    def __init__(
        self,
        account: Account,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        patience_seconds: float = math.inf,
    ) -> None:
        self._account = account
        self._now = now
        self._sleep = sleep
        self._timeouts = within(TIMEOUT_SECONDS, patience_seconds)
        self._token: Token | None = None

    def get(self, *, rejected: str | None = None) -> str:
        """An access token that is good for the next request.

        Args:
            rejected: the token that the provider just refused with 401; it is not given again.

        Raises:
            NotAuthorizedError: nobody authorized yet, or the provider revoked it.
            ProviderRetiredError: the provider was turned off.
            SourceUnavailableError: the token endpoint does not work; it may later.
            StateError, ConfigError: the token's place cannot be used.
        """
        token = self._token
        if token is None or not self._is_usable(token, rejected):
            with self._account.tokens.locked() as held:
                token = self._current(held, rejected)
        self._token = token
        return token.access_token

    def _is_usable(self, token: Token, rejected: str | None) -> bool:
        return token.is_fresh(self._now()) and token.access_token != rejected

    def _current(self, held: HeldToken, rejected: str | None) -> Token:
        """The stored token; refreshed, unless another process did that meanwhile."""
        token = held.load()
        if token is None:
            raise NotAuthorizedError(
                f"No token in {self._account.tokens.place}; run `syncbit authorize` first."
            )
        if self._is_usable(token, rejected):
            return token
        # A token that works once is spent only where its successor can be written.
        held.save(token)
        try:
            refreshed = self._refresh(token)
        except (NotAuthorizedError, RefreshConflictError) as refusal:
            winner = self._winner(held, token, WINNER_COMES_WITHIN_SECONDS[type(refusal)])
            if winner is None:
                raise
            return winner
        held.save(refreshed)
        log.info("The access token was refreshed; it lives until %s.", refreshed.expires)
        return refreshed

    def _winner(self, held: HeldToken, spent: Token, seconds: int) -> Token | None:
        """The token of a program that does not know the lock and refreshed at the same time."""
        for pause in range(seconds + 1):
            if pause:
                self._sleep(1)
            stored = held.load()
            if stored and stored != spent and self._is_usable(stored, spent.access_token):
                return stored
        return None

    def _refresh(self, token: Token) -> Token:
        app, asked_at = self._account.oauth, self._now()
        with token_endpoint(app), session_of(app) as session:
            answer = session.refresh_token(
                app.token_url,
                refresh_token=token.refresh_token,
                timeout=self._timeouts,
                **client_arguments(app),
            )
            return token_of(answer, previous=token, now=asked_at)


def token_of(
    answer: Mapping[str, Any], previous: Token | None = None, *, now: datetime | None = None
) -> Token:
    """The token in a token endpoint's answer; what it leaves out stays as it was.

    Args:
        answer: as oauthlib gives it.
        previous: the token that was refreshed; None after a consent.
        now: when it was asked for; default: this moment.
    """
    asked_at = (now or datetime.now(UTC)).timestamp()
    refresh_life = answer.get("refresh_token_expires_in")
    kept_end = previous.refresh_ends_at if previous else None
    return Token(
        access_token=answer["access_token"],
        refresh_token=answer.get("refresh_token") or (previous.refresh_token if previous else ""),
        expires_at=_end(answer, asked_at),
        scope=_scope_text(answer.get("scope")) or (previous.scope if previous else ""),
        obtained_at=asked_at,
        refresh_ends_at=kept_end if refresh_life is None else asked_at + float(refresh_life),
        refreshes=previous.refreshes + 1 if previous else 0,
    )


def _end(answer: Mapping[str, Any], asked_at: float) -> float:
    """When the access token ends: ``expires_at`` is oauthlib's, by the machine's clock."""
    if life := answer.get("expires_in"):
        return asked_at + float(life)
    return float(answer.get("expires_at") or asked_at + USUAL_LIFE_SECONDS)


def _scope_text(scope: str | list[str] | None) -> str:
    return scope if isinstance(scope, str) else " ".join(scope or [])
