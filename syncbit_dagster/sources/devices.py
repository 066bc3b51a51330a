"""The devices' present state as series, as far as each says it. No API keeps its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from syncbit_dagster.catalog import Zero
from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.sources import wire
from syncbit_dagster.sources.set_aside import BAD_TIME, BAD_VALUE, NO_OBJECT, SetAside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.catalog.locations import PairedDevice
    from syncbit_dagster.sources.wire import Json

UNKNOWN = "UNKNOWN"
SCALE = "SCALE"
# What the words for a battery stand for, in percent.
LEVELS = {"high": 80, "medium": 50, "low": 20, "empty": 5}
_KIND = "devices"
_FIRST_MS = 946_684_800_000  # 2000: before that, a clock has never been set
_DAY_MS = 86_400_000


class Devices(NamedTuple):
    """One sample for each device and metric that has a value, and what could not be read."""

    series: list[Series]
    set_aside: list[SetAside]


def device_series(
    devices: Sequence[Any],
    located: Iterable[tuple[Metric, PairedDevice]],
    labels: Mapping[str, str],
    now: datetime,
    *,
    identify: Callable[[Json], tuple[str | None, str | None]],
    to_instant: Callable[[Any], int],
) -> Devices:
    """The devices' samples.

    A value sits at ``now``, when it was read; an instant (the last sync) sits at itself, so that
    reading it twice is the same sample. A device that does not say what it is counts as one that
    is worn, unless its model is a scale's.

    Args:
        devices: as the provider gives them.
        located: the metrics, and where a device has them.
        labels: the account's labels.
        now: the present instant.
        identify: a device's id and type; None where it says none.
        to_instant: an instant of the provider in milliseconds.
    """
    found, present, rows = Devices([], []), to_milliseconds(now), list(located)
    seen: set[tuple[str, str]] = set()
    for device in devices:
        if not isinstance(device, dict):
            found.set_aside.append(SetAside(None, _KIND, NO_OBJECT))
            continue
        given_id, given_type = identify(device)
        own = given_id or UNKNOWN.lower(), given_type or _type_of(device)
        if own in seen:
            reason = "two devices cannot be told apart"
            found.set_aside.append(SetAside(None, _KIND, reason))
            continue
        seen.add(own)
        text = {**labels, "device_id": own[0], "device_type": own[1]}
        for metric, location in rows:
            try:
                sample = _sample(device, location, present, to_instant)
            except wire.ODD:
                reason = BAD_TIME if location.is_instant else BAD_VALUE
                found.set_aside.append(SetAside(None, f"{_KIND}: {location.path}", reason))
                continue
            if sample is None or (sample[1] == 0 and metric.zero is Zero.NO_VALUE):
                continue
            time, value = np.array([sample[0]], np.int64), np.array([sample[1]], np.float64)
            encoded = encode_labels({**text, **metric.labels})
            found.series.append(Series(metric.name, encoded, time, value))
    return found


def _sample(
    device: Json, location: PairedDevice, now: int, to_instant: Callable[[Any], int]
) -> tuple[int, float] | None:
    raw = wire.at(device, location.path)
    if location.is_instant:
        if raw is None:
            return None
        time = to_instant(raw)
        if time > now + _DAY_MS:
            raise ValueError("a sync to come")
        return (time, time / 1000) if time >= _FIRST_MS else None
    if raw is None and location.text_path:
        word = wire.at(device, location.text_path)
        return None if word is None else (now, float(LEVELS[word.lower()]))
    value = wire.to_floats([raw]).item()
    return None if np.isnan(value) else (now, value)


def _type_of(device: Json) -> str:
    model = str(device.get("deviceVersion", "")).lower()
    return SCALE if "aria" in model or "scale" in model else UNKNOWN
