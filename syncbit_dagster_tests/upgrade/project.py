"""A project folder at work: token, count of requests, profile, DuckDB file, Dagster's records."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import dagster as dg

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import ONE_DAY, DayRange, day_start
from syncbit_dagster.emulator.google_health.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_store
from syncbit_dagster.quota import Budget
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.dagster_process import copy_of_the_root
from syncbit_dagster_tests.emulated import emulated_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.config import Settings

ZONE = ZoneInfo("Europe/Berlin")
DAYS = DayRange(date(2025, 10, 24), date(2025, 10, 28))  # with one of 25 hours
NEXT_DAYS = DayRange(date(2025, 10, 29), date(2025, 10, 30))
ASSETS = ("activity_summary", "sleep", "body")
STATE = (".syncbit", ".dagster_home")


@contextmanager
def settings_in(folder: Path, elsewhere: Path) -> Iterator[Settings]:
    """The settings of the account of a folder, whose provider answers."""
    person = SyntheticPerson(ZONE, DAYS.first, seed=3)
    with emulated_account(person, elsewhere, now=lambda: datetime.now(UTC)) as account:
        yield account.settings(
            SYNCBIT_PROVIDER="google_health",
            GOOGLE_CLIENT_ID=DEMO_CLIENT_ID,
            GOOGLE_CLIENT_SECRET=DEMO_CLIENT_SECRET,
            DATA_DIR=str(folder / ".syncbit"),
            # Both are in the profile.
            SYNCBIT_TIMEZONE="",
            BACKFILL_START_DATE="",
        )


@contextmanager
def instance_in(folder: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's records of a folder, which is the working directory, under today's dagster.yaml."""
    copy_of_the_root(folder)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield instance


def samples_of(settings: Settings, days: DayRange) -> list[list[Any]]:
    """What the store holds of the assets: metric, labels, instant in ms, value; sorted."""
    store = open_store(settings)
    metrics = tuple(one.name for asset in ASSETS for one in metrics_of(asset))
    low, high = day_start(days.first, ZONE), day_start(days.last + ONE_DAY, ZONE)
    try:
        found = store.read(Slice(metrics, settings.account.labels, low, high))
    finally:
        store.close()
    return sorted(
        [one.metric, one.labels, int(at), float(value)]
        for one in found
        for at, value in zip(one.timestamps, one.values, strict=True)
    )


def requests_counted(settings: Settings, at: float) -> int:
    """How many requests the window held at an instant, in seconds since the epoch."""
    budget = Budget(settings.account.quota, clock=lambda: at)
    try:
        return budget.figures().used
    finally:
        budget.close()


def materialized(instance: dg.DagsterInstance) -> dict[str, list[str]]:
    """The partitions that Dagster knows, by asset."""
    return {
        asset: sorted(instance.get_materialized_partitions(dg.AssetKey(asset))) for asset in ASSETS
    }
