"""A strict token endpoint: refresh tokens that work once, and a log of everything it did."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson

from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST = "refresh-0"
LIFE_SECONDS = 28_800


class TokenServer(ThreadingHTTPServer):
    """Rotates one chain of refresh tokens; ``answers`` overrides what comes next.

    Attributes:
        issued: every refresh token that was handed out, the first one included.
        refused: how many requests came with a spent token.
        delay: seconds between a refresh and its answer, in which a client may die.
        rotates: whether an answer brings a new refresh token.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/token"
        self.issued = [FIRST]
        self.refreshes = 0
        self.refused = 0
        self.delay = 0.0
        self.rotates = True
        self.answers: list[tuple[int, bytes, dict[str, str]]] = []
        self.changed = threading.Lock()
        self._accepted: set[Any] = set()
        self._under_way = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.changed:
            self._accepted.add(client_address)
            self._under_way += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self.changed:
            self._under_way -= 1

    def finish(self) -> None:
        """Return when all that was sent until now is done: connections are taken in order."""
        with socket.create_connection(("127.0.0.1", self.server_port)) as last:
            own = last.getsockname()
            last.shutdown(socket.SHUT_WR)
            wait_for(
                lambda: (own in self._accepted and not self._under_way) or None,
                HANGS_SECONDS,
                "the answers",
                pause=0.001,
            )

    def refresh(self, spent: str) -> tuple[int, dict[str, object]]:
        with self.changed:
            if spent != self.issued[-1]:
                self.refused += 1
                sentence = f"Refresh token invalid: {spent}."  # the real one quotes it, too
                error = {"errorType": "invalid_grant", "message": sentence}
                return 400, {"errors": [error], "success": False}
            self.refreshes += 1
            answer: dict[str, object] = {
                "access_token": f"access-{self.refreshes}-{secrets.token_hex(8)}",
                "expires_in": LIFE_SECONDS,
                "scope": "activity sleep",
                "token_type": "Bearer",
            }
            if self.rotates:
                self.issued.append(f"refresh-{self.refreshes}-{secrets.token_hex(8)}")
                answer["refresh_token"] = self.issued[-1]
            return 200, answer


class _Handler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = {"Content-Type": "application/json"}
        if self.server.answers:
            status, content, headers = self.server.answers.pop(0)
        else:
            status, answer = self.server.refresh(parse_qs(body)["refresh_token"][0])
            content = orjson.dumps(answer)
            time.sleep(self.server.delay)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running_token_server() -> Iterator[TokenServer]:
    """A server in a thread, until the block ends."""
    with TokenServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
