"""Refreshing a token: what each answer of the token endpoint means, and what is stored."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
import pytest

from syncbit_dagster.account.state.base import StateError
from syncbit_dagster.account.token_file import TokenFile
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.sources.errors import (
    NotAuthorizedError,
    ProviderRetiredError,
    SourceUnavailableError,
)
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster_tests.account.token_server import FIRST, TokenServer

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.account.account import Account

JSON = {"Content-Type": "application/json"}


def stored(account: Account) -> Token:
    token = account.tokens.load()
    assert token is not None
    return token


def tokens(account: Account) -> AccessTokens:
    return AccessTokens(account, sleep=lambda _: None)


def test_what_a_refresh_brings_is_stored(account: Account, server: TokenServer) -> None:
    before = datetime.now(UTC)
    assert tokens(account).get() == stored(account).access_token
    token = stored(account)
    assert token.refresh_token == server.issued[-1] != FIRST
    assert token.refreshes == 1
    assert token.scopes == {"activity", "sleep"}
    assert token.obtained_at == pytest.approx(before.timestamp(), abs=5)
    assert token.expires - before == pytest.approx(timedelta(hours=8), abs=timedelta(seconds=5))
    assert token.refresh_ends_at is None


def test_a_refresh_token_that_stays_is_kept(account: Account, server: TokenServer) -> None:
    server.rotates = False
    tokens(account).get(rejected=tokens(account).get())
    assert stored(account).refresh_token == FIRST
    assert stored(account).refreshes == 2


def test_the_end_in_testing_is_an_instant(account: Account, server: TokenServer) -> None:
    answer = {"access_token": "a", "expires_in": 3599, "refresh_token_expires_in": 86_400}
    server.answers.append((200, orjson.dumps(answer), JSON))
    tokens(account).get()
    left = stored(account).testing_days_left(datetime.now(UTC))
    assert left == pytest.approx(1, abs=0.01)
    # An answer that does not repeat it changes nothing about it.
    tokens(account).get(rejected="a")
    again = stored(account).testing_days_left(datetime.now(UTC))
    assert again == pytest.approx(1, abs=0.01)


LATER = "try again later"
AGAIN = "syncbit authorize"
FITBIT_GRANT = {"errors": [{"errorType": "invalid_grant", "message": "hidden-token"}]}
FITBIT_CLIENT = {"errors": [{"errorType": "invalid_client", "message": "hidden-token"}]}
CONFLICT = {"errors": [{"errorType": "request_in_progress", "message": "hidden-token"}]}
HTML = b"<html>hidden-token</html>"


@pytest.mark.parametrize(
    ("status", "body", "error", "cure"),
    [
        (400, FITBIT_GRANT, NotAuthorizedError, AGAIN),
        (400, {"error": "invalid_grant"}, NotAuthorizedError, AGAIN),
        (401, {"errors": [{"errorType": "invalid_token"}]}, NotAuthorizedError, AGAIN),
        (401, FITBIT_CLIENT, NotAuthorizedError, "FITBIT_CLIENT_ID and FITBIT_CLIENT_SECRET"),
        (401, {"error": "unauthorized_client"}, NotAuthorizedError, "FITBIT_CLIENT_ID"),
        (400, {"error": "redirect_uri_mismatch"}, NotAuthorizedError, "FITBIT_REDIRECT_URI"),
        (400, {"error": "hidden-token"}, SourceUnavailableError, LATER),
        (400, HTML, SourceUnavailableError, LATER),
        (403, FITBIT_GRANT, SourceUnavailableError, LATER),
        (429, {"error": "rate_limited"}, SourceUnavailableError, LATER),
        (500, {"error": "internal_failure"}, SourceUnavailableError, LATER),
        (503, b"", SourceUnavailableError, LATER),
        (200, HTML, SourceUnavailableError, LATER),
        (200, {"errors": []}, SourceUnavailableError, LATER),
        (
            200,
            {"access_token": "hidden-token", "expires_in": "soon"},
            SourceUnavailableError,
            LATER,
        ),
        (410, {"errors": [{"errorType": "retired"}]}, ProviderRetiredError, "=google_health"),
    ],
)
def test_what_each_answer_means(
    account: Account,
    server: TokenServer,
    status: int,
    body: bytes | dict[str, object],
    error: type[Exception],
    cure: str,
) -> None:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    server.answers.append((status, content, {"Content-Type": "text/html"}))
    with pytest.raises(error, match=cure) as raised:
        tokens(account).get()
    if error is SourceUnavailableError:
        assert AGAIN not in str(raised.value)
    assert "hidden" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert stored(account).refresh_token == FIRST
    assert tokens(account).get() == stored(account).access_token  # the next time it works


def test_a_redirect_takes_no_secret_elsewhere_and_a_silent_server_spends_none(
    account: Account, server: TokenServer
) -> None:
    server.answers.append((307, b"", {"Location": "http://127.0.0.1:9/steal"}))
    with pytest.raises(SourceUnavailableError, match="TooManyRedirects"):
        tokens(account).get()
    away = replace(account, oauth=replace(account.oauth, token_url="http://127.0.0.1:9/token"))
    with pytest.raises(SourceUnavailableError, match=LATER):  # nor does a server that is silent
        tokens(away).get()


def test_nobody_authorized_yet(account: Account, tmp_path: Path) -> None:
    new = replace(account, tokens=TokenFile(tmp_path / "new" / "tokens.json"))
    with pytest.raises(NotAuthorizedError, match=AGAIN):
        tokens(new).get()


class NoSpace:
    """A place that can be read, but not written."""

    place = "nowhere"

    def __init__(self, token: Token) -> None:
        self._token = token

    def load(self) -> Token:
        return self._token

    def save(self, _: Token) -> None:
        raise ConfigError("tokens.json cannot be written (No space left on device).")

    def locked(self) -> NoSpace:
        return self

    def __enter__(self) -> NoSpace:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""


def test_a_token_is_not_spent_where_its_successor_cannot_be_kept(
    account: Account, server: TokenServer
) -> None:
    full = replace(account, tokens=NoSpace(stored(account)))
    with pytest.raises(ConfigError, match="No space left"):
        tokens(full).get()
    assert server.refreshes == 0


@pytest.mark.parametrize("account", ["file"], indirect=True)
@pytest.mark.parametrize(("status", "error"), [(400, FITBIT_GRANT), (409, CONFLICT)])
def test_a_winner_that_knew_no_lock_is_used(
    account: Account, server: TokenServer, status: int, error: dict[str, object]
) -> None:
    """Another installation refreshes the same token; sooner or later its token is there."""
    winner = Token(access_token="theirs", refresh_token="next", expires_at=time.time() + 3600)
    server.answers.append((status, orjson.dumps(error), JSON))
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        assert isinstance(account.tokens, TokenFile)
        account.tokens.path.write_bytes(orjson.dumps(winner.to_json()))

    assert AccessTokens(account, sleep=wait).get() == "theirs"
    assert waits == [1]


def test_a_winner_that_never_comes_is_not_waited_for_any_longer(
    account: Account, server: TokenServer
) -> None:
    server.answers.append((409, orjson.dumps(CONFLICT), JSON))
    waits: list[float] = []
    with pytest.raises(SourceUnavailableError, match="Another program"):
        AccessTokens(account, sleep=waits.append).get()
    assert waits == [1] * 10
    assert stored(account).refresh_token == FIRST


def test_a_database_that_is_down_is_no_reason_to_authorize(account: Account) -> None:
    url = "postgresql://a:hidden@127.0.0.1:9/none"
    own = load_settings({"SYNCBIT_STATE_URL": url}).account
    with pytest.raises(StateError, match="try again") as raised:
        AccessTokens(replace(account, tokens=own.tokens)).get()
    assert "hidden" not in str(raised.value)
