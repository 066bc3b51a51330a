"""A request that somebody waits for ends in time, whatever the provider does with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import requests

from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.quota import Budget
from syncbit_dagster.sources.errors import SourceError, SourceUnavailableError
from syncbit_dagster.sources.google_health.refusals import refusal
from syncbit_dagster.sources.http import ApiClient
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster.sources.oauth.token_endpoint import ADDRESSES, within
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PERSON = SyntheticPerson(zone=ZoneInfo("Asia/Kolkata"), first_day=date(2025, 1, 1), seed=1)
NOW = datetime(2025, 6, 1, tzinfo=UTC)
PATIENCE_SECONDS = 15.0


@dataclass
class Clock:
    """Stands still but for waits."""

    seconds: float = field(default_factory=NOW.timestamp)

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def answer(status: int, **headers: str) -> requests.Response:
    found = requests.Response()
    found.status_code = status
    found.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return found


def drop(clock: Clock, timeout: tuple[float, float]) -> requests.Response:
    clock.sleep(timeout[0] * ADDRESSES)
    raise requests.ConnectTimeout


def be_silent(clock: Clock, timeout: tuple[float, float]) -> requests.Response:
    clock.sleep(timeout[1])
    raise requests.ReadTimeout


def be_down(clock: Clock, timeout: tuple[float, float]) -> requests.Response:
    clock.sleep(min(1.0, timeout[1]))
    return answer(503)


def have_enough(_: Clock, timeout: tuple[float, float]) -> requests.Response:
    assert timeout[1] > 0
    return answer(429, Retry_After="4")


def be_busy(_: Clock, timeout: tuple[float, float]) -> requests.Response:
    assert timeout[1] > 0
    return answer(503, Retry_After="3600")


@pytest.fixture
def account(tmp_path: Path) -> Iterator[EmulatedAccount]:
    with emulated_account(PERSON, tmp_path, now=lambda: NOW) as account:
        yield account


@pytest.mark.parametrize(
    ("do", "sentence"),
    [
        (drop, "cannot be reached after 1 try; check the network"),
        (be_silent, "cannot be reached after 1 try; check the network"),
        (be_down, "answered 503 4 times; try again later"),
        (have_enough, "still answers 429 after 5 tries"),
        (be_busy, "answered 503 once; try again later"),
    ],
)
def test_a_request_ends_within_the_patience(
    account: EmulatedAccount,
    monkeypatch: pytest.MonkeyPatch,
    do: Callable[[Clock, tuple[float, float]], requests.Response],
    sentence: str,
) -> None:
    own, clock = account.settings().account, Clock()
    tokens = AccessTokens(own)
    tokens.get()
    api = ApiClient(
        own.api_url,
        tokens,
        Budget(own.quota, clock=clock, sleep=clock.sleep),
        refusal,
        sleep=clock.sleep,
        jitter=lambda: 0.0,
        monotonic=clock,
        patience_seconds=PATIENCE_SECONDS,
    )

    def request(*_: object, timeout: tuple[float, float], **__: Any) -> requests.Response:
        return do(clock, timeout)

    monkeypatch.setattr(api._session, "request", request)
    with pytest.raises(SourceError, match=sentence):
        api.get("/v4/users/me/settings")
    assert clock() - NOW.timestamp() <= PATIENCE_SECONDS + 5
    api.close()


def test_a_token_endpoint_that_is_silent_does_not_take_longer(
    account: EmulatedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, clock, timeouts = account.settings().account, Clock(), []

    def refresh_token(*_: object, timeout: tuple[float, float], **__: Any) -> None:
        timeouts.append(timeout)
        clock.sleep(timeout[1])
        raise requests.ReadTimeout

    monkeypatch.setattr("requests_oauthlib.OAuth2Session.refresh_token", refresh_token)
    budget = Budget(own.quota, clock=clock, sleep=clock.sleep)
    api = ApiClient(
        own.api_url,
        AccessTokens(own, patience_seconds=PATIENCE_SECONDS),
        budget,
        refusal,
        sleep=clock.sleep,
        monotonic=clock,
        patience_seconds=PATIENCE_SECONDS,
    )
    with pytest.raises(SourceUnavailableError, match=r"The token endpoint .* did not answer"):
        api.get("/v4/users/me/settings")
    assert timeouts == [(3.0, 15.0)]
    assert not account.emulator.calls
    api.close()


def test_without_hurry_a_request_takes_its_time() -> None:
    assert within((10, 120), float("inf")) == (10, 120)
    assert within((10, 120), 15.0) == (3.0, 15.0)
    assert within((10, 120), -1.0) == (0.2, 1.0)
