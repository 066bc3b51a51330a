"""Readings of the body: logs with every reading, and series with one value a day.

A series has the last value known on each day, as long as there was no new one: what it repeats
was not measured that day. Days before the first reading are missing from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncbit_dagster.core.civil import ONE_DAY
from syncbit_dagster.emulator.fitbit_web.days import UP_TO_A_MONTH, UP_TO_A_YEAR, Limit
from syncbit_dagster.emulator.fitbit_web.errors import invalid_resource
from syncbit_dagster.emulator.fitbit_web.wall_clock import wall
from syncbit_dagster.emulator.records import Body

if TYPE_CHECKING:
    from datetime import date

    from syncbit_dagster.emulator.fitbit_web.request import DataRequest
    from syncbit_dagster.emulator.records import Reading
    from syncbit_dagster.emulator.server_view import Feed

_WEIGHT_LOG = Limit(UP_TO_A_MONTH, days=31)
_FAT_LOG = Limit(UP_TO_A_MONTH, days=30)
_SERIES = {
    "bmi": Limit(UP_TO_A_YEAR, days=1095),
    "fat": Limit(UP_TO_A_YEAR, days=30),
    "weight": Limit(UP_TO_A_YEAR, days=31),
}

_GRAMS_PER_KG = 1000
_MM_PER_M = 1000


def weight_log(request: DataRequest) -> dict[str, Any]:
    """Every weight, with the body fat of the same moment and the body mass index."""
    found = []
    for day in request.days(_WEIGHT_LOG):
        body = _body(request.feed, day)
        fat = {reading.at_ms: reading.value for reading in body.body_fat}
        for reading in body.weights:
            entry = _entry(request, reading)
            entry["weight"] = _weight(request, reading.value)
            index = _mass_index(request.feed, reading.value)
            entry |= {} if index is None else {"bmi": index}
            entry |= {"fat": fat[reading.at_ms]} if reading.at_ms in fat else {}
            found.append(entry)
    return {"weight": found}


def fat_log(request: DataRequest) -> dict[str, Any]:
    """Every body fat, in percent."""
    return {
        "fat": [
            _entry(request, reading) | {"fat": reading.value}
            for day in request.days(_FAT_LOG)
            for reading in _body(request.feed, day).body_fat
        ]
    }


def series(request: DataRequest) -> dict[str, Any]:
    """One value a day, as text."""
    name = request.path["resource"]
    if name not in _SERIES:
        raise invalid_resource(f"/body/{name}")
    days = request.days(_SERIES[name])
    value = _before(request, name, days.first)
    entries = []
    for day in days:
        value = _last(request, name, day) or value
        if value is not None:
            entries.append({"dateTime": day.isoformat(), "value": value})
    return {f"body-{name}": entries}


def height_mm(feed: Feed) -> float | None:
    """The height that was entered when the account was made."""
    heights = _body(feed, feed.person.first_day).heights
    return heights[-1].value if heights else None


def _body(feed: Feed, day: date) -> Body:
    return feed.body(day) if day >= feed.person.first_day else Body()


def _entry(request: DataRequest, reading: Reading) -> dict[str, Any]:
    """What both logs tell of a reading."""
    at = wall(reading.at_ms, request.feed.zone)
    return {
        "date": at.date().isoformat(),
        "logId": int(reading.id),
        "source": "API" if reading.is_manual else "Aria",
        "time": at.time().isoformat(timespec="seconds"),
    }


def _weight(request: DataRequest, grams: float) -> float:
    return round(grams / _GRAMS_PER_KG * request.units.weight, 2)


def _mass_index(feed: Feed, grams: float) -> float | None:
    height = height_mm(feed)
    if height is None:
        return None
    return round(grams / _GRAMS_PER_KG / (height / _MM_PER_M) ** 2, 2)


def _last(request: DataRequest, name: str, day: date) -> str | None:
    """The last value of one day, as text."""
    body = _body(request.feed, day)
    readings = body.body_fat if name == "fat" else body.weights
    if not readings:
        return None
    value = readings[-1].value
    if name == "weight":
        return str(_weight(request, value))
    index = _mass_index(request.feed, value) if name == "bmi" else value
    return None if index is None else str(index)


def _before(request: DataRequest, name: str, day: date) -> str | None:
    """The last value before a day."""
    while (day := min(day - ONE_DAY, request.today)) >= request.feed.person.first_day:
        value = _last(request, name, day)
        if value is not None:
            return value
    return None
