"""Data points of the Google Health API, made by hand, and what a parser made of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syncbit_dagster.catalog import METRICS, metrics_of
from syncbit_dagster.catalog.locations import Reading, RollUp
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import Series, decode_labels
from syncbit_dagster.sources.google_health.parse import parse
from syncbit_dagster.sources.google_health.plan import ReadingsRequest, Request, RollUpRequest
from syncbit_dagster.sources.google_health.series import to_series

if TYPE_CHECKING:
    from syncbit_dagster.catalog import Metric

NEW_YORK = ZoneInfo("America/New_York")
LABELS = {"user": "u", "device": "d"}
DAYS = DayRange(date(2026, 6, 1), date(2026, 8, 31))
MINUTE = timedelta(minutes=1)


def readings(data_type: str) -> ReadingsRequest:
    """Every single reading of a data type in some days."""
    return ReadingsRequest(
        data_type, reading_of(data_type), DAYS.start(NEW_YORK), DAYS.end(NEW_YORK)
    )


def reading_of(data_type: str) -> Reading:
    """Where the catalogue says that a single point of a data type has its value."""
    (reading,) = {
        location.reading
        for metric in METRICS
        if isinstance(location := metric.google_health, RollUp)
        and location.data_type == data_type
        and location.reading
    }
    return reading


def windows(data_type: str) -> RollUpRequest:
    start = datetime(2026, 6, 1, tzinfo=UTC)
    return RollUpRequest(data_type, start, start + timedelta(days=1), MINUTE, 10_000)


def daily_point(day: int, **value: object) -> dict[str, object]:
    civil = {"date": {"year": 2026, "month": 6, "day": day}, "time": {}}
    return {"civilStartTime": civil, **value}


def window_point(minute: int, **value: object) -> dict[str, object]:
    return {"startTime": f"2026-06-01T00:{minute:02}:00Z", **value}


def values(series: list[Series]) -> dict[str, list[float]]:
    """Values by metric and its own labels, of the metrics that have any."""
    result = {}
    for one in series:
        if not len(one.values):
            continue
        own = [v for k, v in decode_labels(one.labels).items() if k not in LABELS]
        result["/".join([one.metric, *own])] = one.values.tolist()
    return result


def series_of(request: Request, metrics: tuple[Metric, ...], *points: object) -> list[Series]:
    found = parse(request, list(points), metrics, NEW_YORK)
    return to_series(metrics, found.rows, LABELS, NEW_YORK).series


def reasons(request: Request, metrics: tuple[Metric, ...], *points: object) -> list[str]:
    """What could not be read, and why."""
    return [one.reason for one in parse(request, list(points), metrics, NEW_YORK).set_aside]


def read(request: Request, asset: str, *points: object) -> dict[str, list[float]]:
    return values(series_of(request, metrics_of(asset), *points))
