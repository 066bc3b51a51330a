"""What the API tells about the account itself: settings, profile, identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from syncbit_dagster.emulator.google_health import scopes, wire
from syncbit_dagster.emulator.google_health.devices import get_device, list_devices
from syncbit_dagster.emulator.google_health.errors import scope_insufficient
from syncbit_dagster.emulator.google_health.requests import check_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from syncbit_dagster.emulator.google_health.methods import Method
    from syncbit_dagster.emulator.server_view import Feed


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
        "healthUserId": wire.HEALTH_USER_ID,
        "legacyUserId": "EMUL8R",
    }


def _method(describe: Callable[[Feed], dict[str, Any]], scope: str | None) -> Method:
    def method(feed: Feed, request: Request, _body: bytes, granted: tuple[str, ...]) -> str:
        if scope is not None and scope not in granted:
            raise scope_insufficient()
        check_parameters(request.query_params)
        return orjson.dumps(describe(feed)).decode()

    return method


METHODS: dict[str, Method] = {
    "/v4/users/{user}/settings": _method(_settings, scopes.SETTINGS),
    "/v4/users/{user}/profile": _method(_profile, scopes.PROFILE),
    "/v4/users/{user}/identity": _method(_identity, None),
    "/v4/users/{user}/pairedDevices": list_devices,
    "/v4/users/{user}/pairedDevices/{device}": get_device,
}
