"""Tokens, requests and limits, with several processes at work."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import requests

from syncbit_dagster.account.state import database
from syncbit_dagster.account.token_file import TokenFile
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.cli.main import main
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.sources.oauth.consent import Consent
from syncbit_dagster_tests.account.token_server import FIRST, TokenServer, running_token_server
from syncbit_dagster_tests.account.workers import get_each_round
from syncbit_dagster_tests.daemon_bugs.stage import NOON, Stage
from syncbit_dagster_tests.defs.running import failure_of
from syncbit_dagster_tests.processes import Processes, new_barrier
from syncbit_dagster_tests.victoriametrics import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.account.account import Account

pytestmark = pytest.mark.victoriametrics

ROUNDS = 5
DAYS = DayRange(NOON.date().replace(day=20), NOON.date().replace(day=22))


@pytest.fixture
def token_server() -> Iterator[TokenServer]:
    with running_token_server() as one:
        yield one


@pytest.fixture
def account(token_server: TokenServer, tmp_path: Path) -> Account:
    variables = {
        "SYNCBIT_PROVIDER": "fitbit_web",
        "FITBIT_CLIENT_ID": "client",
        "FITBIT_CLIENT_SECRET": "client-secret",
        "FITBIT_TOKEN_URL": token_server.url,
        "FITBIT_REDIRECT_URI": f"http://localhost:{free_port()}/callback",
        "DATA_DIR": str(tmp_path / "data"),
    }
    own = load_settings(variables, secrets_directory=tmp_path / "none").account
    own.tokens.save(Token(access_token="expired", refresh_token=FIRST, expires_at=0))
    return own


def require_one_refresh_a_round(server: TokenServer, rounds: int) -> None:
    """A refresh token works once: who comes second has to use what the first one got."""
    assert (server.refreshes, server.refused) == (rounds, 0)


def test_two_processes_refresh_once(account: Account, token_server: TokenServer) -> None:
    """B10: two threads could spend the same refresh token, and the account was lost."""
    processes, barrier = Processes(), new_barrier(3)
    for _ in range(2):
        processes.start(get_each_round, account, barrier, ROUNDS)
    for _ in range(ROUNDS):
        barrier.wait()
        token = account.tokens.load()
        assert token is not None
        account.tokens.save(replace(token, expires_at=0))
        barrier.wait()
        barrier.wait()
    first, second = processes.results()
    assert first == second
    require_one_refresh_a_round(token_server, ROUNDS)


def test_the_old_way_spends_a_token_twice(token_server: TokenServer, tmp_path: Path) -> None:
    """B10: the proof above can fail."""
    file = tmp_path / "fitbit_tokens.json"
    file.write_bytes(orjson.dumps({"refresh_token": FIRST}))
    both_have_read = threading.Barrier(2, timeout=30)

    def refresh() -> None:
        form = {"grant_type": "refresh_token", **orjson.loads(file.read_bytes())}
        both_have_read.wait()
        answer = requests.post(token_server.url, data=form, timeout=30)
        if answer.ok:
            file.write_bytes(orjson.dumps({"refresh_token": answer.json()["refresh_token"]}))

    threads = [threading.Thread(target=refresh) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(AssertionError):
        require_one_refresh_a_round(token_server, 1)


def test_a_write_that_breaks_off_leaves_the_token_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B10: the token file was opened for writing first, so a crash left half of it."""
    place = TokenFile(tmp_path / "tokens.json")
    before = Token("access-1", "refresh-1", expires_at=1)
    place.save(before)

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", broken)
        with pytest.raises(ConfigError, match="No space left"):
            place.save(Token("access-2", "refresh-2", expires_at=2))
    assert place.load() == before
    assert place.path.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} <= {"tokens.json", "tokens.lock"}


@pytest.mark.parametrize("provider", ["demo", "fitbit_web"])
def test_an_access_token_that_ended_early_is_replaced(stage: Stage, provider: str) -> None:
    """B10: an answer 401 was an error, whatever the refresh token was good for."""
    assert stage.materialize("heart_rate", DAYS, SYNCBIT_PROVIDER=provider).success
    stage.go_to(NOON)  # its end is hours away as far as we know
    stage.requests()
    assert stage.materialize("heart_rate", DAYS, SYNCBIT_PROVIDER=provider).success
    assert 401 in {status for _, _, status in stage.requests()}


def test_consent_is_asked_for_with_state_and_challenge(account: Account) -> None:
    """B10: any page could have sent a code to the daemon's listener."""
    urls = []
    for _ in range(2):
        with Consent(account.oauth, ["activity"]) as consent:
            urls.append(parse_qs(urlsplit(consent.url).query))
    for query in urls:
        assert query["code_challenge_method"] == ["S256"]
        assert len(query["state"][0]) >= 22
    assert urls[0]["state"] != urls[1]["state"]
    assert urls[0]["code_challenge"] != urls[1]["code_challenge"]


@pytest.mark.parametrize("provider", ["demo", "fitbit_web"])
def test_no_request_waits_for_ever(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    """B10: requests for data had no timeout."""
    timeouts: list[Any] = []
    send = requests.Session.send

    def recorded(session: requests.Session, request: Any, **options: Any) -> Any:
        timeouts.append(options.get("timeout"))
        return send(session, request, **options)

    monkeypatch.setattr(requests.Session, "send", recorded)
    assert stage.materialize("sleep", DAYS, SYNCBIT_PROVIDER=provider).success
    assert len(timeouts) > 3  # token, data, store
    assert all(timeouts)


@pytest.fixture
def twenty_past(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The hour's limit ends in 40 minutes, by the clock that counts requests too."""
    clock = SimpleNamespace(time=lambda: stage.clock[0].timestamp())
    monkeypatch.setattr(database, "time", clock)
    return stage


def test_an_exhausted_limit_ends_the_run_and_nobody_asks_until_it_is_over(
    twenty_past: Stage,
) -> None:
    """B11: a 429 of the sleep endpoint said nothing of the limit, so the job slept for an hour."""
    stage, provider = twenty_past, {"SYNCBIT_PROVIDER": "fitbit_web"}
    stage.account.emulator.fitbit_web.fail_next(429, retry_after="2400")
    result = stage.materialize("sleep", DAYS, **provider)
    assert not result.success
    assert "13:00" in failure_of(result)  # when it may go on
    assert [status for *_, status in stage.requests()] == [429]

    assert not stage.materialize("heart_rate", DAYS, **provider).success
    assert not stage.requests()  # known to every process, for every kind of data

    stage.go_to(NOON.replace(hour=13))
    assert stage.materialize("sleep", DAYS, **provider).success
    assert {status for *_, status in stage.requests()} <= {200, 401}


def test_without_credentials_a_store_is_asked_without(stage: Stage) -> None:
    """B13: VictoriaMetrics could not be used without a user and a password."""
    settings = stage.settings()
    assert settings.victoria is not None
    assert (settings.victoria.user, settings.victoria.password) == (None, None)
    assert stage.materialize("heart_rate", DAYS).success
    assert stage.contents()


def test_health_is_what_works_now(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """B13: the liveness probe loaded the configuration, and proved nothing."""
    monkeypatch.chdir(tmp_path)
    nobody = f"http://127.0.0.1:{free_port()}"
    for name, value in (stage.account.environment | {"VICTORIA_ENDPOINT": nobody}).items():
        monkeypatch.setenv(name, value)
    assert main(["doctor"]) == 1
    (line,) = [one for one in capsys.readouterr().out.splitlines() if " store " in one]
    assert line.startswith("FAIL")
    assert nobody in line
