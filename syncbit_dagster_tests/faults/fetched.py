"""Which days were asked for, and which requests the days of an asset take."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

import orjson

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import ONE_DAY, DayRange, civil_day
from syncbit_dagster.sources.google_health.plan import (
    DailyRollUpRequest,
    ReadingsRequest,
    RollUpRequest,
    plan,
)
from syncbit_dagster_tests.faults.stage import PERSON

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncbit_dagster.scheduling.backfill_plan import Gap
    from syncbit_dagster.sources.google_health.plan import Request
    from syncbit_dagster_tests.breaking_proxy import Seen

MINUTE_SECONDS = 60
_ANY_DAY = date(2026, 1, 1)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_METHOD = re.compile(r"/dataTypes/([^/]+)/dataPoints:(\w+)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?!T)")
_VERBS = {DailyRollUpRequest: "dailyRollUp", RollUpRequest: "rollUp"}

# A data type and the method that it is asked with.
Kind = tuple[str, str]


def planned(assets: Iterable[str], days: DayRange) -> Counter[tuple[Kind, DayRange]]:
    """The requests that the days of some assets take, further pages aside."""
    return Counter(
        (kind_of_planned(one), _days_of_planned(one))
        for asset in assets
        for one in plan(metrics_of(asset), days, PERSON.zone, MINUTE_SECONDS)
    )


def planned_for(parts: Iterable[Gap]) -> Counter[tuple[Kind, DayRange]]:
    """The same of several gaps."""
    return sum((planned(gap.assets, gap.days) for gap in parts), Counter())


def first_pages(requests: Iterable[Seen]) -> Counter[tuple[Kind, DayRange]]:
    """Requests for data that were sent, further pages aside."""
    return Counter(
        (kind_of(one), days_of(one))
        for one in requests
        if is_for_data(one) and "pageToken" not in one.path and b"pageToken" not in one.body
    )


def is_for_data(request: Seen) -> bool:
    """Whether it asks for days, and not for a token or the devices."""
    return "/dataTypes/" in request.path


def kinds_of(asset: str) -> set[Kind]:
    """The data types that an asset lives in, each with the method that it is asked with."""
    return {kind for kind, _ in planned([asset], DayRange(_ANY_DAY, _ANY_DAY))}


def kind_of_planned(request: Request) -> Kind:
    """The same of a planned request."""
    return request.data_type, _VERBS.get(type(request), "reconcile")


def kind_of(request: Seen) -> Kind:
    """The same of a request that was sent."""
    found = _METHOD.search(request.path)
    assert found, request
    return found[1], found[2]


def _days_of_planned(request: Request) -> DayRange:
    if isinstance(request, RollUpRequest | ReadingsRequest):
        return _days_between(request.start, request.end)
    assert request.days is not None
    return request.days


def days_of(request: Seen) -> DayRange:
    """The civil days that a request for data asks for."""
    text = f"{unquote_plus(request.path)} {request.body.decode()}"
    ends = [date.fromisoformat(found) for found in _DAY.findall(text)]
    if request.body.startswith(b"{"):
        ends += _dates(orjson.loads(request.body))
    if ends:
        return DayRange(min(ends), max(ends) - ONE_DAY)
    instants = [datetime.fromisoformat(found) for found in _INSTANT.findall(text)]
    assert instants, request
    return _days_between(min(instants), max(instants))


def _days_between(start: datetime, end: datetime) -> DayRange:
    return DayRange(
        civil_day(start, PERSON.zone), civil_day(end - timedelta(seconds=1), PERSON.zone)
    )


def _dates(body: dict[str, object]) -> list[date]:
    """The civil dates of a roll-up's range."""
    ends = body.get("range")
    assert isinstance(ends, dict)
    return [date(**end["date"]) for end in ends.values() if isinstance(end, dict)]
