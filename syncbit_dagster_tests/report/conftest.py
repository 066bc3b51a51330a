"""One account whose store holds what the emulated person gave, for all tests of a real store."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import to_series
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import offered_assets, open_source, open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.emulated import emulated_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.config import Settings

ZONE = ZoneInfo("Europe/Berlin")
DAYS = DayRange(date(2026, 10, 12), date(2026, 10, 31))  # the clock goes back on the 25th
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The account's settings; all partitioned assets of some days were stored without Dagster."""
    person, directory = (
        SyntheticPerson(ZONE, date(2026, 1, 1), seed=1),
        tmp_path_factory.mktemp("filled"),
    )
    with emulated_account(person, directory, now=lambda: NOW) as emulated:
        settings = emulated.settings(INTRADAY_DETAIL_LEVEL="15min", FITBIT_USER_ID="demo")
        account = settings.account
        with closing(open_source(settings)) as source, closing(open_store(settings)) as store:
            for asset in offered_assets(settings):
                names = tuple(dict.fromkeys(row.name for row in metrics_of(asset.name)))
                for batch in source.fetch(asset, DAYS) if asset.is_partitioned else ():
                    days = batch.days.start(account.zone), batch.days.end(account.zone)
                    store.replace(Slice(names, account.labels, *days), to_series(batch.samples))
        yield settings
