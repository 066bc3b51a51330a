"""Short ways to write what a check looks at."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import DayRange, day_start, to_milliseconds
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.quality import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BERLIN = ZoneInfo("Europe/Berlin")
LABELS = {"user": "ann", "device": "watch"}
LONG_AFTER = date(2040, 1, 1)

# Zones whose days are of every length: with and without summer time, of half an hour (Lord Howe),
# at midnight (Sao Paulo), with a day that never was (Apia).
ZONES = tuple(
    ZoneInfo(name)
    for name in (
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "UTC",
    )
)
zones = st.sampled_from(ZONES)


@st.composite
def day_ranges(draw: st.DrawFn, most: int = 5) -> DayRange:
    """Some days in a row, the day that Apia skipped and clock changes among them."""
    apia = date(2011, 12, 29)
    first = draw(st.dates(date(2010, 1, 1), date(2026, 12, 31)) | st.just(apia))
    last = date.fromordinal(first.toordinal() + draw(st.integers(0, most - 1)))
    return DayRange(first, last)


def one_day(text: str) -> DayRange:
    day = date.fromisoformat(text)
    return DayRange(day, day)


def evidence(
    asset: str,
    days: DayRange,
    series: Iterable[Series] = (),
    *,
    zone: ZoneInfo = BERLIN,
    today: date = LONG_AFTER,
    interval_seconds: int = 60,
    recorded: Mapping[date, int | None] | None = None,
    wanted: DayRange | None = None,
) -> Evidence:
    return Evidence(
        asset=asset_named(asset),
        days=days,
        zone=zone,
        today=today,
        interval_seconds=interval_seconds,
        series=list(series),
        recorded=recorded or {},
        wanted=wanted,
    )


def series(
    metric: str, timestamps: Sequence[int], values: Sequence[float], **labels: str
) -> Series:
    return Series(
        metric,
        encode_labels(LABELS | labels),
        np.array(timestamps, dtype=np.int64),
        np.array(values, dtype=np.float64),
    )


def daily(
    metric: str, values: Mapping[date, float], zone: ZoneInfo = BERLIN, **labels: str
) -> Series:
    """A daily metric: each value at the first instant of its day."""
    return series(
        metric,
        [to_milliseconds(day_start(day, zone)) for day in values],
        list(values.values()),
        **labels,
    )


def grid(days: DayRange, zone: ZoneInfo, seconds: int) -> list[int]:
    """The first instants of all intervals of some days."""
    step = seconds * 1000
    return [
        instant
        for day in days
        for instant in range(
            to_milliseconds(day_start(day, zone)),
            to_milliseconds(DayRange(day, day).end(zone)),
            step,
        )
    ]
