"""What the API tells about the account itself: the profile and the devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncbit_dagster.core.civil import ONE_DAY, to_milliseconds
from syncbit_dagster.emulator.fitbit_web.body import height_mm
from syncbit_dagster.emulator.fitbit_web.oauth import USER_ID
from syncbit_dagster.emulator.fitbit_web.wall_clock import local_time
from syncbit_dagster.emulator.person import offset_ms
from syncbit_dagster.emulator.records import DeviceKind

if TYPE_CHECKING:
    from syncbit_dagster.emulator.fitbit_web.request import DataRequest
    from syncbit_dagster.emulator.records import Device

_TYPES = {DeviceKind.TRACKER: "TRACKER", DeviceKind.SCALE: "SCALE"}

_STATUS = ((60, "High"), (25, "Medium"), (1, "Low"), (0, "Empty"))
"""The least charge of each word; the reference has the words, the limits are made up."""

_MM_PER_CM = 10


def devices(request: DataRequest) -> list[dict[str, Any]]:
    """The devices, as a bare list, as their last sync left them."""
    return [_device(request, device) for device in request.feed.devices()]


def _device(request: DataRequest, device: Device) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "deviceVersion": device.model,
        "features": [],
        "id": device.id,
        "mac": f"{int(device.id):012X}",
        "type": _TYPES[device.kind],
    }
    if device.battery is not None:
        fields["battery"] = next(name for least, name in _STATUS if device.battery >= least)
        fields["batteryLevel"] = device.battery
    if device.synced is not None:
        synced_ms = to_milliseconds(device.synced) // 1000 * 1000
        fields["lastSyncTime"] = local_time(synced_ms, request.feed.zone)
    return fields


def profile(request: DataRequest) -> dict[str, Any]:
    """The person. The offset is that of this moment, whatever day is asked for next."""
    feed = request.feed
    height = height_mm(feed)
    return {
        "user": {
            "age": 40,
            "averageDailySteps": _average_daily_steps(request),
            "clockTimeDisplayFormat": "24hour",
            "displayName": "Emulated P.",
            "distanceUnit": "METRIC",
            "encodedId": USER_ID,
            "fullName": "Emulated Person",
            "gender": "NA",
            "glucoseUnit": "METRIC",
            **({} if height is None else {"height": round(height / _MM_PER_CM, 1)}),
            "heightUnit": "METRIC",
            "locale": "en_US",
            "memberSince": feed.person.first_day.isoformat(),
            "offsetFromUTCMillis": offset_ms(to_milliseconds(feed.now), feed.zone),
            "startDayOfWeek": "MONDAY",
            "timezone": feed.zone.key,
            "waterUnit": "METRIC",
            "weightUnit": "METRIC",
        }
    }


def _average_daily_steps(request: DataRequest) -> int:
    """Of the last seven days before today."""
    days = [request.today - back * ONE_DAY for back in range(1, 8)]
    return round(sum(request.totals_of(day).sums["steps"] for day in days) / len(days))
