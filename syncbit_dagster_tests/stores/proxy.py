"""An HTTP proxy before a real server that does one chosen thing wrong, once."""

from __future__ import annotations

import http.client
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Fault = Literal[
    "half of the request arrives",
    "done, then answered 500",
    "answered 204, not done",
    "answered 503, not done",
    "no answer, done late",
    "half of the answer arrives",
    "answered 200 by somebody else",
    "answered 200, empty",
]


class FaultProxy(ThreadingHTTPServer):
    """Passes requests on to 127.0.0.1:``port``; see :meth:`break_next`."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = port
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.was_late = threading.Event()
        self.may_pass = threading.Event()
        self.hidden: set[str] = set()  # paths that it does not route
        self._plan: tuple[str, int, Fault] | None = None
        self._guard = threading.Lock()

    def break_next(self, path: str, fault: Fault, after: int = 0) -> None:
        """Break one request to ``path``, the first or the one after ``after`` good ones."""
        self._plan = (path, after, fault)

    @property
    def is_pending(self) -> bool:
        """Whether the fault has not happened yet."""
        return self._plan is not None

    def fault_for(self, path: str) -> Fault | None:
        """What to do wrong with this request."""
        with self._guard:
            if self._plan is None or self._plan[0] != path:
                return None
            _, after, fault = self._plan
            self._plan = (path, after - 1, fault) if after else None
            return None if after else fault


@contextmanager
def proxy_to(port: int) -> Iterator[FaultProxy]:
    """A running proxy."""
    with FaultProxy(port) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.may_pass.set()
            proxy.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultProxy

    def do_GET(self) -> None:
        self._pass()

    def do_POST(self) -> None:
        self._pass()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _pass(self) -> None:
        body = self._body()
        path = self.path.partition("?")[0]
        if path in self.server.hidden:
            self._answer(404, b"")
            return
        fault = self.server.fault_for(path)
        match fault:
            case "half of the request arrives":
                self._forward(body, len(body) // 2)
                self.close_connection = True
            case "answered 204, not done":
                self._answer(204, b"")
            case "answered 503, not done":
                self._answer(503, b"")
            case "answered 200 by somebody else":
                self._answer(200, b"<!doctype html><title>Welcome to this proxy</title>")
            case "answered 200, empty":
                self._answer(200, b"")
            case "no answer, done late":
                self.server.may_pass.wait()
                self._forward(body)
                self.server.was_late.set()
                self.close_connection = True
            case _:
                status, content = self._forward(body)
                if fault == "done, then answered 500":
                    status, content = 500, b""
                self._answer(status, content, cut=fault == "half of the answer arrives")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _forward(self, body: bytes, sent: int | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=30)
        try:
            connection.putrequest(self.command, self.path)
            connection.putheader("Content-Length", str(len(body)))
            if kind := self.headers.get("Content-Type"):
                connection.putheader("Content-Type", kind)
            connection.endheaders(body[:sent])
            if sent is not None:
                return 0, b""
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _answer(self, status: int, content: bytes, *, cut: bool = False) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = cut
