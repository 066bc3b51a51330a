"""One HTTP session for a provider's API: budget, tokens, bounded retries, one error per cause."""

from __future__ import annotations

import logging
import math
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import requests

from syncbit_dagster.core.civil import real_clock
from syncbit_dagster.quota import WaitTooLongError
from syncbit_dagster.quota.headers import told_by
from syncbit_dagster.sources.errors import (
    NotAuthorizedError,
    QuotaExceededError,
    QuotaWaitError,
    ServerFailedError,
    SourceUnavailableError,
    TooSlowError,
    UnexpectedResponseError,
)
from syncbit_dagster.sources.oauth.token_endpoint import within
from syncbit_dagster.sources.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet

    from syncbit_dagster.quota import Budget
    from syncbit_dagster.sources.errors import SourceError
    from syncbit_dagster.sources.oauth.access import AccessTokens

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = (10, 120)  # connect, read: a page of 10,000 points takes its time
TRIES = 6  # with the waits below: about a minute, which refills a per-minute quota
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
TRANSIENT = frozenset({429, 500, 502, 503, 504})


_NO_JSON = object()


@dataclass
class ApiClient:
    """Sends requests for one account. Not shared between threads.

    Attributes:
        base_url: the API's base, without a slash at its end.
        tokens: gives the bearer.
        budget: the request budget, shared with every process of the account.
        refusal: maps a final 4xx answer to the provider's own error.
        patience_seconds: how long a request may take in all; it is not tried again after that.
        traffic: what went over the line so far.
    """

    base_url: str
    tokens: AccessTokens
    budget: Budget
    refusal: Callable[[requests.Response], SourceError]
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic
    patience_seconds: float = math.inf
    traffic: Traffic = field(default_factory=Traffic, init=False)
    tries: int = field(default=TRIES, init=False)

    def __post_init__(self) -> None:
        self._session = requests.Session()
        # A server that has not answered all tries of one request gets one for each further request,
        # until it answers: an outage does not use up an hour's budget.
        self._is_down = False

    @property
    def sent(self) -> int:
        """Requests sent so far, repeats included."""
        return self.traffic.requests

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The JSON object that a GET answers."""
        return self._object(self._call("GET", path, TRANSIENT, params=params), path)

    def get_any(self, path: str) -> Any:
        """What a GET answers: an object, or a bare list."""
        return self._call("GET", path, TRANSIENT)

    def get_page(self, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The same for a page of a list.

        Raises:
            TooSlowError: 504, at once: the same large page would only time out again.
        """
        return self._object(self._call("GET", path, TRANSIENT - {504}, params=params), path)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object that a POST answers. For queries in a body: it may be repeated."""
        return self._object(self._call("POST", path, TRANSIENT, json=body), path)

    def pause(self, attempt: int, why: str) -> None:
        """Wait before something else is tried: the longer, the more has been tried."""
        self._pause(attempt, why, math.inf)

    def close(self) -> None:
        self._session.close()
        self.budget.close()

    def _call(self, method: str, path: str, transient: AbstractSet[int], **arguments: Any) -> Any:
        rejected: str | None = None
        until = self.monotonic() + self.patience_seconds
        tries = 1 if self._is_down else self.tries
        attempt = 0
        while True:
            token = self._token(rejected, until)
            response = self._send(method, path, token, arguments, until)
            self.traffic.rate_limited += response is not None and response.status_code == 429
            if response is not None and response.status_code == 401 and rejected is None:
                rejected, tries = (
                    token,
                    self.tries,
                )  # refreshed once, which is no try; a second 401 is final
                continue
            if response is not None and response.status_code not in transient:
                content = self._decode(response, path)
                if content is not _NO_JSON:
                    self._is_down = False
                    return content
            if attempt == tries - 1 or not self._waits(response, attempt, path, until):
                break
            attempt += 1
        self._is_down = response is None or response.status_code != 429
        raise self._given_up(response, attempt + 1)

    def _token(self, rejected: str | None, until: float) -> str:
        """A token; a token endpoint in trouble is asked again, as any other server."""
        for attempt in range(TRIES - 1):
            try:
                return self.tokens.get(rejected=rejected)
            except SourceUnavailableError as error:
                if not self._pause(attempt, str(error), until):
                    raise
        return self.tokens.get(rejected=rejected)

    def _waits(
        self, response: requests.Response | None, attempt: int, path: str, until: float
    ) -> bool:
        """Whether there is time for one more try; then it is the moment for it."""
        if self._waits_in_budget(response):
            return self.monotonic() < until
        return self._backs_off(response, attempt, path, until)

    def _waits_in_budget(self, response: requests.Response | None) -> bool:
        """Whether the next turn comes when the provider wants it, without a wait of our own."""
        return (
            response is not None
            and response.status_code == 429
            and self.budget.learn(429, response.headers)
        )

    def _send(
        self, method: str, path: str, token: str, arguments: dict[str, Any], until: float
    ) -> requests.Response | None:
        """One try; None if there was no answer."""
        try:
            self.budget.wait_for_turn()
        except WaitTooLongError as wait:
            raise QuotaWaitError(str(wait), wait.resume_at) from None
        self.traffic.requests += 1
        try:
            response = self._session.request(
                method,
                self.base_url + path,
                headers={"Authorization": f"Bearer {token}"},
                timeout=within(TIMEOUT_SECONDS, until - self.monotonic()),
                allow_redirects=False,
                **arguments,
            )
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,  # the connection broke within the body
            requests.exceptions.ContentDecodingError,
        ):
            log.warning("%s %s: no answer that can be read", method, path)
            return None
        log.debug("%s %s: %s", method, path, response.status_code)
        if response.status_code != 429:
            self.budget.learn(response.status_code, response.headers)
        return response

    def _decode(self, response: requests.Response, path: str) -> Any:
        if response.status_code == 401:
            raise NotAuthorizedError(
                f"{self._host} refuses the access token, a new one too; run `syncbit authorize` "
                "again."
            )
        if response.status_code == 504:
            raise TooSlowError(
                f"{self._host} answered 504 even for small pages of {path}; try again later."
            )
        if response.status_code != 200:
            raise self.refusal(response)
        try:
            content = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            return _NO_JSON  # half a body, or a page of something in between: as good as a 502
        if self.traffic.observer is not None:
            self.traffic.observer(path, response.status_code, content)
        return content

    def _object(self, content: Any, path: str) -> dict[str, Any]:
        if not isinstance(content, dict):
            raise UnexpectedResponseError(f"{self._host} answered {path} with no JSON object.")
        return content

    def _backs_off(
        self, response: requests.Response | None, attempt: int, path: str, until: float
    ) -> bool:
        """Wait as long as the server says, else twice as long as the last time, with jitter."""
        status = response.status_code if response is not None else "no answer"
        headers = response.headers if response is not None else {}
        least = told_by(429, headers, real_clock()).retry_after or 0.0
        return self._pause(attempt, f"{path}: {status}", until, least)

    def _pause(self, attempt: int, why: str, until: float, at_least: float = 0.0) -> bool:
        """Wait before the next try; False, at once, if there is no time for that."""
        wait = FIRST_WAIT_SECONDS * 2**attempt * (1 + self.jitter() / 2)
        wait = min(max(wait, at_least), LONGEST_WAIT_SECONDS)
        if self.monotonic() + wait >= until:
            return False
        log.warning("%s; next try in %.1f s", why, wait)
        self.sleep(wait)
        return True

    def _given_up(self, response: requests.Response | None, tries: int) -> SourceError:
        tried = f"{tries} tries" if tries > 1 else "1 try"
        if response is None:
            return SourceUnavailableError(
                f"{self._host} cannot be reached after {tried}; check the network and try again "
                "later."
            )
        if response.status_code == 429:
            return QuotaExceededError(
                f"{self._host} still answers 429 after {tried}; another program uses this "
                "account's quota: lower SYNCBIT_REQUESTS_PER_MINUTE or try again later."
            )
        times = f"{tries} times" if tries > 1 else "once"
        if response.status_code == 200:
            return UnexpectedResponseError(
                f"{self._host} answered {times} with status 200 and no JSON; something between it "
                "and this machine (a proxy, a login page) may answer in its place."
            )
        return ServerFailedError(
            f"{self._host} answered {response.status_code} {times}; try again later.",
            str(response.status_code),
        )

    @property
    def _host(self) -> str:
        return urlsplit(self.base_url).netloc
