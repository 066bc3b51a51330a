"""The devices' present state as series. The API keeps no history of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from syncbit_dagster.catalog import Zero
from syncbit_dagster.catalog.locations import WebDevice
from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.fitbit_web import wire
from syncbit_dagster.sources.fitbit_web.wall_clock import to_milliseconds_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from syncbit_dagster.catalog import Metric


def device_series(
    devices: Iterable[Any],
    metrics: Iterable[Metric],
    labels: Mapping[str, str],
    now: datetime,
    zone: ZoneInfo,
) -> list[Series]:
    """One sample for each device and metric that has a value.

    A value sits at ``now``, when it was read; an instant (the last sync) sits at itself, so that
    reading it twice is the same sample. The API writes it by the account's wall clock.

    Raises:
        UnexpectedResponseError: a device that is not as documented.
    """
    rows = [(one, one.fitbit_web) for one in metrics]
    try:
        return [
            series
            for device in devices
            for metric, location in rows
            if isinstance(location, WebDevice)
            and (series := _series(device, metric, location, labels, now, zone)) is not None
        ]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnexpectedResponseError(
            f"A device is not as documented ({type(error).__name__})."
        ) from None


def _series(
    device: dict[str, Any],
    metric: Metric,
    location: WebDevice,
    labels: Mapping[str, str],
    now: datetime,
    zone: ZoneInfo,
) -> Series | None:
    raw = wire.at(device, location.path)
    if raw is None:
        return None
    if location.is_instant:
        time = to_milliseconds_of(wire.to_local_time(raw), zone)
        value = time / 1000
    else:
        time = to_milliseconds(now)
        value = wire.to_floats([raw]).item()
    if value == 0 and metric.zero is Zero.NO_VALUE:
        return None
    own = {"device_id": str(device["id"]), "device_type": str(device["type"])}
    text = encode_labels({**labels, **metric.labels, **own})
    return Series(metric.name, text, np.array([time], np.int64), np.array([value]))
