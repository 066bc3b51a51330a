"""Run the emulator on this computer: in a thread beside a test, or in the foreground."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from syncbit_dagster.emulator.fitbit_web.app import FitbitWeb
from syncbit_dagster.emulator.google_health.app import GoogleHealth
from syncbit_dagster.emulator.odd import Case, Odd
from syncbit_dagster.emulator.pace import Pace
from syncbit_dagster.emulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from syncbit_dagster.emulator.person import Person

_HOST = "127.0.0.1"


def _real_clock() -> datetime:
    return datetime.now(UTC)


class Emulator:
    """Every emulated provider of one person, as one ASGI application."""

    def __init__(
        self,
        person: Person,
        *,
        now: Callable[[], datetime] = _real_clock,
        quota_per_minute: int = 150,
        quota_per_hour: int = 150,
        has_empty_pages: bool = True,
        seconds_a_request: float = 0.0,
    ) -> None:
        self.google_health = GoogleHealth(
            person, now, quota_per_minute, has_empty_pages=has_empty_pages
        )
        self.fitbit_web = FitbitWeb(person, now, quota_per_hour)
        self.played: list[Case] = []
        self.app = Starlette(
            routes=[*self.google_health.routes(), *self.fitbit_web.routes()],
            middleware=[
                *([Middleware(Pace, seconds=seconds_a_request)] if seconds_a_request else []),
                Middleware(GZipMiddleware, minimum_size=1024, compresslevel=1),
                Middleware(Odd, played=self.played),
            ],
        )


class FitbitWebSwitches(Switches):
    """The Fitbit Web API of a running emulator, seen from a test."""

    def __init__(self, service: FitbitWeb) -> None:
        super().__init__(service)
        self._fitbit_web = service

    def retire(self) -> None:
        """The API is turned off: data and token addresses answer 410 from now on."""
        self._fitbit_web.is_retired = True

    @contextmanager
    def slow_refreshes(self) -> Iterator[None]:
        """Refreshes of tokens wait for the end of the block; meanwhile, others conflict."""
        self._fitbit_web.may_refresh.clear()
        try:
            yield
        finally:
            self._fitbit_web.may_refresh.set()


class RunningEmulator(Switches):
    """A running emulator, seen from a test: its address and its switches.

    Its own switches are those of the Google Health API; ``fitbit_web`` has the other ones.
    """

    def __init__(self, url: str, emulator: Emulator) -> None:
        super().__init__(emulator.google_health)
        self.url = url
        self.fitbit_web = FitbitWebSwitches(emulator.fitbit_web)
        self._played = emulator.played

    def play(self, *cases: Case) -> None:
        """Answer oddly from now on, as these cases say; without one, rightly."""
        self._played[:] = cases


class _Server(uvicorn.Server):
    """A server that says when it accepts requests."""

    def __init__(self, app: Starlette, accepting: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                # As long as real front ends; a connection that is closed while a request is on
                # its way costs the client a second one.
                timeout_keep_alive=240,
                timeout_graceful_shutdown=2,
            )
        )
        self._accepting = accepting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets=sockets)
        self._accepting()


@contextmanager
def running_emulator(
    person: Person,
    *,
    port: int = 0,
    now: Callable[[], datetime] = _real_clock,
    quota_per_minute: int = 150,
    quota_per_hour: int = 150,
    has_empty_pages: bool = True,
    seconds_a_request: float = 0.0,
) -> Iterator[RunningEmulator]:
    """Serve a person on 127.0.0.1 in a thread; port 0 takes any free one.

    ``quota_per_minute`` and ``has_empty_pages`` are of the Google Health API, ``quota_per_hour``
    is of the Fitbit Web API. With ``seconds_a_request`` requests are answered one after the other,
    each after this time.
    """
    emulator = Emulator(
        person,
        now=now,
        quota_per_minute=quota_per_minute,
        quota_per_hour=quota_per_hour,
        has_empty_pages=has_empty_pages,
        seconds_a_request=seconds_a_request,
    )
    accepting = threading.Event()
    server = _Server(emulator.app, accepting.set)
    with _listening(port) as (listener, url):
        thread = threading.Thread(
            target=server.run, args=([listener],), name="emulator", daemon=True
        )
        thread.start()
        try:
            while not accepting.wait(1.0):
                if not thread.is_alive():
                    raise RuntimeError("the emulator did not start")
            yield RunningEmulator(url, emulator)
        finally:
            server.should_exit = True
            thread.join()


def serve_forever(
    person: Person, port: int, on_ready: Callable[[str], None], *, odd: Case | None = None
) -> None:
    """Serve a person on 127.0.0.1 until interrupted; ``on_ready`` gets the base address.

    ``odd`` is a case that is played.
    """
    emulator = Emulator(person)
    emulator.played[:] = [odd] if odd else []
    with _listening(port) as (listener, url):
        _Server(emulator.app, lambda: on_ready(url)).run([listener])


@contextmanager
def _listening(port: int) -> Iterator[tuple[socket.socket, str]]:
    # Without the protocol named, asyncio leaves Nagle on and every answer takes 40 ms longer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        yield listener, f"http://{_HOST}:{listener.getsockname()[1]}"
