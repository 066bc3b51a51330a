"""Long ranges come in batches of whole days, with no request more than the plan says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import DayRange, to_milliseconds
from syncbit_dagster.core.samples import milliseconds
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_source
from syncbit_dagster.sources.google_health import source as module
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEW_YORK = ZoneInfo("America/New_York")
PERSON = SyntheticPerson(NEW_YORK, date(2024, 1, 1), seed=2)
DAYS = DayRange(date(2024, 2, 20), date(2024, 4, 30))  # clocks go forward on 10 March


@pytest.fixture
def account(tmp_path: Path) -> Iterator[EmulatedAccount]:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    with emulated_account(PERSON, tmp_path, now=lambda: now) as account:
        yield account


@pytest.mark.parametrize("rows", [1, 20_000, 10**9])
def test_batches_tile_the_range_and_hold_whole_days(
    account: EmulatedAccount, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(module, "ROWS_PER_BATCH", rows)
    source = open_source(account.settings(INTRADAY_DETAIL_LEVEL="1min"))
    asset = asset_named("intraday_steps")
    batches = list(source.fetch(asset, DAYS))
    source.close()
    assert [day for batch in batches for day in batch.days] == list(DAYS)
    assert (len(batches) == 1) == (rows == 10**9)
    assert sum(batch.requests for batch in batches) == source.plan(asset, DAYS).least
    for batch in batches:
        low, high = (
            to_milliseconds(edge) for edge in (batch.days.start(NEW_YORK), batch.days.end(NEW_YORK))
        )
        worn = sum(int(PERSON.day(day).worn.sum()) for day in batch.days)
        instants = np.sort(milliseconds(batch.samples))
        assert len(instants) == worn
        assert ((instants >= low) & (instants < high)).all()


def test_daily_values_are_one_batch(account: EmulatedAccount) -> None:
    source = open_source(account.settings())
    (batch,) = source.fetch(asset_named("activity_summary"), DAYS)
    source.close()
    assert batch.days == DAYS


def test_a_range_that_clocks_skipped_is_an_empty_batch(tmp_path: Path) -> None:
    apia = ZoneInfo("Pacific/Apia")
    person = SyntheticPerson(apia, date(2011, 12, 1), seed=2)
    skipped = DayRange(date(2011, 12, 30), date(2011, 12, 30))
    with emulated_account(person, tmp_path, now=lambda: datetime(2012, 6, 1, tzinfo=UTC)) as there:
        source = open_source(there.settings())
        (batch,) = source.fetch(asset_named("intraday_steps"), skipped)
        source.close()
    assert (batch.days, len(batch.samples), batch.requests) == (skipped, 0, 0)
