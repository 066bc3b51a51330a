"""Keep the state that the present version writes, of a person who does not exist.

Run as ``python -m syncbit_dagster_tests.upgrade.write_release``; see CONTRIBUTING.md. A folder
``releases/VERSION`` gets ``state.tar.xz``, what lies in the project's folder, and
``expected.json``, what today's code reads there.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tarfile
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import dagster as dg

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.google_health.oauth import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_REFRESH_TOKEN,
)
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_store
from syncbit_dagster.quota import Budget
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.dagster_process import copy_of_the_root
from syncbit_dagster_tests.defs.running import materialize
from syncbit_dagster_tests.emulated import emulated_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.config import Settings

RELEASES = Path(__file__).parent / "releases"
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
    metrics = tuple(one.name for asset in ASSETS for one in metrics_of(asset))
    target = Slice(metrics, settings.account.labels, days.start(ZONE), days.end(ZONE))
    with closing(open_store(settings)) as store:
        found = store.read(target)
    return sorted(
        [one.metric, one.labels, int(at), float(value)]
        for one in found
        for at, value in zip(one.timestamps, one.values, strict=True)
    )


def requests_counted(settings: Settings, at: float) -> int:
    """How many requests the window held at an instant, in seconds since the epoch."""
    with closing(Budget(settings.account.quota, clock=lambda: at)) as budget:
        return budget.figures().used


def materialized(instance: dg.DagsterInstance) -> dict[str, list[str]]:
    """The partitions that Dagster knows, by asset."""
    return {
        asset: sorted(instance.get_materialized_partitions(dg.AssetKey(asset))) for asset in ASSETS
    }


def write_release(target: Path) -> None:
    """Live a little in an empty folder, and keep what is there then."""
    target.mkdir(parents=True)
    with TemporaryDirectory() as temporary, contextlib.chdir(temporary):
        folder, elsewhere = Path(temporary), Path(temporary, "elsewhere")
        with settings_in(folder, elsewhere) as settings:
            settings.account.tokens.save(
                Token("ended", DEMO_REFRESH_TOKEN, expires_at=0, refreshes=3)
            )
            settings.profile.save(Profile(ZONE, DAYS.first, ("Charge 6",)))
        with settings_in(folder, elsewhere) as settings, instance_in(folder) as instance:
            result = materialize(settings, ASSETS, DAYS, instance)
            if not result.success:
                sys.exit("The run failed, so that there is nothing to keep.")
            token = settings.account.tokens.load()
            assert token is not None
            # Of the emulator, but it looks like Google's, and so like a secret.
            settings.account.tokens.save(replace(token, access_token="emulated"))
            at = time.time()
            samples = samples_of(settings, DAYS)
            expected = {
                "written": datetime.fromtimestamp(at, UTC).isoformat(),
                "requests": requests_counted(settings, at),
                "refreshes": token.refreshes,
                "zone": ZONE.key,
                "first_day": str(DAYS.first),
                "devices": ["Charge 6"],
                "partitions": materialized(instance),
            }
        with tarfile.open(target / "state.tar.xz", "w:xz") as archive:
            for name in STATE:
                archive.add(name, filter=_nobodys)
    lines = ",\n".join(map(json.dumps, samples))
    head = json.dumps(expected, indent=1).removesuffix("\n}")
    (target / "expected.json").write_text(f'{head},\n "samples": [\n{lines}\n]}}\n')


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """A member without the names of a machine."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    write_release(RELEASES / version("syncbit-dagster"))
