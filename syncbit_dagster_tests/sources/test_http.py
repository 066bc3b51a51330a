"""The API client against the emulator's faults: what is repeated, what is refused, what is said."""

from __future__ import annotations

import logging
import stat
import threading
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.quota import Budget
from syncbit_dagster.sources.errors import (
    AccessRefusedError,
    NotAuthorizedError,
    PermissionMissingError,
    QuotaExceededError,
    QuotaWaitError,
    RequestRefusedError,
    SourceUnavailableError,
    TooSlowError,
    UnexpectedResponseError,
)
from syncbit_dagster.sources.google_health.client import USER, GoogleHealthClient
from syncbit_dagster.sources.google_health.plan import ReadingsRequest
from syncbit_dagster.sources.google_health.refusals import refusal
from syncbit_dagster.sources.http import TRIES, ApiClient
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.sources.google_points import reading_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.account.tokens import Token

PERSON = SyntheticPerson(zone=ZoneInfo("Asia/Kolkata"), first_day=date(2025, 1, 1), seed=1)
NOW = datetime(2025, 6, 1, tzinfo=UTC)
SETTINGS = f"{USER}/settings"


@pytest.fixture
def account(tmp_path: Path) -> Iterator[EmulatedAccount]:
    with emulated_account(PERSON, tmp_path, now=lambda: NOW) as account:
        yield account


class Api(ApiClient):
    """A client whose waits are written down instead of slept, by a clock that they move."""

    def __init__(self, account: EmulatedAccount, **variables: str) -> None:
        own = account.settings(**variables).account
        self.waits: list[float] = []
        self.clock = NOW.timestamp()
        super().__init__(
            own.api_url,
            AccessTokens(own),
            Budget(own.quota, clock=lambda: self.clock, sleep=self.wait),
            refusal,
            sleep=self.wait,
            jitter=lambda: 0.0,
        )

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock += seconds


@pytest.fixture
def api(account: EmulatedAccount) -> Iterator[Api]:
    client = Api(account)
    yield client
    client.close()


def test_it_refreshes_before_the_first_request(account: EmulatedAccount, api: Api) -> None:
    assert GoogleHealthClient(api).settings()["timeZone"] == "Asia/Kolkata"
    stored = account.settings().account.tokens
    token = stored.load()
    assert token is not None
    assert token.access_token
    file = Path(stored.place)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_transient_answer_is_repeated_with_longer_and_longer_waits(
    account: EmulatedAccount, api: Api, status: int
) -> None:
    account.emulator.fail_next(status, times=3)
    assert api.get(SETTINGS)["timeZone"] == "Asia/Kolkata"
    assert api.waits == [1.0, 2.0, 4.0]
    assert api.sent == 4


def test_a_page_that_takes_too_long_is_halved(account: EmulatedAccount, api: Api) -> None:
    day = DayRange(date(2025, 5, 1), date(2025, 5, 1))
    request = ReadingsRequest(
        "heart-rate", reading_of("heart-rate"), day.start(PERSON.zone), day.end(PERSON.zone)
    )
    client = GoogleHealthClient(api)
    whole = [point for page in client.pages(request) for point in page]
    account.emulator.fail_next(504, times=2)
    again = [point for page in client.pages(request) for point in page]
    assert again == whole
    assert len(whole) > 5000
    assert api.waits == [1.0, 2.0]
    account.emulator.fail_next(504, times=20)
    with pytest.raises(TooSlowError, match="small pages"):
        list(client.pages(request))


def test_it_waits_as_long_as_the_server_asks(account: EmulatedAccount, api: Api) -> None:
    account.emulator.fail_next(429, retry_after="17")
    api.get(SETTINGS)
    assert api.waits == [17.0]


@pytest.mark.parametrize(
    ("status", "error"), [(429, QuotaExceededError), (503, SourceUnavailableError)]
)
def test_it_gives_up_after_some_tries(
    account: EmulatedAccount, api: Api, status: int, error: type[Exception]
) -> None:
    account.emulator.fail_next(status, times=TRIES)
    with pytest.raises(error, match=str(status)):
        api.get(SETTINGS)
    assert api.sent == TRIES
    assert sum(api.waits) >= 30


def test_an_outage_costs_one_try_a_request_until_it_is_over(
    account: EmulatedAccount, api: Api
) -> None:
    account.emulator.fail_next(503, times=TRIES + 2)
    for sent in (TRIES, TRIES + 1, TRIES + 2):
        with pytest.raises(SourceUnavailableError, match="503"):
            api.get(SETTINGS)
        assert api.sent == sent
    account.emulator.expire_access_tokens()  # a refused token is an answer, too
    assert api.get(SETTINGS)
    account.emulator.fail_next(503, times=TRIES - 1)
    assert api.get(SETTINGS)


def test_a_rejected_access_token_is_refreshed_once(account: EmulatedAccount, api: Api) -> None:
    api.get(SETTINGS)
    account.emulator.expire_access_tokens()
    assert api.get(SETTINGS)["timeZone"] == "Asia/Kolkata"
    assert api.sent == 3
    account.emulator.fail_next(401, times=2)
    with pytest.raises(NotAuthorizedError, match="a new one too"):
        api.get(SETTINGS)


def test_a_refresh_is_no_try(account: EmulatedAccount, api: Api) -> None:
    api.get(SETTINGS)
    account.emulator.fail_next(503, times=TRIES - 1)
    account.emulator.fail_next(401)  # the answer to the last try
    assert api.get(SETTINGS)["timeZone"] == "Asia/Kolkata"


