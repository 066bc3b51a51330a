"""Any number of people who do not exist, all over the world, and one process that emulates them.

Each has an address of their own, ``http://127.0.0.1:PORT/person_0007``, and behind it an emulated
provider with tokens, limits and data that are theirs alone.
"""

from __future__ import annotations

import secrets
import socket
from collections import Counter, OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from multiprocessing import get_context
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import requests
import uvicorn
from starlette.responses import JSONResponse

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.emulator.app_client import challenge_of
from syncbit_dagster.emulator.google_health.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from syncbit_dagster.emulator.google_health.scopes import READ_SCOPES
from syncbit_dagster.emulator.server import Emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    from starlette.types import Receive, Scope, Send

FIRST = date(2025, 10, 1)
MORNING = datetime.combine(date(2025, 10, 31), time(5))  # by everybody's own clock
# Days of some people at a time are in memory, 10 MB each; their tokens always are.
AWAKE = 8
COUNTS = "requests"
# An assumption: percent of all accounts, roughly as wearable devices are sold.
SHARES = {
    "America/Los_Angeles": 11,
    "America/Denver": 4,
    "America/Chicago": 14,
    "America/New_York": 22,
    "America/Sao_Paulo": 4,
    "Europe/London": 11,
    "Europe/Berlin": 16,
    "Europe/Helsinki": 3,
    "Asia/Kolkata": 4,
    "Asia/Singapore": 4,
    "Asia/Tokyo": 3,
    "Australia/Adelaide": 1,
    "Australia/Sydney": 3,
}
ZONES = [zone for zone, share in SHARES.items() for _ in range(share)]


@dataclass(frozen=True)
class Person:
    """Somebody's number, which all their data follows from, and zone."""

    number: int
    zone: ZoneInfo

    @property
    def name(self) -> str:
        return f"person_{self.number:04}"

    @property
    def tick(self) -> datetime:
        """When the daily schedule of their account is due."""
        return MORNING.replace(tzinfo=self.zone).astimezone(UTC)


def people(count: int) -> list[Person]:
    """So many, in the order of their mornings."""
    # A step that is coprime to 100 spreads few people over the world, too.
    everybody = [Person(number, ZoneInfo(ZONES[number * 37 % 100])) for number in range(count)]
    return sorted(everybody, key=lambda one: one.tick)


class Everybody:
    """An ASGI application: the first part of the path says whose provider answers."""

    def __init__(self, everybody: Sequence[Person]) -> None:
        self._counts: Counter[str] = Counter()
        self._people = {one.name: one for one in everybody}
        self._providers: dict[str, Emulator] = {}
        self._awake: OrderedDict[str, SyntheticPerson] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].split("/")[1]
        if name == COUNTS:
            await JSONResponse(self._counts)(scope, receive, send)
            return
        self._counts[name] += 1
        await self._provider_of(name).app({**scope, "root_path": f"/{name}"}, receive, send)

    def _provider_of(self, name: str) -> Emulator:
        one = self._people[name]
        if name not in self._providers:
            made = SyntheticPerson(one.zone, FIRST, seed=one.number)
            self._providers[name] = Emulator(made, now=lambda: one.tick)
        person = self._providers[name].google_health.person
        assert isinstance(person, SyntheticPerson)
        self._awake[name] = person
        self._awake.move_to_end(name)
        if len(self._awake) > AWAKE:
            _, tired = self._awake.popitem(last=False)
            tired.day.cache_clear()
            tired.sleep.cache_clear()
        return self._providers[name]


def serve(everybody: Sequence[Person], connection: Connection) -> None:
    """Serve until terminated; the base address goes to the other end."""
    config = uvicorn.Config(
        Everybody(everybody), http="h11", ws="none", lifespan="off", log_config=None
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        connection.send(f"http://127.0.0.1:{listener.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def emulated(everybody: Sequence[Person]) -> Iterator[tuple[str, int]]:
    """The base address and the process that serves all of them."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=serve, args=(everybody, there), daemon=True)
    process.start()
    try:
        assert process.pid is not None
        yield here.recv(), process.pid
    finally:
        process.terminate()
        process.join()


def consent(url: str) -> Token:
    """A person lets the demo client read everything; the first run gets its access token."""
    redirect, verifier = "http://127.0.0.1:1/", secrets.token_urlsafe(48)
    asked = {
        "client_id": DEMO_CLIENT_ID,
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": " ".join(READ_SCOPES),
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
        "access_type": "offline",
    }
    answer = requests.get(
        f"{url}/o/oauth2/v2/auth", asked, allow_redirects=False, timeout=30
    ).headers["location"]
    redeemed = {
        "grant_type": "authorization_code",
        "client_id": DEMO_CLIENT_ID,
        "client_secret": DEMO_CLIENT_SECRET,
        "code": parse_qs(urlsplit(answer).query)["code"][0],
        "code_verifier": verifier,
        "redirect_uri": redirect,
    }
    tokens = requests.post(f"{url}/token", redeemed, timeout=30).json()
    return Token(access_token="", refresh_token=tokens["refresh_token"], expires_at=0)


def counts(url: str) -> dict[str, int]:
    """How many requests each person's provider got so far, by name."""
    found: dict[str, int] = requests.get(f"{url}/{COUNTS}", timeout=30).json()
    return found
