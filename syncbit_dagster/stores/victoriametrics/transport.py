"""HTTP to a VictoriaMetrics: one session, and one place that turns failures into sentences.

A GET is tried three times. A POST never: the first one may have been stored although its answer
was lost, and VictoriaMetrics would keep both copies. The caller reads back instead.
"""

from __future__ import annotations

import logging
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import requests

from syncbit_dagster.stores.errors import StoreError, StoreRefusedError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncbit_dagster.stores.victoriametrics.endpoints import VictoriaMetricsConfig

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
GET_PAUSES = (0.2, 1.0)  # seconds between the tries of a GET
_PASSING = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Route:
    """One thing that is asked of the server.

    Attributes:
        endpoint: which base the path belongs to.
        does: what it does, for "may not ..." in a sentence.
        hint: what else to look at when the server says no.
    """

    endpoint: Literal["write", "read", "delete", "admin"]
    method: Literal["GET", "POST"]
    path: str
    does: str
    hint: str = ""


IMPORT = Route("write", "POST", "/api/v1/import", "write samples")
EXPORT = Route(
    "read",
    "GET",
    "/api/v1/export",
    "read samples",
    "or raise -search.maxSamplesPerSeries, -search.maxSamplesPerQuery and "
    "-search.maxExportDuration if the series are very long",
)
SERIES = Route("read", "GET", "/api/v1/series", "list series")
DELETE = Route(
    "delete",
    "POST",
    "/api/v1/admin/tsdb/delete_series",
    "delete series",
    "and give the key of -deleteAuthKey if the server has one; corrections need this right",
)
FLUSH = Route("admin", "GET", "/internal/force_flush", "flush", "or give -forceFlushAuthKey's key")
SNAPSHOT_CREATE = Route(
    "admin", "GET", "/snapshot/create", "create snapshots", "or give -snapshotAuthKey's key"
)
SNAPSHOT_DELETE = Route(
    "admin", "GET", "/snapshot/delete", "delete snapshots", "or give -snapshotAuthKey's key"
)
METRICS = Route("admin", "GET", "/metrics", "read its own metrics")


class RouteUnknownError(StoreRefusedError):
    """The server, or a proxy before it, has no such route (HTTP 400, 404 or 405)."""


class Transport:
    """A session that opens its first connection with the first request."""

    def __init__(
        self, config: VictoriaMetricsConfig, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._config = config
        self._endpoints = config.endpoints
        self._sleep = sleep
        self._session: requests.Session | None = None

    def call(
        self,
        route: Route,
        *,
        params: Mapping[str, str] | list[tuple[str, str]] | None = None,
        form: list[tuple[str, str]] | None = None,
        body: bytes | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """The answer, or the error that it means. The caller closes a streamed one.

        Raises:
            StoreUnavailableError: no answer, a timeout, or HTTP 429 and 5xx.
            RouteUnknownError: HTTP 400, 404, 405.
            StoreRefusedError: any other answer but 2xx.
        """
        pauses = list(GET_PAUSES) if route.method == "GET" else []
        while True:
            try:
                return self._once(route, params, form or body, stream)
            except StoreUnavailableError as error:
                if not pauses:
                    raise
                logger.info("Trying again: %s", error)
                self._sleep(pauses.pop(0))

    def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _once(
        self,
        route: Route,
        params: Mapping[str, str] | list[tuple[str, str]] | None,
        data: list[tuple[str, str]] | bytes | None,
        stream: bool,
    ) -> requests.Response:
        base = getattr(self._endpoints, route.endpoint)
        if base is None:
            raise RouteUnknownError(f"No URL is known to {route.does}; set {route.endpoint}_url.")
        url = f"{base}{route.path}"
        try:
            response = self._open().request(
                route.method,
                url,
                params=params,
                data=data,
                stream=stream,
                timeout=(CONNECT_SECONDS, self._config.timeout_seconds),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise failure(url, error) from error
        if response.status_code // 100 != 2:
            response.close()
            raise refusal(route, url, response.status_code)
        if route.method == "GET" and response.status_code != 200:
            # Taken for an empty store, this would cost what the store holds.
            response.close()
            raise StoreUnavailableError(
                f"{url} answers a question with nothing (HTTP {response.status_code}); look for a "
                "proxy that answers by itself."
            )
        return response

    def _open(self) -> requests.Session:
        if self._session is None:
            config, session = self._config, requests.Session()
            # Else ~/.netrc and REQUESTS_CA_BUNDLE would silently win over the configuration.
            session.trust_env = False
            # Compressing a year costs the server more than the whole answer does without.
            session.headers["Accept-Encoding"] = "identity"
            session.verify = str(config.ca_file) if config.ca_file else True
            if config.user and config.password:
                # By hand and in UTF-8: requests would send Latin-1, servers compare UTF-8.
                pair = f"{config.user}:{config.password}".encode()
                session.headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
            if config.bearer_token:
                session.headers["Authorization"] = f"Bearer {config.bearer_token}"
            self._session = session
        return self._session


def failure(url: str, error: Exception) -> StoreError:
    """What a request without a complete answer means. The original text may hold an URL's key."""
    if isinstance(error, requests.exceptions.SSLError):
        return StoreRefusedError(
            f"The TLS certificate of {url} is not trusted, or the port speaks no TLS: name the "
            "CA file of a private certificate, or begin the URL with http://."
        )
    if isinstance(error, requests.exceptions.Timeout):
        return StoreUnavailableError(
            f"{url} did not answer in time; look at the server's load, or raise the timeout."
        )
    return StoreUnavailableError(
        f"The connection to {url} failed ({type(error).__name__}): is VictoriaMetrics running "
        "there, and does the URL begin with https:// if it speaks TLS?"
    )


def refusal(route: Route, url: str, status: int) -> StoreError:
    """What an answer other than 2xx means. Its body stays unread: it may echo labels or keys."""
    hint = f", {route.hint}" if route.hint else ""
    if status in (401, 403):
        return StoreRefusedError(
            f"{url} refuses these credentials (HTTP {status}): set VICTORIA_USER and "
            f"VICTORIA_PASSWORD, or VICTORIA_BEARER_TOKEN, to an account that may "
            f"{route.does}{hint}."
        )
    if status in (400, 404, 405):
        # A port that speaks TLS answers plain HTTP with 400.
        tls = " Begin the URL with https:// if the port speaks TLS." if status == 400 else ""
        return RouteUnknownError(
            f"{url} does not {route.does} (HTTP {status}): a proxy must know these credentials "
            f"(VICTORIA_USER, VICTORIA_BEARER_TOKEN) and route {route.path} to VictoriaMetrics, "
            f"or {route.endpoint}_url must name where it answers{hint}.{tls}"
        )
    if status == 413:
        return StoreRefusedError(
            f"A proxy at {url} refuses a request body of at most 1 MB (HTTP 413): raise its limit "
            "(nginx: client_max_body_size 2m;)."
        )
    if status // 100 == 3:
        return StoreRefusedError(
            f"{url} redirects (HTTP {status}); give the URL that it redirects to."
        )
    if status in _PASSING or status // 100 == 5:
        return StoreUnavailableError(
            f"{url} failed to {route.does} (HTTP {status}); look at the server's log."
        )
    return StoreRefusedError(f"{url} refused to {route.does} (HTTP {status}){hint}.")