@pytest.mark.parametrize("garbled", [TRIES - 1, TRIES])
def test_a_body_that_cannot_be_decoded_is_asked_for_again(api: Api, garbled: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        left = garbled

        def do_GET(self) -> None:
            Handler.left -= 1
            self.send_response(200)
            self.send_header("Content-Length", "2")
            if Handler.left >= 0:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api.get(SETTINGS)
        api.base_url = f"http://127.0.0.1:{server.server_port}"
        if garbled < TRIES:
            assert api.get(SETTINGS) == {}
        else:
            with pytest.raises(SourceUnavailableError, match="cannot be reached after"):
                api.get(SETTINGS)
        assert len(api.waits) == TRIES - 1
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "reason", "error", "cure"),
    [
        (403, "SERVICE_DISABLED", AccessRefusedError, "API library"),
        (403, "RESOURCE_PERMISSION_DENIED", PermissionMissingError, "connections"),
        (403, "SOMETHING_NEW", PermissionMissingError, "authorize"),
        (400, "INVALID_TIME_RANGE", RequestRefusedError, "defect"),
        (400, "eyJ0b2tlbg.secret", RequestRefusedError, "without a reason"),
    ],
)
def test_a_refusal_says_its_reason_and_the_cure(
    account: EmulatedAccount, api: Api, status: int, reason: str, error: type[Exception], cure: str
) -> None:
    body = {"error": {"code": status, "status": "X", "details": [{"reason": reason}]}}
    account.emulator.fail_next(status, body=body)
    with pytest.raises(error) as raised:
        api.get(SETTINGS)
    assert cure in str(raised.value)
    assert "secret" not in str(raised.value)
    assert api.sent == 1


def test_an_answer_that_is_no_object(account: EmulatedAccount, api: Api) -> None:
    account.emulator.fail_next(200, body=[1, 2])  # type: ignore[arg-type]
    with pytest.raises(UnexpectedResponseError, match="no JSON object"):
        api.get(SETTINGS)


def test_nobody_answers(api: Api) -> None:
    api.get(SETTINGS)
    api.base_url = "http://127.0.0.1:9"
    with pytest.raises(SourceUnavailableError, match="cannot be reached after"):
        api.get(SETTINGS)
    assert len(api.waits) == TRIES - 1


def test_a_token_endpoint_that_is_down_is_no_reason_to_authorize_again(
    account: EmulatedAccount,
) -> None:
    own = account.settings(GOOGLE_TOKEN_URL="http://127.0.0.1:9/token").account
    with pytest.raises(SourceUnavailableError, match="try again later"):
        AccessTokens(own).get()


def test_a_token_endpoint_in_trouble_is_asked_again(
    account: EmulatedAccount, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh, failures = AccessTokens._refresh, [503, 429]

    def fails_twice(self: AccessTokens, token: Token) -> Token:
        if failures:
            raise SourceUnavailableError(f"The token endpoint answered {failures.pop()}.")
        return refresh(self, token)

    monkeypatch.setattr(AccessTokens, "_refresh", fails_twice)
    assert api.get(SETTINGS)["timeZone"] == "Asia/Kolkata"
    assert api.waits == [1.0, 2.0]
    assert api.sent == len(account.emulator.calls) == 1
    failures += [503] * 100
    with pytest.raises(SourceUnavailableError, match="503"):
        api.tokens.get(rejected=api.tokens.get())
    account.emulator.expire_access_tokens()
    with pytest.raises(SourceUnavailableError, match="503"):
        api.get(SETTINGS)
    assert len(failures) == 100 - 1 - TRIES


def test_a_wait_that_is_too_long_ends_the_run_with_an_instant(
    account: EmulatedAccount, api: Api
) -> None:
    account.emulator.fail_next(429, retry_after="1800")
    with pytest.raises(QuotaWaitError, match="may go on at") as raised:
        api.get(SETTINGS)
    assert raised.value.resume_at == NOW + timedelta(seconds=1800)
    assert api.waits == []
    assert api.sent == 1


def test_the_budget_is_shared_with_others_of_the_account(account: EmulatedAccount) -> None:
    quota = {"SYNCBIT_REQUESTS_PER_MINUTE": "2"}
    one, other = Api(account, **quota), Api(account, **quota)
    one.get(SETTINGS)
    other.get(SETTINGS)
    one.clock = other.clock
    one.get(SETTINGS)
    assert one.clock == pytest.approx(NOW.timestamp() + 60, abs=1)
    one.close()
    other.close()


def test_a_wrong_client_secret_is_named(account: EmulatedAccount) -> None:
    own = account.settings(GOOGLE_CLIENT_SECRET="wrong").account
    with pytest.raises(NotAuthorizedError, match="GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET"):
        AccessTokens(own).get()


def test_a_token_that_another_process_refreshed_is_used(account: EmulatedAccount) -> None:
    own = account.settings().account
    first, second = AccessTokens(own), AccessTokens(own)
    token = first.get()
    assert second.get() == token
    # Both find it rejected; the second takes what the first one fetched.
    renewed = first.get(rejected=token)
    assert renewed != token
    assert second.get(rejected=token) == renewed


def test_no_token_is_ever_logged(
    account: EmulatedAccount, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api.get(SETTINGS)
    token = account.settings().account.tokens.load()
    assert token is not None
    assert caplog.text
    for secret in (token.access_token, token.refresh_token):
        assert secret not in caplog.text
        assert secret not in repr(token)
