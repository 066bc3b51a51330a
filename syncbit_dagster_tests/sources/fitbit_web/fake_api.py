"""A server that answers what a test wants, over real HTTP: what is sent is what is seen."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING, Any

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.config import load_settings
from syncbit_dagster.quota import Budget
from syncbit_dagster.quota.quota import Quota
from syncbit_dagster.sources.fitbit_web import FitbitWebSource
from syncbit_dagster.sources.fitbit_web.scopes import SCOPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "eyJ.access.token"

Answer = tuple[int, bytes]


@dataclass
class Sent:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]


@dataclass
class FakeApi:
    """Where it listens, and what arrived."""

    url: str = ""
    sent: list[Sent] = field(default_factory=list)


def json_answer(content: Any, status: int = 200) -> Answer:
    return status, json.dumps(content).encode()


@contextmanager
def fake_api(answer: Callable[[str], Answer]) -> Iterator[FakeApi]:
    """Answer every GET by its path."""
    api = FakeApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            api.sent.append(Sent(self.path, dict(self.headers)))
            status, body = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def connected(url: str, directory: Path, **variables: str) -> Iterator[FitbitWebSource]:
    """A source with a token and an endless budget, which does not wait between tries."""
    settings = load_settings(
        {
            "SYNCBIT_PROVIDER": "fitbit_web",
            "DATA_DIR": str(directory),
            "SYNCBIT_TIMEZONE": "America/New_York",
            "BACKFILL_START_DATE": "2009-01-01",
            "FITBIT_CLIENT_ID": "client",
            "FITBIT_API_URL": url,
            "FITBIT_TOKEN_URL": f"{url}/oauth2/token",
            "INTRADAY_HEART_RATE_DETAIL": "5min",
            **variables,
        },
        secrets_directory=directory / "no-secrets",
    )
    settings.account.tokens.save(
        Token(access_token=TOKEN, refresh_token="refresh", expires_at=4e9, scope=" ".join(SCOPES))
    )
    source = FitbitWebSource.connect(
        settings.account,
        interval_of=settings.interval_of,
    )
    api = source.client.api
    api.sleep = lambda _: None
    api.budget.close()
    clock = count(1_000_000)  # a second passes each time that somebody looks
    api.budget = Budget(Quota(10**6, 1), clock=lambda: float(next(clock)), sleep=lambda _: None)
    yield source
    source.close()
