"""The read methods: checks in the order of the service, then one JSON text."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import orjson

from syncbit_dagster.emulator.google_health import points, wire
from syncbit_dagster.emulator.google_health.data_types import DATA_TYPES
from syncbit_dagster.emulator.google_health.errors import (
    invalid_argument,
    not_found,
    scope_insufficient,
)
from syncbit_dagster.emulator.google_health.filters import LAST_MS, parse_filter
from syncbit_dagster.emulator.google_health.paging import PageTokens
from syncbit_dagster.emulator.google_health.requests import (
    LIST_PARAMETERS,
    check_family,
    check_parameters,
    daily_roll_up_request,
    json_object,
    page_size,
    refuse_family,
    roll_up_request,
)
from syncbit_dagster.emulator.google_health.rollups import roll_up
from syncbit_dagster.emulator.google_health.rules import Operation, Record

if TYPE_CHECKING:
    from starlette.requests import Request

    from syncbit_dagster.emulator.google_health.rules import DataType, Event, RollupRule
    from syncbit_dagster.emulator.server_view import Feed

_TRACKER = "Emulated Tracker"
_ROLL_UP_FIELDS = {"range", "windowSize", "pageSize", "pageToken", "dataSourceFamily"}
_DAILY_FIELDS = {"range", "windowSizeDays", "pageSize", "pageToken", "dataSourceFamily"}


class Method(Protocol):
    """One method of the API: what the server has, the request, the granted scopes -> JSON."""

    def __call__(
        self, feed: Feed, request: Request, body: bytes, scopes: tuple[str, ...], /
    ) -> str: ...


def list_points(operation: Operation, *, has_empty_pages: bool) -> Method:
    """The method ``list`` or ``reconcile``; only the former tells where a point came from.

    ``has_empty_pages`` lets some lists begin with an empty page, as live accounts saw; a count of
    requests has to do without that chance.
    """

    def method(feed: Feed, request: Request, _body: bytes, scopes: tuple[str, ...]) -> str:
        data_type = _allowed_type(request, operation, scopes)
        query = dict(request.query_params)
        check_parameters(query, LIST_PARAMETERS)
        bounds = parse_filter(query.get("filter", ""), data_type)
        size = page_size(query.get("pageSize"), data_type.default_page, data_type.largest_page)
        size = min(size, points.SERVED_PAGE[operation])
        token = query.pop("pageToken", "")
        query.pop("fields", None)
        tokens = PageTokens(query | {"method": operation.value, "type": data_type.id})
        below = tokens.read(token)
        if operation is Operation.LIST and data_type.record is Record.SLEEP:
            refuse_family(query.get("dataSourceFamily"))
        if not check_family(query.get("dataSourceFamily"), data_type):
            return "{}"
        begins_empty = has_empty_pages and points.first_page_is_empty(tokens.fingerprint)
        if below is None and begins_empty:
            page = points.Page([], LAST_MS)
        else:
            start = LAST_MS if below is None else below
            page = points.page_of_points(feed, data_type, bounds, start, size)
        found = [_point(data_type, operation, point) for point in page.points]
        next_token = None if page.next_position is None else tokens.write(page.next_position)
        return _page("dataPoints", found, next_token)

    return method


def get_point(feed: Feed, request: Request, _body: bytes, scopes: tuple[str, ...]) -> str:
    """The method ``get``: one point by its name. Only points that have names can be asked for."""
    data_type = _allowed_type(request, Operation.GET, scopes)
    check_parameters(request.query_params)
    point = points.named_point(feed, data_type, request.path_params["point"])
    if point is None:
        raise not_found(request.url.path)
    return _point(data_type, Operation.GET, point)


def roll_up_time(feed: Feed, request: Request, body: bytes, scopes: tuple[str, ...]) -> str:
    """The method ``rollUp``: windows of equal length, anchored at the start of the range."""
    data_type = _allowed_type(request, Operation.ROLL_UP, scopes)
    check_parameters(request.query_params)
    fields = json_object(body, _ROLL_UP_FIELDS)
    rule = _rollup_rule(data_type)
    asked = roll_up_request(fields, rule.cap_days)
    token = str(fields.pop("pageToken", "") or "")
    tokens = PageTokens(fields | {"method": "rollUp", "type": data_type.id})
    below = tokens.read(token)
    if not check_family(fields.get("dataSourceFamily"), data_type):
        return "{}"
    # A page is so many windows, with data or without: the cap on window times page size says so.
    end = asked.windows if below is None else below
    first = max(0, end - asked.page_size)
    found = roll_up(feed, rule, asked.edges(first, end))
    rows = zip(found.start_ms.tolist(), found.end_ms.tolist(), found.values, strict=True)
    windows = [
        f'{{"startTime":{wire.instant(start)},"endTime":{wire.instant(until)},'
        f'"{data_type.body_field}":{value}}}'
        for start, until, value in rows
    ]
    return _page("rollupDataPoints", windows, tokens.write(first) if first else None)


def roll_up_days(feed: Feed, request: Request, body: bytes, scopes: tuple[str, ...]) -> str:
    """The method ``dailyRollUp``: windows of civil days; everything fits one page."""
    data_type = _allowed_type(request, Operation.DAILY_ROLL_UP, scopes)
    check_parameters(request.query_params)
    fields = json_object(body, _DAILY_FIELDS)
    rule = _rollup_rule(data_type)
    asked = daily_roll_up_request(fields, rule.cap_days, feed.zone)
    # There is never a second page, so this refuses every token.
    PageTokens(fields).read(str(fields.get("pageToken") or ""))
    if not check_family(fields.get("dataSourceFamily"), data_type):
        return "{}"
    found = roll_up(feed, rule, asked.edges)
    walls = dict(zip(asked.edges.tolist(), asked.wall_ms.tolist(), strict=True))
    rows = zip(found.start_ms.tolist(), found.end_ms.tolist(), found.values, strict=True)
    windows = [
        f'{{"civilStartTime":{wire.civil(walls[start])},"civilEndTime":{wire.civil(walls[until])},'
        f'"{data_type.body_field}":{value}}}'
        for start, until, value in rows
    ]
    return _page("rollupDataPoints", windows, None)


def _allowed_type(request: Request, operation: Operation, scopes: tuple[str, ...]) -> DataType:
    type_id = request.path_params["data_type"]
    data_type = DATA_TYPES.get(type_id)
    if data_type is None:
        raise invalid_argument(
            "INVALID_PARENT_DATA_TYPE_COLLECTION", f"There is no data type {type_id}."
        )
    if data_type.scope not in scopes:
        raise scope_insufficient()
    if operation not in data_type.operations:
        allowed = ", ".join(each.value for each in Operation if each in data_type.operations)
        raise invalid_argument(
            "UNSUPPORTED_DATA_TYPE_ACTION",
            f"{type_id} does not support {operation.value}; it supports {allowed}.",
            allowed_actions=allowed,
        )
    return data_type


def _rollup_rule(data_type: DataType) -> RollupRule:
    if data_type.rollup is None:
        raise ValueError(f"{data_type.id} has no roll-up")
    return data_type.rollup


def _point(data_type: DataType, operation: Operation, point: points.Point) -> str:
    """A point with what only some methods and data types say: its source and its name."""
    event = point.event
    if operation is Operation.RECONCILE:
        head = "" if event is None else f'"dataPointName":{_name(data_type, event)},'
    elif event is None:
        head = _source(data_type.recording, _TRACKER)
    else:
        source = _source(event.recording, event.device)
        head = f'"name":{_name(data_type, event)},{source}'
    return f'{{{head}"{data_type.body_field}":{point.value}}}'


def _name(data_type: DataType, event: Event) -> str:
    return f'"users/{wire.HEALTH_USER_ID}/dataTypes/{data_type.id}/dataPoints/{event.id}"'


@lru_cache
def _source(recording: str, device: str | None) -> str:
    source = {
        "recordingMethod": recording,
        **({"device": {"displayName": device}} if device else {}),
        "platform": "FITBIT",
    }
    return f'"dataSource":{orjson.dumps(source).decode()},'


def _page(name: str, fragments: list[str], next_token: str | None) -> str:
    fields = {}
    if fragments:
        fields[name] = f"[{','.join(fragments)}]"
    if next_token is not None:
        fields["nextPageToken"] = f'"{next_token}"'
    return wire.joined(fields)
