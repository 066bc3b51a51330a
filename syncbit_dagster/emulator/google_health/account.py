"""What the API tells about the account itself: settings, profile, identity, devices."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import orjson

from syncbit_dagster.emulator.google_health import scopes
from syncbit_dagster.emulator.google_health.errors import scope_insufficient

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from syncbit_dagster.emulator.google_health.feed import Feed
    from syncbit_dagster.emulator.google_health.methods import Method

HEALTH_USER_ID = "1234567890"


def _settings(feed: Feed) -> dict[str, Any]:
    offset = feed.synced.astimezone(feed.zone).utcoffset()
    return {
        "name": "users/me/settings",
        "timeZone": feed.zone.key,
        "utcOffset": f"{int(offset.total_seconds()) if offset else 0}s",
        "distanceUnit": "DISTANCE_UNIT_KILOMETERS",
    }


def _profile(feed: Feed) -> dict[str, Any]:
    first = feed.person.first_day
    return {
        "name": "users/me/profile",
        "membershipStartDate": {"year": first.year, "month": first.month, "day": first.day},
    }


def _identity(_feed: Feed) -> dict[str, Any]:
    return {
        "name": "users/me/identity",
        "healthUserId": HEALTH_USER_ID,
        "legacyUserId": "EMUL8R",
    }


def _paired_devices(feed: Feed) -> dict[str, Any]:
    synced = feed.synced.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()
    device = {
        "name": "users/me/pairedDevices/1",
        "deviceType": "TRACKER",
        "deviceVersion": "Emulated Tracker",
        "batteryStatus": "High",
        "batteryLevel": 82,
        "lastSyncTime": f"{synced}Z",
        "features": ["HEART_RATE", "STEPS"],
    }
    return {"pairedDevices": [device]}


def _method(describe: Callable[[Feed], dict[str, Any]], scope: str | None) -> Method:
    def method(feed: Feed, _request: Request, _body: bytes, granted: tuple[str, ...]) -> str:
        if scope is not None and scope not in granted:
            raise scope_insufficient()
        return orjson.dumps(describe(feed)).decode()

    return method


METHODS: dict[str, Method] = {
    "/v4/users/{user}/settings": _method(_settings, scopes.SETTINGS),
    "/v4/users/{user}/profile": _method(_profile, scopes.PROFILE),
    "/v4/users/{user}/identity": _method(_identity, None),
    "/v4/users/{user}/pairedDevices": _method(_paired_devices, scopes.SETTINGS),
}
