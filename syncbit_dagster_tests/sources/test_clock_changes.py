"""Days on which clocks change, from the emulator through the source."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import DayRange, to_milliseconds
from syncbit_dagster.core.samples import to_series
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_source
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.fetched import concat

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.core.samples import Series

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("minutes", [1, 5, 15])
@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        ("America/New_York", date(2024, 3, 10), 1380),
        ("America/New_York", date(2024, 11, 3), 1500),
        ("Australia/Sydney", date(2024, 10, 6), 1380),
        ("Australia/Sydney", date(2024, 4, 7), 1500),
        ("Australia/Lord_Howe", date(2024, 10, 6), 1410),
        ("Australia/Lord_Howe", date(2024, 4, 7), 1470),
        ("America/Sao_Paulo", date(2018, 11, 4), 1380),
        ("America/Sao_Paulo", date(2018, 2, 17), 1500),
        ("Asia/Kolkata", date(2024, 3, 10), 1440),
        ("Pacific/Apia", date(2011, 12, 29), 1440),
        ("Pacific/Apia", date(2011, 12, 30), 0),
        ("Pacific/Apia", date(2011, 12, 31), 1440),
    ],
)
def test_intervals_and_daily_totals_agree(
    tmp_path: Path, zone: str, day: date, length: int, minutes: int
) -> None:
    person = SyntheticPerson(ZoneInfo(zone), day - timedelta(days=30), seed=5)
    around = DayRange(day - timedelta(days=1), day + timedelta(days=1))
    with emulated_account(person, tmp_path, now=lambda: NOW) as account:
        source = open_source(account.settings(INTRADAY_DETAIL_LEVEL=f"{minutes}min"))
        steps, totals = (
            to_series(concat(batch.samples for batch in source.fetch(asset_named(name), around)))
            for name in ("intraday_steps", "activity_summary")
        )
        source.close()
    (intervals,) = steps
    (daily,) = [one for one in totals if one.metric == "fitbit_steps_total"]
    assert (np.diff(intervals.timestamps) > 0).all()
    for one in around:
        start, end = (
            to_milliseconds(edge)
            for edge in (DayRange(one, one).start(person.zone), DayRange(one, one).end(person.zone))
        )
        if one == day:
            assert (end - start) // 60_000 == length
        truth = person.day(one)
        of_the_day = between(intervals, start, end)
        worn = np.unique(np.flatnonzero(truth.worn) // minutes)
        assert ((of_the_day.timestamps - start) // (minutes * 60_000)).tolist() == worn.tolist()
        total = between(daily, start, end).values
        assert len(total) == (1 if len(worn) else 0)
        assert of_the_day.values.sum() == total.sum()


def between(series: Series, start: int, end: int) -> Series:
    kept = (series.timestamps >= start) & (series.timestamps < end)
    return series._replace(timestamps=series.timestamps[kept], values=series.values[kept])
