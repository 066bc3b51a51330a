"""When a day can no longer change, on days of any length, and which days a sync may change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import ONE_DAY, DayRange, civil_day, day_end
from syncbit_dagster.core.samples import Series, empty, encode_labels, from_series
from syncbit_dagster.scheduling.settled_rule import (
    LONGEST_MEMORY,
    content_of,
    may_change,
    state_of,
)
from syncbit_dagster.scheduling.syncs import LAST_SYNC, MARGIN, changed_days, last_sync, syncs

if TYPE_CHECKING:
    import pandas as pd

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
APIA = ZoneInfo("Pacific/Apia")
SECOND = timedelta(seconds=1)

zones = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, SAO_PAULO, APIA])
# The two years hold the day that Apia skipped and Sao Paulo's midnights that do not exist.
instants = st.datetimes(datetime(2011, 1, 1), datetime(2012, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - the zone is added
    lambda instant: instant.replace(microsecond=0)
)
looks = st.dictionaries(st.sampled_from(["1", "2", "3"]), instants, max_size=3)
EVER = DayRange(date(2010, 1, 1), date(2013, 12, 31))


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        (BERLIN, date(2025, 3, 30), datetime(2025, 3, 30, 22, tzinfo=UTC)),  # 23 hours
        (BERLIN, date(2025, 10, 26), datetime(2025, 10, 26, 23, tzinfo=UTC)),  # 25 hours
        (LORD_HOWE, date(2025, 10, 5), datetime(2025, 10, 5, 13, tzinfo=UTC)),  # 23.5 hours
        (LORD_HOWE, date(2025, 4, 6), datetime(2025, 4, 6, 13, 30, tzinfo=UTC)),  # 24.5 hours
        (SAO_PAULO, date(2018, 11, 3), datetime(2018, 11, 4, 3, tzinfo=UTC)),  # no next midnight
        (APIA, date(2011, 12, 29), datetime(2011, 12, 30, 10, tzinfo=UTC)),
        (APIA, date(2011, 12, 30), datetime(2011, 12, 30, 10, tzinfo=UTC)),  # no time at all
    ],
)
def test_a_day_is_settled_by_a_sync_at_its_real_end(
    zone: ZoneInfo, day: date, end: datetime
) -> None:
    now = end + timedelta(days=2)
    assert state_of(day, zone, end - SECOND, now) == "provisional"
    assert state_of(day, zone, end, now) == "settled"
    assert state_of(day, zone, end + ONE_DAY, end - SECOND) == "provisional"  # not over yet
    assert state_of(day, zone, None, now) == "provisional"
    assert state_of(day, zone, None, end + LONGEST_MEMORY - SECOND) == "provisional"
    assert state_of(day, zone, None, end + LONGEST_MEMORY) == "settled"


@given(st.dates(date(2011, 1, 1), date(2012, 12, 31)), zones, st.none() | instants, instants)
def test_a_settled_day_stays_settled_and_so_are_the_days_before(
    day: date, zone: ZoneInfo, synced: datetime | None, now: datetime
) -> None:
    if state_of(day, zone, synced, now) == "settled":
        assert state_of(day, zone, synced, now + timedelta(days=1)) == "settled"
        assert state_of(day - ONE_DAY, zone, synced, now) == "settled"
        if synced:
            assert state_of(day, zone, synced + timedelta(days=1), now) == "settled"


@given(st.dates(date(2011, 1, 1), date(2012, 12, 31)), zones, instants)
def test_without_a_sync_a_day_is_settled_if_nothing_may_change(
    day: date, zone: ZoneInfo, now: datetime
) -> None:
    is_settled = state_of(day, zone, None, now) == "settled"
    assert is_settled is not may_change(DayRange(day, day), zone, now)


@pytest.mark.parametrize(
    ("state", "samples", "content"),
    [
        ("settled", 1, "data"),
        ("provisional", 1, "data"),
        ("settled", 0, "nothing there"),
        ("provisional", 0, "not yet there"),
    ],
)
def test_an_empty_day_is_not_always_over(state: str, samples: int, content: str) -> None:
    assert content_of(state, samples) == content  # type: ignore[arg-type]


@given(looks, looks, zones, instants)
def test_no_day_that_a_sync_may_have_changed_is_left_out_and_no_other_is_asked_for(
    before: dict[str, datetime], after: dict[str, datetime], zone: ZoneInfo, now: datetime
) -> None:
    """Each device by the rule of one day: not settled by its sync before, begun at the new one."""
    found = set(changed_days(before, after, EVER, zone, now) or ())
    moved = {device for device, at in after.items() if before.get(device) != at}
    reached = max((after[device] for device in moved), default=now)
    around = civil_day(now, zone)
    for day in DayRange(around - timedelta(days=40), around + timedelta(days=40)):
        old_enough = [
            # A clock that runs ahead says nothing of the time to come.
            state_of(
                day, zone, min(before[d], after[d], now) - MARGIN if d in before else None, now
            )
            for d in moved
        ]
        may_have_changed = "provisional" in old_enough and day <= civil_day(reached, zone)
        assert (day in found) is may_have_changed, day
    assert all(abs((day - around).days) <= 40 or day > around for day in found)


@given(looks, looks, zones, instants, st.integers(0, 60), st.integers(0, 60))
def test_only_days_that_may_be_asked_for(
    before: dict[str, datetime],
    after: dict[str, datetime],
    zone: ZoneInfo,
    now: datetime,
    back: int,
    length: int,
) -> None:
    first = civil_day(now, zone) - timedelta(days=back)
    allowed = DayRange(first, first + timedelta(days=length))
    whole = set(changed_days(before, after, EVER, zone, now) or ())
    assert set(changed_days(before, after, allowed, zone, now) or ()) == whole & set(allowed)


@given(looks, zones, instants)
def test_devices_that_have_not_synced_change_nothing(
    devices: dict[str, datetime], zone: ZoneInfo, now: datetime
) -> None:
    assert changed_days(devices, devices, EVER, zone, now) is None
    assert changed_days(devices, {}, EVER, zone, now) is None


def test_a_second_watch_brings_what_it_kept() -> None:
    now = datetime(2012, 6, 20, 12, tzinfo=UTC)
    before = {"1": now - timedelta(minutes=20), "2": now - timedelta(days=5)}
    after = {"1": now - timedelta(minutes=20), "2": now - timedelta(minutes=5)}
    days = changed_days(before, after, EVER, BERLIN, now)
    assert days == DayRange(date(2012, 6, 15), date(2012, 6, 20))


def devices(*rows: tuple[str, str, datetime]) -> pd.DataFrame:
    """The asset's table: a last sync and a battery of each device."""
    return from_series(
        Series(
            metric,
            encode_labels({"user": "ann", "device_id": name, "device_type": kind}),
            np.array([int(at.timestamp() * 1000)], np.int64),
            np.array([value]),
        )
        for name, kind, synced in rows
        for metric, at, value in (
            (LAST_SYNC, synced, synced.timestamp()),
            ("fitbit_device_battery_percent", synced + timedelta(days=1), 80.0),
        )
    )


def test_a_scale_says_nothing_about_the_watch() -> None:
    noon = datetime(2012, 6, 20, 12, tzinfo=UTC)
    table = devices(
        ("1", "TRACKER", noon - timedelta(days=4)),
        ("2", "SCALE", noon),
        ("3", "TRACKER", noon - timedelta(days=90)),
    )
    assert last_sync(table) == noon - timedelta(days=4)
    assert syncs(table) == {
        "1": noon - timedelta(days=4),
        "2": noon,
        "3": noon - timedelta(days=90),
    }


def test_without_a_device_nobody_knows() -> None:
    assert last_sync(empty()) is None
    assert syncs(empty()) == {}
    assert last_sync(devices(("2", "SCALE", datetime(2012, 6, 20, tzinfo=UTC)))) is None


@given(instants, zones)
def test_the_day_of_a_sync_itself_is_never_settled_by_it(synced: datetime, zone: ZoneInfo) -> None:
    day = civil_day(synced, zone)
    assert day_end(day, zone) > synced
    assert state_of(day, zone, synced, synced) == "provisional"
