"""What a run worker does on its host: one JSON command a line, one JSON answer a line."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.run_requests import range_run
from syncbit_dagster.factories import open_source, open_victoria, target_lock
from syncbit_dagster.sources.errors import QuotaWaitError
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster_tests.defs.running import metadata_of
from syncbit_dagster_tests.stores.builders import series, slice_of
from syncbit_dagster_tests.victoriametrics import contents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.config import Settings

# Dagster's log lines go elsewhere, so that each line there is an answer.
ANSWERS, sys.stdout = sys.stdout, sys.stderr
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
    assert settings.victoria is not None
    spans: list[tuple[float, float]] = []
    lock = target_lock(settings, settings.victoria)

    @contextmanager
    def timed() -> Iterator[None]:
        with lock():
            began = time.monotonic()
            yield
            spans.append((began, time.monotonic()))

    store = open_victoria(settings, settings.victoria, lock=timed)
    for day in days:
        store.replace(slice_of(USER, first=day), [series(USER, values(number), first=day)])
    store.close()
    return spans


def prepare(_settings: Settings) -> None:
    """Let Dagster make its tables."""
    _records().dispose()


def run(settings: Settings, asset: str, first: str, last: str) -> dict[str, Any]:
    """A run of the history over a range, with Dagster's records in PostgreSQL; what it did.

    Returns:
        Whether it ended well, the requests and samples of its days together, the days that Dagster
        has on its record, and what the store had to do: ``noop`` if it held all of it.
    """
    days = DayRange(date.fromisoformat(first), date.fromisoformat(last))
    with _records() as instance:
        result = (
            build_definitions(settings)
            .resolve_job_def("history")
            .execute_in_process(
                instance=instance,
                asset_selection=[dg.AssetKey(asset)],
                tags=range_run(days, "history", run_key="").tags,
                raise_on_error=False,
            )
        )
        said = metadata_of(instance, asset)
    return {
        "success": result.success,
        "requests": said[last]["requests"],
        "samples": sum(one["samples"] for one in said.values()),
        "days": sorted(said),
        "mode": said[last]["write_mode"],
    }


def samples_of(settings: Settings, metrics: str) -> list[int]:
    """How many samples the store holds of metrics (a pattern), and how many different ones."""
    assert settings.victoria is not None
    found = contents(settings.victoria.url, f'{{__name__=~"{metrics}"}}')
    return [sum(found.values()), len(found)]


def _records() -> dg.DagsterInstance:
    url = os.environ["SYNCBIT_STATE_URL"].replace("postgresql:", "postgresql+psycopg2:")
    home = Path(tempfile.mkdtemp())
    settings = {
        "storage": {"postgres": {"postgres_url": url}},
        "telemetry": {"enabled": False},
    }
    (home / "dagster.yaml").write_text(json.dumps(settings))  # JSON is YAML
    return dg.DagsterInstance.from_config(str(home))


def stored(settings: Settings) -> list[tuple[int, float, int]]:
    """What the server holds, read past the store: instant, value, how often."""
    assert settings.victoria is not None
    found = contents(settings.victoria.url, f'{{user="{USER}"}}')
    return sorted((at, value, count) for (_, _, at, value), count in found.items())


COMMANDS = {
    one.__name__: one
    for one in (authorize, expire, access, spend, write, prepare, run, samples_of, stored)
}


def answer(content: object) -> None:
    ANSWERS.write(json.dumps(content) + "\n")
    ANSWERS.flush()


def main() -> None:
    """Until nobody asks any more."""
    settings = load_settings()
    answer("ready")
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        answer(COMMANDS[name](settings, *arguments))


if __name__ == "__main__":
    main()
