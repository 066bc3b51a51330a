"""Run in a copy of the project: fetch one metric of the demo person, print what became of it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg

import syncbit_dagster
from syncbit_dagster.catalog import METRICS
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import from_series
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.defs.running import materialize
from syncbit_dagster_tests.emulated import emulated_account

PERSON = SyntheticPerson(zone=ZoneInfo("Europe/Berlin"), first_day=date(2025, 1, 1), seed=7)
DAYS = DayRange(date(2025, 1, 2), date(2025, 1, 14))


def main(metric: str, directory: Path) -> None:
    """Materialize the metric's asset, and print the store's values by day as JSON."""
    (row,) = (one for one in METRICS if one.name == metric)
    with (
        emulated_account(
            PERSON, directory, now=lambda: datetime(2025, 1, 20, tzinfo=UTC)
        ) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        settings = account.settings()
        assert materialize(settings, [row.asset], DAYS, instance).success
        held = open_store(settings)
        zone = PERSON.zone
        target = Slice((metric,), settings.account.labels, DAYS.start(zone), DAYS.end(zone))
        frame = from_series(held.read(target))
        held.close()
    days = frame["timestamp"].dt.tz_convert(zone).dt.strftime("%Y-%m-%d %H:%M")
    found = {
        "package": str(Path(syncbit_dagster.__file__).parent),
        "values": dict(zip(days, frame["value"].tolist(), strict=True)),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
