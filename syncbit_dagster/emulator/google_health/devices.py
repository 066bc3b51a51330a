"""The devices of the account: a list in pages, and each by its name."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import orjson

from syncbit_dagster.emulator.google_health import scopes
from syncbit_dagster.emulator.google_health.errors import not_found, scope_insufficient
from syncbit_dagster.emulator.google_health.paging import PageTokens
from syncbit_dagster.emulator.google_health.requests import check_parameters, page_size
from syncbit_dagster.emulator.records import DeviceKind

if TYPE_CHECKING:
    from starlette.requests import Request

    from syncbit_dagster.emulator.records import Device
    from syncbit_dagster.emulator.server_view import Feed

_DEFAULT_PAGE, _LARGEST_PAGE = 5, 100

_TYPES = {DeviceKind.TRACKER: "TRACKER", DeviceKind.SCALE: "SCALE"}
_FEATURES = {
    DeviceKind.TRACKER: ["ACTIVE_MINUTES", "CALORIES", "DISTANCE", "HEART_RATE", "STEPS"],
    DeviceKind.SCALE: [],
}

_STATUS = ((60, "High"), (25, "Medium"), (1, "Low"), (0, "Empty"))
"""The least charge of each word; the reference has the words, the limits are made up."""


def list_devices(feed: Feed, request: Request, _body: bytes, granted: tuple[str, ...]) -> str:
    """The method ``pairedDevices.list``."""
    _check_scope(granted)
    query = dict(request.query_params)
    check_parameters(query, frozenset({"pageSize", "pageToken"}))
    size = page_size(query.get("pageSize"), _DEFAULT_PAGE, _LARGEST_PAGE)
    token = query.pop("pageToken", "")
    query.pop("fields", None)
    tokens = PageTokens(query | {"method": "pairedDevices"})
    first = tokens.read(token) or 0
    devices = feed.devices()
    page = {"pairedDevices": [resource(each) for each in devices[first : first + size]]}
    if len(devices) > first + size:
        return orjson.dumps(page | {"nextPageToken": tokens.write(first + size)}).decode()
    return orjson.dumps(page).decode()


def get_device(feed: Feed, request: Request, _body: bytes, granted: tuple[str, ...]) -> str:
    """The method ``pairedDevices.get``."""
    _check_scope(granted)
    check_parameters(request.query_params)
    for device in feed.devices():
        if device.id == request.path_params["device"]:
            return orjson.dumps(resource(device)).decode()
    raise not_found(request.url.path)


def _check_scope(granted: tuple[str, ...]) -> None:
    if scopes.SETTINGS not in granted:
        raise scope_insufficient()


def resource(device: Device) -> dict[str, Any]:
    """Only what is known: a field without value is left out."""
    fields: dict[str, Any] = {
        "name": f"users/me/pairedDevices/{device.id}",
        "deviceType": _TYPES[device.kind],
        "deviceVersion": device.model,
        "macAddress": f"{int(device.id):012X}",
        "features": _FEATURES[device.kind],
    }
    if device.battery is not None:
        fields["batteryStatus"] = next(name for least, name in _STATUS if device.battery >= least)
        fields["batteryLevel"] = device.battery
    if device.synced is not None:
        synced = device.synced.astimezone(UTC).replace(microsecond=0, tzinfo=None)
        fields["lastSyncTime"] = f"{synced.isoformat()}Z"
    return {name: value for name, value in fields.items() if value not in ([], 0)}
