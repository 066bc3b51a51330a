"""An HTTP proxy before a real server: it remembers every request, and breaks some of them."""

from __future__ import annotations

import http.client
import os
import socket
import struct
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HANG_SECONDS = 120.0  # nobody waits longer for a request that hangs
_OWN_HEADERS = {"connection", "content-length", "host", "server", "date", "transfer-encoding"}


@dataclass(frozen=True)
class Passed:
    """The server's own answer."""


@dataclass(frozen=True)
class Reset:
    """No answer; the connection is reset."""


@dataclass(frozen=True)
class Torn:
    """The server gets half of the request, and the client no answer."""


@dataclass(frozen=True)
class Cut:
    """Half of the server's answer, then the connection is reset."""


@dataclass(frozen=True)
class Hung:
    """Nothing until the fault is gone; only then the server gets the request."""


@dataclass(frozen=True)
class Late:
    """The server's own answer, after some seconds."""

    seconds: float


@dataclass(frozen=True)
class Canned:
    """An answer of the proxy's own; the server never sees the request."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class DoneThen:
    """The server gets the request and does it, but the client is told something else."""

    answer: Canned


@dataclass(frozen=True)
class Twice:
    """The server gets the request two times; the client sees the second answer."""


Reply = Passed | Reset | Torn | Cut | Hung | Late | Canned | DoneThen | Twice


@dataclass(frozen=True)
class Seen:
    """A request as the client sent it, the path with its query, and when (by `time.time`)."""

    method: str
    path: str
    body: bytes
    at: float = field(default_factory=time.time, compare=False)


@dataclass(frozen=True)
class Plan:
    """Which requests are broken, and how.

    Attributes:
        reply: what the client gets.
        path: a part of the path of those that count.
        after: how many of them pass before.
        times: how many are broken then; None: all until the fault is gone.
        every: of those, only each so many-th.
        act: what happens at the first of them, before the reply.
    """

    reply: Reply
    path: str = ""
    after: int = 0
    times: int | None = 1
    every: int = 1
    act: Callable[[], object] = field(default=lambda: None)

    def breaks(self, number: int) -> bool:
        """Whether the request with this number, from 0 on, is one of them."""
        turn, rest = divmod(number - self.after, self.every)
        return turn >= 0 and rest == 0 and (self.times is None or turn < self.times)


class Proxy(ThreadingHTTPServer):
    """Passes requests on to 127.0.0.1:``port``.

    Attributes:
        seen: every request, in order.
        answered: those whose answer 200 of the server's own was passed on, whole.
        broken: how many were broken.
    """

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = port
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.seen: list[Seen] = []
        self.answered: list[Seen] = []
        self.broken = 0
        self.is_healed = threading.Event()
        self.late_is_done = threading.Event()  # a request that hung has been answered
        self._plan: Plan | None = None
        self._matched = 0
        self._guard = threading.Lock()

    def plan(self, plan: Plan) -> None:
        """Break requests from now on."""
        self._plan = plan

    def heal(self) -> None:
        """Break no more requests; those that hang go on."""
        self._plan = None
        self.is_healed.set()

    def reply_to(self, request: Seen) -> Reply:
        """Remember a request, and say what becomes of it."""
        with self._guard:
            self.seen.append(request)
            plan = self._plan
            if plan is None or plan.path not in request.path:
                return Passed()
            number, self._matched = self._matched, self._matched + 1
            if not plan.breaks(number):
                return Passed()
            self.broken += 1
            if number == plan.after:
                plan.act()
            return plan.reply

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is nothing to talk about."""


@contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """A running proxy."""
    with Proxy(port) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.heal()
            proxy.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        body = self._body()
        request = Seen(self.command, self.path, body)
        reply = self.server.reply_to(request)
        if isinstance(reply, Hung | Late):
            self.server.is_healed.wait(getattr(reply, "seconds", HANG_SECONDS))
        if isinstance(reply, Reset):
            self._reset()
        elif isinstance(reply, Torn):
            self._forward(body, half=True)
            self._reset()
        elif isinstance(reply, Canned):
            self._answer(reply)
        else:
            self._pass(request, reply)

    def _pass(self, request: Seen, reply: Reply) -> None:
        try:
            if Twice() == reply:
                self._forward(request.body)
            answer = self._forward(request.body)
        except (OSError, http.client.HTTPException):  # the server is dead, or died meanwhile
            self._reset()
            return
        if isinstance(reply, Hung):
            self.server.late_is_done.set()
        self._answer(reply.answer if isinstance(reply, DoneThen) else answer, Cut() == reply)
        if answer.status == 200 and not isinstance(reply, Cut | DoneThen):
            self.server.answered.append(request)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _forward(self, body: bytes, *, half: bool = False) -> Canned:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.server.upstream, timeout=HANG_SECONDS
        )
        kept = {k: v for k, v in self.headers.items() if k.lower() not in _OWN_HEADERS}
        try:
            if half:
                connection.putrequest(self.command, self.path)
                connection.putheader("Content-Length", str(len(body)))
                connection.endheaders(body[: len(body) // 2])
                return Canned(0)
            connection.request(self.command, self.path, body, kept)
            response = connection.getresponse()
            return Canned(response.status, response.read(), tuple(response.getheaders()))
        finally:
            connection.close()

    def _answer(self, answer: Canned, is_cut: bool = False) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if is_cut:
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self._reset()
        else:
            self.wfile.write(answer.body)

    def _reset(self) -> None:
        """Close as a machine does whose process is gone: at once, with RST."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(self.connection.detach())
