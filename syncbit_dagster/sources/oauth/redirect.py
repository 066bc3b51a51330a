"""How the consent page's answer comes back: a listener on loopback, or an address that is pasted.

The listener accepts nothing but the one redirect that it waits for: the right path, a ``Host`` of
this machine (a page elsewhere whose name was made to point here has another one), the right state.
"""

from __future__ import annotations

import hmac
import html
import os
import select
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.sources.oauth.token_endpoint import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_SECONDS = 2.0  # for a browser that opens a connection ahead and sends nothing
PIECE_BYTES = 65_536
_DOCUMENT = """<!doctype html><meta charset="utf-8"><title>SyncBit</title>
<body style="font:18px system-ui;max-width:36em;margin:4em auto;padding:0 1em">
<h1>{title}</h1><p>{text}</p>"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address holds the code
    "Connection": "close",
}


@dataclass(frozen=True)
class Redirect:
    """What the browser brought back: a code, or the word of an error."""

    code: str | None
    error: str | None


@dataclass(frozen=True)
class Page:
    """What the browser shows."""

    status: int
    title: str
    text: str


NOT_HERE = Page(404, "Not here", "This page waits for the consent page's redirect only.")


def read_redirect(address: str, redirect_uri: str, state: str) -> Redirect | None:
    """The answer in an address, or None if it is not the one that is waited for.

    Args:
        address: a path with a query, or a whole URL.
        redirect_uri: where the consent page sends the browser.
        state: what tells our request from everybody else's.
    """
    try:
        given, expected = urlsplit(address.strip()), urlsplit(redirect_uri)
        if given.netloc and (given.hostname not in LOOPBACK or given.port != expected.port):
            return None
        query = {name: values[0] for name, values in parse_qs(given.query).items()}
    except ValueError:
        return None
    is_ours = (given.path or "/") == (expected.path or "/") and hmac.compare_digest(
        query.get("state", "").encode(), state.encode()
    )
    if not is_ours or not (query.get("code") or query.get("error")):
        return None
    return Redirect(None if query.get("error") else query["code"], query.get("error"))


class Listener(TCPServer):
    """A server on the loopback redirect; ``receive`` gets each address and says what to show."""

    allow_reuse_address = True

    def __init__(self, redirect_uri: str, receive: Callable[[str], Page]) -> None:
        port = urlsplit(redirect_uri).port or 80
        self.receive = receive
        self.hosts = {f"{host}:{port}" for host in ("localhost", "127.0.0.1")}
        if port == 80:
            self.hosts |= {"localhost", "127.0.0.1"}
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise ConfigError(
                f"Cannot listen on {redirect_uri} ({error.strerror}); free the port or set "
                "FITBIT_REDIRECT_URI to another loopback port."
            ) from None


class _Handler(BaseHTTPRequestHandler):
    """Answers the browser."""

    server: Listener
    timeout = PATIENCE_SECONDS

    def do_GET(self) -> None:
        is_for_us = (self.headers.get("Host") or "").lower() in self.server.hosts
        page = self.server.receive(self.path) if is_for_us else NOT_HERE
        content = _DOCUMENT.format(
            title=html.escape(page.title), text=html.escape(page.text)
        ).encode()
        self.send_response(page.status)
        for name, value in {**_HEADERS, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: the request line holds the code."""


def arrivals(listener: Listener, pasted: int | None) -> Iterator[str]:
    """Serve the listener, and give each line that comes on a descriptor meanwhile.

    Yields an empty text after each request that was served, so that the caller can stop.
    """
    watched: list[Listener | int] = [listener] if pasted is None else [listener, pasted]
    rest = b""
    while True:
        for ready in select.select(watched, [], [])[0]:
            if ready is listener:
                listener.handle_request()
                yield ""
                continue
            piece = os.read(pasted or 0, PIECE_BYTES)
            if not piece:  # closed: only the listener is left
                watched.remove(ready)
            *lines, rest = (rest + piece).split(b"\n")
            yield from (line.decode(errors="replace") for line in lines)
