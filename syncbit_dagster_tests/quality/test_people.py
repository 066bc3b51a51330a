"""Whole people: one without faults, in whom no check finds anything, and real ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from syncbit_dagster.catalog import ASSETS, Asset, asset_named
from syncbit_dagster.core.civil import DayRange, day_end, day_start, to_milliseconds
from syncbit_dagster.core.samples import milliseconds, to_series
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_source
from syncbit_dagster.quality import Evidence, checks_of, metrics_read
from syncbit_dagster.quality.sleep import stages_match_sleep
from syncbit_dagster.quality.totals import sum_matches_total
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.fetched import concat
from syncbit_dagster_tests.quality.builders import daily, evidence
from syncbit_dagster_tests.sources.takeout.exports import source as export_of

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.recordings
def test_real_nights(recordings: Path) -> None:
    """A month of real nights and naps, classic ones and two long sleeps a day among them."""
    chicago, days = ZoneInfo("America/Chicago"), DayRange(date(2021, 6, 11), date(2021, 7, 10))
    export = export_of(recordings / "data" / "takeout_us_central_2021-06", chicago)
    samples = concat(batch.samples for batch in export.fetch(asset_named("sleep"), days))
    export.close()
    outcome = stages_match_sleep(evidence("sleep", days, to_series(samples), zone=chicago))
    assert outcome.checked == len(days)
    assert not outcome.findings


@pytest.mark.recordings
def test_real_days(recordings: Path) -> None:
    """33 people's days: the tolerance tells the days that are really off, and them alone."""
    folder = recordings / "data" / "fitabase_2016"
    totals = pd.read_csv(folder / "dailyActivity_merged.csv")
    hours = pd.read_csv(folder / "minuteStepsWide_merged.csv.gz")
    format_ = "%m/%d/%Y %I:%M:%S %p"
    hours["day"] = pd.to_datetime(hours["ActivityHour"], format=format_).dt.date
    minutes = [name for name in hours.columns if name.startswith("Steps")]
    hours["steps"] = hours[minutes].sum(axis=1)
    found = hours.groupby(["Id", "day"]).agg(steps=("steps", "sum"), hours=("steps", "size"))
    totals["day"] = pd.to_datetime(totals["ActivityDate"], format="%m/%d/%Y").dt.date
    both = totals.set_index(["Id", "day"])[["TotalSteps"]].join(found, how="inner")
    whole = both[both["hours"] == 24]
    told = differing = 0
    for _, person in whole.groupby("Id"):
        days = [key[1] for key in person.index]
        sums, expected = person["steps"].astype(float), person["TotalSteps"].astype(float)
        outcome = sum_matches_total(
            evidence(
                "intraday_steps",
                DayRange(min(days), max(days)),
                [
                    daily("fitbit_steps_intraday", dict(zip(days, sums, strict=True))),
                    daily("fitbit_steps_total", dict(zip(days, expected, strict=True))),
                ],
            )
        )
        assert outcome.checked == len(days)
        told += len(outcome.findings)
        differing += int((sums != expected).sum())
    assert (len(whole), differing, told) == (887, 143, 30)
