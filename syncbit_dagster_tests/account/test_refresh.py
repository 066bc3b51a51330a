"""Refreshing a token: what each answer of the token endpoint means, and what is stored."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from syncbit_dagster.account.state.place import StateError
from syncbit_dagster.account.token_file import TokenFile
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.emulator.fitbit_web.oauth import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_REFRESH_TOKEN,
)
from syncbit_dagster.emulator.server import RunningEmulator, running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.sources.errors import (
    NotAuthorizedError,
    ProviderRetiredError,
    SourceUnavailableError,
)
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster_tests.account.token_server import FIRST, TokenServer
from syncbit_dagster_tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.account.account import Account

JSON = {"Content-Type": "application/json"}


def stored(account: Account) -> Token:
    token = account.tokens.load()
    assert token is not None
    return token


def tokens(account: Account, waits: list[float] | None = None) -> AccessTokens:
    return AccessTokens(account, sleep=(waits if waits is not None else []).append)


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
HTML = b"<html>hidden-token</html>"


@pytest.mark.parametrize(
    ("status", "body", "error", "cure"),
    [
        (400, FITBIT_GRANT, NotAuthorizedError, AGAIN),
        (401, FITBIT_GRANT, NotAuthorizedError, AGAIN),
        (400, {"error": "invalid_grant"}, NotAuthorizedError, AGAIN),
        (401, {"errors": [{"errorType": "invalid_token"}]}, NotAuthorizedError, AGAIN),
        (401, FITBIT_CLIENT, NotAuthorizedError, "FITBIT_CLIENT_ID and FITBIT_CLIENT_SECRET"),
        (401, {"error": "unauthorized_client"}, NotAuthorizedError, "FITBIT_CLIENT_ID"),
        (400, {"error": "redirect_uri_mismatch"}, NotAuthorizedError, "FITBIT_REDIRECT_URI"),
        (400, {"error": "hidden-token"}, SourceUnavailableError, LATER),
        (400, HTML, SourceUnavailableError, LATER),
        (403, FITBIT_GRANT, SourceUnavailableError, LATER),
        (404, FITBIT_GRANT, SourceUnavailableError, LATER),
        (429, {"error": "rate_limited"}, SourceUnavailableError, LATER),
        (500, {"error": "internal_failure"}, SourceUnavailableError, LATER),
        (502, HTML, SourceUnavailableError, LATER),
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


def test_a_redirect_takes_no_secret_elsewhere(account: Account, server: TokenServer) -> None:
    server.answers.append((307, b"", {"Location": "http://127.0.0.1:9/steal"}))
    with pytest.raises(SourceUnavailableError, match="TooManyRedirects"):
        tokens(account).get()


def test_a_server_that_does_not_answer(account: Account) -> None:
    away = replace(account, oauth=replace(account.oauth, token_url="http://127.0.0.1:9/token"))
    with pytest.raises(SourceUnavailableError, match=LATER):
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
def test_a_winner_that_knew_no_lock_is_used(account: Account, server: TokenServer) -> None:
    """Its refresh was first (on a network file system, say); then its token is there."""
    winner = Token(access_token="theirs", refresh_token="next", expires_at=time.time() + 3600)
    server.answers.append((400, orjson.dumps(FITBIT_GRANT), JSON))
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        _file(account).write_bytes(orjson.dumps(winner.to_json()))

    assert AccessTokens(account, sleep=wait).get() == "theirs"
    assert waits == [1]


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    person = SyntheticPerson(zone=ZoneInfo("UTC"), first_day=date(2025, 1, 1), seed=1)
    with running_emulator(person) as running:
        yield running


@pytest.fixture
def emulated(emulator: RunningEmulator, tmp_path: Path) -> Account:
    own = load_settings(
        {
            "SYNCBIT_PROVIDER": "fitbit_web",
            "FITBIT_CLIENT_ID": DEMO_CLIENT_ID,
            "FITBIT_CLIENT_SECRET": DEMO_CLIENT_SECRET,
            "FITBIT_TOKEN_URL": f"{emulator.url}/oauth2/token",
            "DATA_DIR": str(tmp_path / "data"),
        },
        secrets_directory=tmp_path / "none",
    ).account
    own.tokens.save(Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0))
    return own


def test_the_emulator_of_fitbit_is_refreshed(emulated: Account) -> None:
    first = tokens(emulated).get()
    assert tokens(emulated).get() == first
    assert tokens(emulated).get(rejected=first) != first
    assert stored(emulated).refreshes == 2


def test_a_conflict_waits_for_the_winner(emulator: RunningEmulator, emulated: Account) -> None:
    """Two installations without a common lock refresh one token: the second gets 409."""
    copy = replace(emulated, tokens=TokenFile(_file(emulated).with_name("copy.json")))
    copy.tokens.save(stored(emulated))
    waits: list[float] = []
    with emulator.fitbit_web.slow_refreshes():
        winner = threading.Thread(target=tokens(copy).get)
        winner.start()
        consent: Any = emulator.fitbit_web._service.consent
        wait_for(lambda: consent._in_progress or None, 30, "the winner's refresh", pause=0.001)
        with pytest.raises(SourceUnavailableError, match="Another program"):
            tokens(emulated, waits).get()
        assert waits == [1] * 10
    winner.join(10)

    def bring(_: float) -> None:
        _file(emulated).write_bytes(_file(copy).read_bytes())

    assert AccessTokens(emulated, sleep=bring).get() == stored(copy).access_token


def test_an_api_that_was_turned_off(emulator: RunningEmulator, emulated: Account) -> None:
    emulator.fitbit_web.retire()
    with pytest.raises(ProviderRetiredError, match="SYNCBIT_PROVIDER=google_health"):
        tokens(emulated).get()


def test_a_database_that_is_down_is_no_reason_to_authorize(account: Account) -> None:
    url = "postgresql://a:hidden@127.0.0.1:9/none"
    own = load_settings({"SYNCBIT_STATE_URL": url}).account
    with pytest.raises(StateError, match="try again") as raised:
        AccessTokens(replace(account, tokens=own.tokens)).get()
    assert "hidden" not in str(raised.value)


def _file(account: Account) -> Path:
    assert isinstance(account.tokens, TokenFile)
    return account.tokens.path
