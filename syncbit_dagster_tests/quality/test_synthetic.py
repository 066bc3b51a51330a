"""A person without faults, through the emulator and the source: no check finds anything."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from syncbit_dagster.catalog import ASSETS, Asset
from syncbit_dagster.core.civil import DayRange, day_end, day_start, to_milliseconds
from syncbit_dagster.core.samples import concat, milliseconds, to_series
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_source
from syncbit_dagster.quality import Evidence, checks_of, metrics_read
from syncbit_dagster_tests.emulated import emulated_account

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from syncbit_dagster.sources.base import Source

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PARTITIONED = [asset for asset in ASSETS if asset.is_partitioned]


def fetched(source: Source, asset: Asset, days: DayRange) -> pd.DataFrame:
    return concat(batch.samples for batch in source.fetch(asset, days))


def counted(samples: pd.DataFrame, days: DayRange, zone: ZoneInfo) -> dict[date, int | None]:
    """Samples by day, one day after the other."""
    instants = np.sort(milliseconds(samples))
    edges = [(to_milliseconds(day_start(d, zone)), to_milliseconds(day_end(d, zone))) for d in days]
    return {
        day: int(((instants >= start) & (instants < end)).sum())
        for day, (start, end) in zip(days, edges, strict=True)
    }


@pytest.mark.parametrize(
    ("zone", "middle", "minutes"),
    [
        ("Europe/Berlin", date(2025, 3, 30), 1),
        ("Europe/Berlin", date(2025, 10, 26), 15),
        ("Australia/Lord_Howe", date(2024, 10, 6), 5),
        ("Australia/Lord_Howe", date(2024, 4, 7), 15),
        ("Pacific/Apia", date(2011, 12, 30), 5),
    ],
)
def test_weeks_around_a_clock_change(tmp_path: Path, zone: str, middle: date, minutes: int) -> None:
    person = SyntheticPerson(ZoneInfo(zone), middle - timedelta(days=40), seed=11)
    days = DayRange(middle - timedelta(days=14), middle + timedelta(days=13))
    detail = f"{minutes}min"
    with emulated_account(person, tmp_path, now=lambda: NOW) as account:
        source = open_source(
            account.settings(INTRADAY_DETAIL_LEVEL=detail, INTRADAY_HEART_RATE_DETAIL=detail)
        )
        samples = {asset.name: fetched(source, asset, days) for asset in PARTITIONED}
        source.close()
    looked_at = 0
    totals = samples["activity_summary"]
    for asset in PARTITIONED:
        own = samples[asset.name]
        counterpart = totals[totals["metric"].isin(metrics_read(asset))]
        evidence = Evidence(
            asset=asset,
            days=days,
            zone=person.zone,
            today=NOW.date(),
            interval_seconds=60 * minutes,
            series=to_series(concat([own, counterpart]) if asset.is_intraday else own),
            recorded=counted(own, days, person.zone),
            wanted=days,
        )
        for check in checks_of(asset, 60 * minutes):
            outcome = check.judge(evidence)
            assert outcome.checked, (asset.name, check.name)
            assert not outcome.findings, (asset.name, check.name, outcome.worst_first[:3])
            looked_at += 1
    assert looked_at == 60
