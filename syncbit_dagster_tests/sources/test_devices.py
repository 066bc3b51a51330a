"""Devices as they are: what each says is stored, what it does not say stops nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.catalog.locations import PairedDevice
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.sources.devices import SCALE, UNKNOWN, Devices, device_series
from syncbit_dagster.sources.google_health.times import to_instants

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
LABELS = {"user": "u", "device": "d"}
BATTERY, SYNC = "fitbit_device_battery_percent", "fitbit_device_last_sync_timestamp"


def text(device: dict[str, Any], field: str) -> str | None:
    found = device.get(field)
    return found if isinstance(found, str) else None


def read(*devices: Any) -> Devices:
    located = [
        (metric, metric.google_health)
        for metric in metrics_of("devices")
        if isinstance(metric.google_health, PairedDevice)
    ]
    return device_series(
        devices,
        located,
        LABELS,
        NOW,
        identify=lambda device: (text(device, "name"), text(device, "deviceType")),
        to_instant=lambda text: to_instants([text]).item(),
    )


def samples(found: Devices) -> dict[tuple[str, str, str], tuple[int, float]]:
    result = {}
    for one in found.series:
        own = decode_labels(one.labels)
        assert own.items() >= LABELS.items()
        key = one.metric, own["device_id"], own["device_type"]
        result[key] = one.timestamps.item(), one.values.item()
    return result


def test_a_value_sits_at_now_and_the_last_sync_at_itself() -> None:
    tracker = {
        "name": "123",
        "deviceType": "TRACKER",
        "batteryLevel": 82,
        "lastSyncTime": "2026-06-03T11:58:30Z",
    }
    seconds = datetime(2026, 6, 3, 11, 58, 30, tzinfo=UTC).timestamp()
    assert samples(read(tracker)) == {
        (BATTERY, "123", "TRACKER"): (NOW.timestamp() * 1000, 82.0),
        (SYNC, "123", "TRACKER"): (seconds * 1000, seconds),
    }


@pytest.mark.parametrize(
    ("device", "expected", "odd"),
    [
        ({"name": "1", "batteryLevel": 5}, {(BATTERY, "1", UNKNOWN): 5.0}, 0),
        ({"deviceType": "TRACKER", "batteryLevel": 5}, {(BATTERY, "unknown", "TRACKER"): 5.0}, 0),
        ({"name": "1", "batteryStatus": "High"}, {(BATTERY, "1", UNKNOWN): 80.0}, 0),
        ({"name": "1", "batteryStatus": "Empty"}, {(BATTERY, "1", UNKNOWN): 5.0}, 0),
        ({"name": "1", "batteryStatus": "Flat"}, {}, 1),
        ({"name": "1", "batteryLevel": "full"}, {}, 1),
        ({"name": "1", "batteryLevel": 0}, {}, 0),
        ({"name": "1", "lastSyncTime": "0001-01-01T00:00:00Z", "batteryLevel": 7},
         {(BATTERY, "1", UNKNOWN): 7.0}, 0),
        ({"name": "1", "lastSyncTime": "2036-01-01T00:00:00Z"}, {}, 1),
        ({"name": "1", "lastSyncTime": "yesterday", "batteryLevel": 7},
         {(BATTERY, "1", UNKNOWN): 7.0}, 1),
        ({"name": "1", "deviceVersion": "Aria Air", "batteryLevel": 7},
         {(BATTERY, "1", SCALE): 7.0}, 0),
        (None, {}, 1),
        ({}, {}, 0),
    ],
)  # fmt: skip
def test_what_a_device_says_is_stored_and_the_others_are_too(
    device: Any, expected: dict[tuple[str, str, str], float], odd: int
) -> None:
    good = {"name": "good", "deviceType": "TRACKER", "batteryLevel": 50}
    found = read(device, good)
    values = {key: value for key, (_, value) in samples(found).items()}
    assert values == {**expected, (BATTERY, "good", "TRACKER"): 50.0}
    assert len(found.set_aside) == odd


def test_two_devices_that_cannot_be_told_apart_are_one_series() -> None:
    found = read({"batteryLevel": 5}, {"batteryLevel": 6})
    assert list(samples(found).values()) == [(NOW.timestamp() * 1000, 5.0)]
    assert len(found.set_aside) == 1


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "batteryLevel", "lastSyncTime", "batteryStatus"]), inner
            )
        ),
        max_leaves=8,
    )
)
def test_devices_of_any_shape(content: Any) -> None:
    for one in read(*(content if isinstance(content, list) else [content])).series:
        assert np.isfinite(one.values).all()
