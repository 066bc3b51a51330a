"""The source against the emulator: what is asked, what is kept and what is told."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from syncbit_dagster.catalog import ASSETS, Asset, asset_named
from syncbit_dagster.core.civil import DayRange, day_start, to_milliseconds
from syncbit_dagster.core.samples import milliseconds, to_series
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.sources.errors import PermissionMissingError, ProviderRetiredError
from syncbit_dagster.sources.fitbit_web import client as client_module
from syncbit_dagster.sources.fitbit_web import source as source_module
from syncbit_dagster_tests.sources.fitbit_web.emulated import EmulatedPerson, emulated_person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEW_YORK = ZoneInfo("America/New_York")
PERSON = SyntheticPerson(NEW_YORK, date(2024, 1, 1), seed=2)
NOW = datetime(2024, 6, 1, 20, 30, tzinfo=UTC)  # the middle of an hour of the quota
DAILY = [asset for asset in ASSETS if asset.group == "daily"]
MONTH = DayRange(date(2024, 3, 1), date(2024, 3, 30))  # clocks go forward on the 10th
ONE_DAY = DayRange(date(2024, 3, 7), date(2024, 3, 7))


@pytest.fixture
def there(tmp_path: Path) -> Iterator[EmulatedPerson]:
    with emulated_person(PERSON, tmp_path, now=lambda: NOW) as there:
        yield there


@pytest.mark.parametrize("days", [ONE_DAY, MONTH], ids=str)
def test_what_is_planned_is_sent(there: EmulatedPerson, days: DayRange) -> None:
    with there.fitbit_web() as source:
        planned = source.plan_together(DAILY, days)
        batches = [batch for asset in DAILY for batch in source.fetch(asset, days)]
        single = [source.plan(asset, days).least for asset in DAILY]
    calls = there.emulator.fitbit_web.calls
    assert {status for *_, status in calls} == {200}
    assert planned.least == planned.most == len(calls) == sum(one.requests for one in batches)
    # The summary of a day is planned for two assets, and sent for the first.
    assert sum(single) - planned.least == (days == ONE_DAY)
    assert max(Counter(path for _, path, _ in calls).values()) == 1
    assert [batch.days for batch in batches] == [days] * len(DAILY)


def test_the_devices_are_one_request(there: EmulatedPerson) -> None:
    with there.fitbit_web() as source:
        asset = asset_named("devices")
        current = source.fetch_current(asset)
        assert source.plan(asset, ONE_DAY).least == current.requests == 1
    assert len(there.emulator.fitbit_web.calls) == 1
    by_metric = {one.metric: one for one in to_series(current.samples)}
    assert len(to_series(current.samples)) == 4
    battery = by_metric["fitbit_device_battery_percent"]
    assert battery.timestamps.tolist() == [to_milliseconds(NOW)]


def test_one_day_and_a_range_tell_the_same(there: EmulatedPerson) -> None:
    """The summary of a day has the values of the series; distance and height in two decimals."""
    for name in ("activity_summary", "heart_rate"):
        with there.fitbit_web() as source:
            (range_,) = source.fetch(asset_named(name), MONTH)
            days = [next(source.fetch(asset_named(name), day)) for day in MONTH.chunks(1)]
        of_range = {
            (one.metric, one.labels, time): value
            for one in to_series(range_.samples)
            for time, value in zip(one.timestamps.tolist(), one.values.tolist(), strict=True)
        }
        of_days = {
            (one.metric, one.labels, time): value
            for day in days
            for one in to_series(day.samples)
            for time, value in zip(one.timestamps.tolist(), one.values.tolist(), strict=True)
        }
        assert of_days.keys() == of_range.keys()
        for key, value in of_range.items():
            assert of_days[key] == pytest.approx(value, abs=0.0051), key


def test_summaries_are_kept_for_a_run_and_not_without_end(
    there: EmulatedPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "KEPT_SUMMARIES", 3)
    with there.fitbit_web() as source:
        for asset in ("activity_summary", "heart_rate"):
            for day in MONTH.chunks(1)[:5]:
                list(source.fetch(asset_named(asset), day))
        assert len(source.client._summaries) == 3
    assert len(there.emulator.fitbit_web.calls) == 10  # each day was forgotten before it was asked


def test_days_before_the_account_and_after_today_are_not_asked_for(there: EmulatedPerson) -> None:
    asset = asset_named("activity_summary")
    around = DayRange(date(2023, 12, 30), date(2024, 1, 2))
    coming = DayRange(date(2024, 5, 31), date(2024, 6, 9))
    outside = DayRange(date(2023, 1, 1), date(2023, 1, 31))
    with there.fitbit_web() as source:
        for days, asked in ((around, "2024-01-01/2024-01-02"), (coming, "2024-05-31/2024-06-01")):
            there.emulator.fitbit_web.calls.clear()
            (batch,) = source.fetch(asset, days)
            assert batch.days == days
            paths = [path for _, path, _ in there.emulator.fitbit_web.calls]
            assert len(paths) == 10
            assert all(path.endswith(f"/date/{asked}.json") for path in paths)
        (batch,) = source.fetch(asset, outside)
    assert (len(batch.samples), batch.requests, batch.days) == (0, 0, outside)


def test_today_has_no_interval_that_has_not_begun(there: EmulatedPerson) -> None:
    today = DayRange(date(2024, 6, 1), date(2024, 6, 1))  # it is 16:30
    with there.fitbit_web() as source:
        (batch,) = source.fetch(asset_named("intraday_steps"), today)
    times = milliseconds(batch.samples)
    start = to_milliseconds(day_start(today.first, NEW_YORK))
    assert times.min() == start
    assert times.max() == to_milliseconds(NOW - timedelta(minutes=5))


@pytest.mark.parametrize("length", [1, 7, 100])
def test_batches_tile_the_range_and_hold_whole_days(
    there: EmulatedPerson, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(source_module, "DAYS_PER_BATCH", length)
    asset = asset_named("intraday_heart_rate")
    with there.fitbit_web() as source:
        batches = list(source.fetch(asset, MONTH))
        assert sum(batch.requests for batch in batches) == source.plan(asset, MONTH).least == 30
    assert [day for batch in batches for day in batch.days] == list(MONTH)
    assert len(batches) == {1: 30, 7: 5, 100: 1}[length]
    for batch in batches:
        low, high = (
            to_milliseconds(edge) for edge in (batch.days.start(NEW_YORK), batch.days.end(NEW_YORK))
        )
        instants = np.sort(milliseconds(batch.samples))
        assert ((instants >= low) & (instants < high)).all()
        assert not batch.notes


def test_every_reading_of_a_day(there: EmulatedPerson) -> None:
    with there.fitbit_web(INTRADAY_HEART_RATE_DETAIL="1sec") as source:
        (batch,) = source.fetch(asset_named("intraday_heart_rate"), ONE_DAY)
    (one,) = to_series(batch.samples)
    truth = PERSON.day(ONE_DAY.first)
    assert one.timestamps.tolist() == truth.heart_ms.tolist()
    assert one.values.tolist() == truth.heart_bpm.tolist()


def test_a_permission_that_is_missing_is_told_for_one_day_too(there: EmulatedPerson) -> None:
    """Without the heart rate's scope a summary would lack it, or hold it, without a word."""
    there.emulator.fitbit_web.untick("heartrate")
    with there.fitbit_web() as source:
        list(source.fetch(asset_named("activity_summary"), ONE_DAY))  # refreshes the token
        for days in (ONE_DAY, MONTH):
            with pytest.raises(PermissionMissingError, match="insufficient_scope"):
                list(source.fetch(asset_named("heart_rate"), days))


def test_a_provider_that_is_turned_off_says_where_to_go(there: EmulatedPerson) -> None:
    with there.fitbit_web() as source:
        list(source.fetch(asset_named("sleep"), ONE_DAY))
        there.emulator.fitbit_web.retire()
        with pytest.raises(ProviderRetiredError, match="SYNCBIT_PROVIDER=google_health"):
            list(source.fetch(asset_named("body"), ONE_DAY))
    assert [status for *_, status in there.emulator.fitbit_web.calls] == [200, 410]


def test_the_profile(there: EmulatedPerson) -> None:
    with there.fitbit_web() as source:
        profile = source.profile()
    assert profile.zone == NEW_YORK
    assert profile.first_day == PERSON.first_day
    assert profile.devices == ("Emulated Tracker", "Emulated Scale")


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_it_has_every_asset(there: EmulatedPerson, asset: Asset) -> None:
    with there.fitbit_web() as source:
        assert source.has(asset)
