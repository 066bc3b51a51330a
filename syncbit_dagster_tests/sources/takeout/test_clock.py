"""Times of files: parsed all at once, and wall clocks over every kind of clock change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.wall_clock import first_pass, last_pass
from syncbit_dagster.sources.takeout.clock import to_readings

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "America/New_York",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Pacific/Apia",
        "Africa/Casablanca",
        "Asia/Kathmandu",
    )
]
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of whatever clock
readings = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


@given(st.lists(readings))
def test_american_and_iso_times_are_what_python_reads(moments: list[datetime]) -> None:
    expected = [milliseconds(moment) for moment in moments]
    assert to_readings([f"{m:%m/%d/%y %H:%M:%S}" for m in moments]).tolist() == expected
    assert to_readings([m.isoformat() for m in moments]).tolist() == expected
    assert to_readings([m.isoformat() + "Z" for m in moments]).tolist() == expected
    assert to_readings([m.isoformat() + ".000" for m in moments]).tolist() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-10T22:13", datetime(2026, 6, 10, 22, 13)),  # noqa: DTZ001
        ("2026-06-10", datetime(2026, 6, 10)),  # noqa: DTZ001
        ("2026-06-10T22:13:05.678Z", datetime(2026, 6, 10, 22, 13, 5, 678_000)),  # noqa: DTZ001
        ("2026-06-10T22:13:05.678901Z", datetime(2026, 6, 10, 22, 13, 5, 678_000)),  # noqa: DTZ001
    ],
)
def test_shapes_of_iso_times(text: str, expected: datetime) -> None:
    assert to_readings([text]).tolist() == [milliseconds(expected)]


@pytest.mark.parametrize(
    "texts",
    [
        ["13/01/21 00:00:00"],
        ["02/29/21 00:00:00"],
        ["06/11/21 24:00:00"],
        ["06/11/21 00:60:00"],
        ["06/11/21 00:00:60"],
        ["06/11/21 00:00:0x"],
        ["06/11/21T00:00:00"],
        ["06/11/21 00:00:00", "6/11/21 00:00:00"],
        ["6/11/21 00:00:00", "06/11/2021 00:00:0"],
        ["06/11/21 00:00:00", "2021-06-11T00:00:00"],
        ["06/11/21 00:00:0²"],
        ["now"],
        ["NaT"],
        ["today00000"],
        ["2021"],
        ["2021-06"],
        ["2021-06-11T00:00:00+02:00"],
        ["2021-02-30T00:00:00"],
        ["1960-01-01T00:00:00"],
        ["9999-01-01T00:00:00"],
        [""],
    ],
)
def test_anything_else_is_an_error(texts: list[str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - as Python's and numpy's own
        to_readings(texts)


@given(st.sampled_from(ZONES), st.lists(readings, min_size=1, max_size=50))
def test_a_wall_clock_is_read_as_python_reads_it(zone: ZoneInfo, moments: list[datetime]) -> None:
    column = np.array([milliseconds(moment) for moment in moments], dtype=np.int64)
    instants, is_real = first_pass(column, zone)
    lasts = last_pass(column, zone)
    for n, moment in enumerate(moments):
        local = moment.replace(tzinfo=zone, fold=0)
        first = local.astimezone(UTC)
        assert is_real[n] == (first.astimezone(zone).replace(tzinfo=None) == moment)
        if is_real[n]:
            assert instants[n] == round(first.timestamp()) * 1000
            second = local.replace(fold=1).astimezone(UTC)
            assert lasts[n] == round(second.timestamp()) * 1000
        else:
            assert lasts[n] == round(first.timestamp()) * 1000


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_no_two_readings_share_an_instant(zone: ZoneInfo) -> None:
    year = np.arange(
        np.datetime64("2011-01-01"), np.datetime64("2012-01-01"), np.timedelta64(1, "m")
    )
    instants, is_real = first_pass(year.astype("datetime64[ms]").astype(np.int64), zone)
    assert (np.diff(instants[is_real]) > 0).all()


def test_nothing_is_nothing() -> None:
    none = np.empty(0, np.int64)
    assert not len(to_readings([]))
    assert not len(first_pass(none, ZONES[1])[0])
    assert not len(last_pass(none, ZONES[1]))
