"""Short ways to write slices, samples and what a VictoriaMetrics really holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import requests

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import Series, encode_labels, from_series, to_series
from syncbit_dagster.stores.base import Slice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HEART_RATE = "fitbit_heart_rate_intraday"
STEPS = "fitbit_steps_intraday"
DAY = datetime(2024, 3, 1, tzinfo=UTC)
MINUTE = 60_000
ONE_DAY = 86_400_000


def account(user: str, **more: str) -> dict[str, str]:
    """The labels of an account's series."""
    return {"user": user, "device": "watch", **more}


def slice_of(
    user: str, *, metrics: tuple[str, ...] = (HEART_RATE,), first: int = 0, days: int = 1
) -> Slice:
    """Some days of an account, counted from :data:`DAY`."""
    start = DAY + timedelta(days=first)
    return Slice(metrics, account(user), start, start + timedelta(days=days))


def series(
    user: str,
    values: Iterable[float],
    *,
    metric: str = HEART_RATE,
    first: int = 0,
    step: int = MINUTE,
    labels: Mapping[str, str] | None = None,
) -> Series:
    """Samples from the beginning of a day on, one every ``step`` ms."""
    numbers = np.array(list(values), dtype=np.float64)
    start = to_milliseconds(DAY) + first * ONE_DAY
    return Series(
        metric,
        encode_labels(labels or account(user)),
        start + step * np.arange(len(numbers), dtype=np.int64),
        numbers,
    )


def joined(*parts: Series) -> list[Series]:
    """Whole series of their days."""
    return to_series(from_series(parts))


def rows(found: Iterable[Series]) -> list[tuple[str, str, int, float]]:
    """Series as sorted tuples, to compare."""
    return sorted(
        (one.metric, one.labels, int(instant), float(value))
        for one in found
        for instant, value in zip(one.timestamps, one.values, strict=True)
    )


def post(url: str, part: Series) -> None:
    """Write past the store, as another program would, and make it visible."""
    line: dict[str, Any] = {
        "metric": {"__name__": part.metric, **orjson.loads(part.labels)},
        "values": part.values.tolist(),
        "timestamps": part.timestamps.tolist(),
    }
    requests.post(f"{url}/api/v1/import", data=orjson.dumps(line), timeout=30).raise_for_status()
    requests.get(f"{url}/internal/force_flush", timeout=30).raise_for_status()
