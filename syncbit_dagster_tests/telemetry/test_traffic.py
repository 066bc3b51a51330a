"""What a client counts of its requests, against the waits and answers that it really had."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.quota import Budget
from syncbit_dagster.sources.errors import SourceUnavailableError
from syncbit_dagster.sources.google_health.client import USER
from syncbit_dagster.sources.google_health.refusals import refusal
from syncbit_dagster.sources.http import TRIES, ApiClient
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster.sources.traffic import Traffic
from syncbit_dagster_tests.defs.wearer import Wearer
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.telemetry.stage import NOON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster_tests.emulated import EmulatedAccount

SETTINGS = f"{USER}/settings"
LIMIT = 10

traffic = st.builds(
    Traffic, st.integers(0), st.integers(0), st.integers(0), st.integers(0).map(float)
)


class Api(ApiClient):
    """A client with a budget of :data:`LIMIT` a minute, by a clock that its own waits move."""

    def __init__(self, account: EmulatedAccount) -> None:
        own = account.settings(SYNCBIT_REQUESTS_PER_MINUTE=str(LIMIT)).account
        self.waits: list[float] = []
        super().__init__(
            own.api_url,
            AccessTokens(own),
            Budget(own.quota, clock=self.seconds, sleep=self.waits.append),
            refusal,
            sleep=self.waits.append,
            jitter=lambda: 0.0,
        )

    def seconds(self) -> float:
        return NOON.timestamp() + sum(self.waits)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[EmulatedAccount]:
    with emulated_account(Wearer(NOON - timedelta(hours=1)), tmp_path, now=lambda: NOON) as one:
        yield one


@pytest.fixture
def api(account: EmulatedAccount) -> Iterator[Api]:
    client = Api(account)
    yield client
    client.close()


def test_waits_for_the_budget_are_counted(api: Api) -> None:
    for _ in range(2 * LIMIT):
        api.get(SETTINGS)
    assert sum(api.waits) > 1
    assert api.traffic.wait_seconds == pytest.approx(sum(api.waits))
    assert api.traffic == Traffic(2 * LIMIT, wait_seconds=api.traffic.wait_seconds)


def test_a_refused_token_is_one_repeat(account: EmulatedAccount, api: Api) -> None:
    api.get(SETTINGS)
    account.emulator.expire_access_tokens()
    api.get(SETTINGS)
    assert [status for _, _, status in account.emulator.calls] == [200, 401, 200]
    assert api.traffic == Traffic(requests=3, retries=1)


def test_what_was_in_vain_is_counted_too(account: EmulatedAccount, api: Api) -> None:
    account.emulator.fail_next(503, times=TRIES)
    with pytest.raises(SourceUnavailableError):
        api.get(SETTINGS)
    assert api.traffic.wait_seconds == pytest.approx(sum(api.waits))
    assert api.traffic == Traffic(TRIES, TRIES - 1, wait_seconds=api.traffic.wait_seconds)


@given(first=traffic, then=traffic)
def test_a_difference_is_what_came_between(first: Traffic, then: Traffic) -> None:
    total = first + then
    assert (total.requests, total.retries) == (
        first.requests + then.requests,
        first.retries + then.retries,
    )
    rest = total - first
    assert (rest.requests, rest.retries, rest.rate_limited) == (
        then.requests,
        then.retries,
        then.rate_limited,
    )
    assert first + Traffic() == first
