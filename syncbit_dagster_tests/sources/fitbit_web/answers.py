"""Answers as the API gives them, read without a server: what the tests of parsing share."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.sources.fitbit_web.parse import parse
from syncbit_dagster.sources.fitbit_web.plan import NightlyRequest, SeriesRequest
from syncbit_dagster.sources.fitbit_web.series import to_series

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.sources.fitbit_web.plan import Request

UTC_ZONE = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
DAY = date(2026, 6, 1)
DAYS = DayRange(DAY, date(2026, 6, 3))
ONE_DAY = DayRange(DAY, DAY)
FIRST, SECOND, THIRD = (
    int(datetime(2026, 6, day, 4, tzinfo=UTC).timestamp()) for day in (1, 2, 3)
)  # midnights in New York

# What one reads of samples: metric, and label values of its own if there are any, to
# {seconds since the epoch: value}.
Samples = dict[str, dict[int, float]]


def read(asset: str, *answers: tuple[Request, Any], zone: ZoneInfo = UTC_ZONE) -> Samples:
    """The samples of an asset from some requests and their answers."""
    metrics = metrics_of(asset)
    rows = [
        row for request, answer in answers for row in parse(request, answer, metrics, zone).rows
    ]
    found: Samples = {}
    for one in to_series(metrics, rows, {"user": "u"}, zone).series:
        if not len(one.values):
            continue
        assert np.isfinite(one.values).all()
        assert len(np.unique(one.timestamps)) == len(one.timestamps)
        own = [value for name, value in decode_labels(one.labels).items() if name != "user"]
        name = " ".join([one.metric.removeprefix("fitbit_"), *own])
        times = (one.timestamps // 1000).tolist()
        found[name] = dict(zip(times, one.values.tolist(), strict=True))
    return found


def content_of(path: Path) -> str:
    """A file of the samples: some begin with a byte order mark or have remarks in them."""
    return re.sub(r"//[^\"\n]*$", "", path.read_text("utf-8-sig"), flags=re.MULTILINE)


def series(resource: str, *values: Any) -> tuple[Request, Any]:
    entries = [
        {"dateTime": f"2026-06-0{n}", "value": value} for n, value in enumerate(values, start=1)
    ]
    return SeriesRequest(resource, DAYS), {f"activities-{resource}": entries}


def nightly(endpoint: str, key: str, *values: Any) -> tuple[Request, Any]:
    entries = [
        {"dateTime": f"2026-06-0{n}", "value": value} for n, value in enumerate(values, start=1)
    ]
    return NightlyRequest(endpoint, key, DAYS), {key: entries}


def read_here(asset: str, *answers: tuple[Request, Any]) -> Samples:
    return read(asset, *answers, zone=NEW_YORK)


def log(number: int, **fields: Any) -> dict[str, Any]:
    stages = {
        name: {"count": 3, "minutes": 10 * n}
        for n, name in enumerate(("deep", "light", "rem", "wake"), 1)
    }
    return {
        "logId": number,
        "dateOfSleep": "2026-06-01",
        "startTime": "2026-05-31T23:10:30.000",
        "endTime": "2026-06-01T07:02:00.000",
        "duration": 28_260_000,
        "efficiency": 93,
        "isMainSleep": True,
        "minutesAsleep": 420,
        "timeInBed": 471,
        "type": "stages",
        "levels": {"summary": stages},
    } | fields


def weighed(time: str, weight: float, **fields: float) -> dict[str, Any]:
    return {"date": "2026-06-01", "time": time, "logId": 1, "weight": weight} | fields
