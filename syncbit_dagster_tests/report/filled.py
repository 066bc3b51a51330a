"""An account whose store holds what the emulated person gave."""

from __future__ import annotations

from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import to_series
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import offered_assets, open_source, open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.emulated import emulated_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.config import Settings

ZONE = ZoneInfo("Europe/Berlin")
DAYS = DayRange(date(2026, 10, 12), date(2026, 10, 31))  # the clock goes back on the 25th
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@contextmanager
def filled_account(directory: Path, days: DayRange = DAYS) -> Iterator[Settings]:
    """The settings of an account whose embedded store holds all assets of some days."""
    person = SyntheticPerson(ZONE, date(2026, 1, 1), seed=1)
    with emulated_account(person, directory, now=lambda: NOW) as account:
        settings = account.settings(INTRADAY_DETAIL_LEVEL="15min", FITBIT_USER_ID="demo")
        fill(settings, days)
        yield settings


def fill(settings: Settings, days: DayRange) -> None:
    """Fetch all partitioned assets of some days and store them, without Dagster."""
    account = settings.account
    with closing(open_source(settings)) as source, closing(open_store(settings)) as store:
        for asset in offered_assets(settings):
            names = tuple(dict.fromkeys(row.name for row in metrics_of(asset.name)))
            for batch in source.fetch(asset, days) if asset.is_partitioned else ():
                start, end = batch.days.start(account.zone), batch.days.end(account.zone)
                store.replace(Slice(names, account.labels, start, end), to_series(batch.samples))
