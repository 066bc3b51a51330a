"""Readings of the body: logs with every reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncbit_dagster.emulator.fitbit_web.days import UP_TO_A_MONTH, Limit
from syncbit_dagster.emulator.fitbit_web.wall_clock import wall
from syncbit_dagster.emulator.records import Body

if TYPE_CHECKING:
    from datetime import date

    from syncbit_dagster.emulator.fitbit_web.request import DataRequest
    from syncbit_dagster.emulator.records import Reading
    from syncbit_dagster.emulator.server_view import Feed

_WEIGHT_LOG = Limit(UP_TO_A_MONTH, days=31)
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
            entry["weight"] = round(reading.value / _GRAMS_PER_KG, 2)
            index = _mass_index(request.feed, reading.value)
            entry |= {} if index is None else {"bmi": index}
            entry |= {"fat": fat[reading.at_ms]} if reading.at_ms in fat else {}
            found.append(entry)
    return {"weight": found}


def height_mm(feed: Feed) -> float | None:
    """The height that was entered when the account was made."""
    heights = _body(feed, feed.person.first_day).heights
    return heights[-1].value if heights else None


def _body(feed: Feed, day: date) -> Body:
    return feed.body(day) if day >= feed.person.first_day else Body()


def _entry(request: DataRequest, reading: Reading) -> dict[str, Any]:
    """What the log tells of a reading."""
    at = wall(reading.at_ms, request.feed.zone)
    return {
        "date": at.date().isoformat(),
        "logId": int(reading.id),
        "source": "API" if reading.is_manual else "Aria",
        "time": at.time().isoformat(timespec="seconds"),
    }


def _mass_index(feed: Feed, grams: float) -> float | None:
    height = height_mm(feed)
    if height is None:
        return None
    return round(grams / _GRAMS_PER_KG / (height / _MM_PER_M) ** 2, 2)
