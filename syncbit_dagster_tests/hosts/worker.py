"""What a run worker does on its host: one JSON command a line, one JSON answer a line."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from syncbit_dagster.account import Token
from syncbit_dagster.config import load_settings
from syncbit_dagster.opening import open_source, open_store
from syncbit_dagster.sources.errors import QuotaWaitError
from syncbit_dagster.sources.oauth import AccessTokens
from syncbit_dagster_tests.stores.builders import contents, series, slice_of, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.config import Settings

MINUTES = 1440
USER = "shared"


def values(number: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A day that tells who wrote it."""
    return np.arange(MINUTES, dtype=np.float64) % 50 + number


def authorize(settings: Settings, refresh_token: str) -> None:
    """What a person does once."""
    settings.account.tokens.save(Token("expired", refresh_token, expires_at=0))


def expire(settings: Settings) -> int:
    """Let the stored access token be over; how often it was refreshed."""
    with settings.account.tokens.locked() as held:
        token = held.load()
        assert token is not None
        held.save(replace(token, expires_at=0))
    return token.refreshes


def access(settings: Settings) -> str:
    """The access token, refreshed if need be."""
    return AccessTokens(settings.account).get()


def spend(settings: Settings, most: int) -> int:
    """Send requests until the budget is used up; how many."""
    source = open_source(settings, patience_seconds=1)
    sent = 0
    try:
        while sent < most:
            source.profile()
            sent = source.traffic.requests
    except QuotaWaitError:
        pass
    finally:
        source.close()
    return source.traffic.requests


def write(settings: Settings, number: int, days: list[int]) -> list[tuple[float, float]]:
    """Let days hold the values of a number; from when to when the lock was held."""
    store, spans = open_store(settings), []
    lock = store._lock  # type: ignore[attr-defined]

    @contextmanager
    def timed() -> Iterator[None]:
        with lock():
            began = time.monotonic()
            yield
            spans.append((began, time.monotonic()))

    store._lock = timed  # type: ignore[attr-defined]
    for day in days:
        store.replace(slice_of(USER, first=day), table(series(USER, values(number), first=day)))
    store.close()
    return spans


def stored(settings: Settings) -> list[tuple[int, float, int]]:
    """What the server holds, read past the store: instant, value, how often."""
    assert settings.victoria is not None
    found = contents(settings.victoria.url, f'{{user="{USER}"}}')
    return sorted((at, value, count) for (_, _, at, value), count in found.items())


COMMANDS = {one.__name__: one for one in (authorize, expire, access, spend, write, stored)}


def answer(content: object) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Until nobody asks any more."""
    settings = load_settings()
    answer("ready")
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        answer(COMMANDS[name](settings, *arguments))


if __name__ == "__main__":
    main()
