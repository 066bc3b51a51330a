"""Move from the SyncBit daemon: show what it left, and what of it may go.

Reads the daemon's sync_state.json, and counts its samples in the series that are yours now. Nothing
is removed unless you say so. Stop the daemon for good before.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from syncbit_dagster.cli.migration.daemon_files import STATE, read_state
from syncbit_dagster.cli.migration.old_samples import (
    DAEMON_DEVICE,
    DAILY_METRICS,
    TEST_METRIC,
    all_of,
    find_old,
    remove_old,
    remove_test_samples,
)
from syncbit_dagster.cli.table import print_table
from syncbit_dagster.config import load_account
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.core.samples import count
from syncbit_dagster.factories import open_victoria, target_lock

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from syncbit_dagster.account.account import Account
    from syncbit_dagster.cli.migration.daemon_files import DaemonState
    from syncbit_dagster.cli.migration.old_samples import OldSamples
    from syncbit_dagster.config import Settings
    from syncbit_dagster.stores.base import Store

HELP = "move from the SyncBit daemon"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, metavar="DIR", help="the daemon's DATA_DIR")
    parser.add_argument(
        "--remove-old-samples",
        action="store_true",
        help="remove the daemon's samples in days that have their own value; without it they are "
        "only counted",
    )


def run(arguments: argparse.Namespace) -> int:
    settings = load_account(arguments.account)
    if arguments.remove_old_samples:
        _require_instants(settings)
    print(f"{STATE}: {_state(read_state(arguments.directory))}")
    print(f"First day: {_first_day(settings)}")
    print(f"Samples: {_samples(settings, is_removing=arguments.remove_old_samples)}")
    return 0


def _require_instants(settings: Settings) -> None:
    if settings.victoria is None:
        raise ConfigError(
            "--remove-old-samples needs VICTORIA_ENDPOINT: the daemon wrote to VictoriaMetrics "
            "alone, the embedded store holds nothing of it."
        )
    if settings.account.zone_is_assumed:
        raise ConfigError(
            "--remove-old-samples needs to know where your days begin; set SYNCBIT_TIMEZONE to "
            "the account's zone, or run `syncbit authorize` first."
        )


def _state(state: DaemonState) -> str:
    return (
        f"the daemon's last finished day is {state.last_day or 'unknown'}, of intraday history "
        f"{state.last_intraday_day or 'unknown'}. Not taken over: it counted days as done that it "
        "never stored. The sensor `history` fetches each day that Dagster has not recorded."
    )


def _first_day(settings: Settings) -> str:
    first = settings.account.first_day
    if settings.has_start_date:
        return f"{first}, from BACKFILL_START_DATE, which keeps its meaning."
    if settings.profile.load().first_day:
        return f"{first}, the account's own; BACKFILL_START_DATE would win."
    return f"{first}, the default; set BACKFILL_START_DATE or run `syncbit authorize`."


def _samples(settings: Settings, *, is_removing: bool) -> str:
    if settings.victoria is None:
        return "VICTORIA_ENDPOINT is not set, so the daemon's samples were not looked for."
    if settings.account.zone_is_assumed:
        return (
            "not looked for, because your time zone is unknown; set SYNCBIT_TIMEZONE, "
            "or run `syncbit authorize`, then run this again."
        )
    # Held from reading to removing: a day that a run writes in between would go with the old ones.
    with target_lock(settings, settings.victoria)():
        store = open_victoria(settings, settings.victoria, lock=nullcontext)
        try:
            return _counted(store, settings.account, is_removing=is_removing)
        finally:
            store.close()


def _counted(store: Store, account: Account, *, is_removing: bool) -> str:
    now, labels = datetime.now(UTC), account.labels
    rows: list[tuple[str, int, int, str]] = []
    removable = removed = 0
    for metric in DAILY_METRICS:
        found = find_old(store, metric, labels, account.zone, now)
        if found.beside or found.alone:
            rows.append((metric, found.beside, found.alone, _note(found)))
        removable += found.removable
        if is_removing:
            removed += remove_old(store, found)
    tests = count(store.read(all_of(TEST_METRIC, labels, now)))
    if tests:
        rows.append((TEST_METRIC, tests, 0, "its own tests"))
        removable += tests
        if is_removing:
            removed += remove_test_samples(store, labels, now)
    if rows:
        print_table(("metric", "beside a value", "alone", ""), rows)
    found_samples = sum(row[1] + row[2] for row in rows)
    whose = f"user={labels['user']!r}, device={labels['device']!r}"
    lines = [f"{found_samples:,} of the daemon in the daily series of {whose}."]
    if is_removing:
        lines.append(f"Removed: {removed:,}; the series were read back.")
    elif removable:
        lines.append(f"--remove-old-samples would remove {removable:,}; nothing was removed.")
    if alone := sum(row[2] for row in rows):
        lines.append(
            f"{alone:,} are all that their day has in their series, and stay: materialize these "
            "days (the sensor `history` does), which leaves exactly what the provider has."
        )
    return "\n".join([*lines, *_elsewhere(store, labels, now)])


def _note(found: OldSamples) -> str:
    if found.unclear_day:
        return f"two values for {found.unclear_day}: materialize that day, then run this again"
    return f"alone in {found.alone_days}" if found.alone_days else ""


def _elsewhere(store: Store, labels: Mapping[str, str], now: datetime) -> list[str]:
    """What lies in series of the daemon's own, because FITBIT_DEVICE is another."""
    others = {**labels, "device": DAEMON_DEVICE}
    if others == labels:
        return []
    more = sum(count(store.read(all_of(metric, others, now))) for metric in DAILY_METRICS)
    if not more:
        return []
    return [
        f"{more:,} more lie under device={DAEMON_DEVICE!r}, in series of their own.",
        f"To go on in these, set FITBIT_DEVICE={DAEMON_DEVICE} and run this again.",
    ]
