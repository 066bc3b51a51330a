"""The paired devices' present state as series. The API keeps no history of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from syncbit_dagster.catalog import Zero
from syncbit_dagster.catalog.locations import PairedDevice
from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.sources import wire
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.google_health.times import to_unix_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from syncbit_dagster.catalog import Metric


def device_series(
    devices: Iterable[Any], metrics: Iterable[Metric], labels: Mapping[str, str], now: datetime
) -> list[Series]:
    """One sample for each device and metric that has a value.

    A value sits at ``now``, when it was read; an instant (the last sync) sits at itself, so that
    reading it twice is the same sample.

    Raises:
        UnexpectedResponseError: a device that is not as documented.
    """
    rows = [metric for metric in metrics if isinstance(metric.google_health, PairedDevice)]
    try:
        return [
            series
            for device in devices
            for metric in rows
            if (series := _series(device, metric, labels, to_milliseconds(now))) is not None
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnexpectedResponseError(
            f"A paired device is not as documented ({type(error).__name__})."
        ) from None


def _series(
    device: dict[str, Any], metric: Metric, labels: Mapping[str, str], now: int
) -> Series | None:
    location = metric.google_health
    assert isinstance(location, PairedDevice)  # noqa: S101 - chosen by the caller
    raw = [wire.at(device, location.path)]
    value = (to_unix_seconds(raw) if location.is_instant else wire.to_floats(raw)).item()
    if np.isnan(value) or (value == 0 and metric.zero is Zero.NO_VALUE):
        return None
    own = {
        "device_id": device["name"].rpartition("/")[2],
        "device_type": device["deviceType"],
    }
    time = round(value * 1000) if location.is_instant else now
    text = encode_labels({**labels, **metric.labels, **own})
    return Series(metric.name, text, np.array([time], np.int64), np.array([value]))
