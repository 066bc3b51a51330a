"""Once-a-day values, most of them of the night: a day without a value is missing from the list."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from syncbit_dagster.emulator.fitbit_web.days import NO_PERIODS, Limit

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from syncbit_dagster.emulator.fitbit_web.request import Answer, DataRequest
    from syncbit_dagster.emulator.person import DailyValues

    Value = Callable[[DailyValues, date], dict[str, Any] | None]

_LIMIT = Limit(NO_PERIODS, days=30)
_GPS_RUN_EVERY_DAYS = 7
_VO2_MAX_MARGIN = 2


def oxygen(request: DataRequest) -> list[Any]:
    """Oxygen saturation of some days: the one answer that is a bare list."""
    return _entries(request, _oxygen)


def oxygen_of_a_day(request: DataRequest) -> dict[str, Any]:
    """Oxygen saturation of one day: one entry, without a value if there is none."""
    entries = _entries(request, _oxygen)
    (day,) = request.days(_LIMIT)
    return entries[0] if entries else {"dateTime": day.isoformat()}


def listed(name: str, value: Value, **constant: str) -> Answer:
    """An answer that is a list under a name; it is the same for one day and for some."""

    def answer(request: DataRequest) -> dict[str, Any]:
        return {name: [constant | entry for entry in _entries(request, value)]}

    return answer


def _entries(request: DataRequest, value: Value) -> list[dict[str, Any]]:
    entries = []
    for day in request.days(_LIMIT):
        daily = request.feed.daily(day) if day >= request.feed.person.first_day else None
        found = None if daily is None else value(daily, day)
        if found is not None:
            entries.append({"dateTime": day.isoformat(), "value": found})
    return entries


def _oxygen(daily: DailyValues, _day: date) -> dict[str, Any] | None:
    if daily.oxygen_average is None:
        return None
    return {"avg": daily.oxygen_average, "min": daily.oxygen_low, "max": daily.oxygen_high}


def variability(daily: DailyValues, _day: date) -> dict[str, Any] | None:
    """Heart rate variability, in milliseconds."""
    if daily.hrv_average is None:
        return None
    return {"dailyRmssd": daily.hrv_average, "deepRmssd": daily.hrv_deep}


def breathing_rate(daily: DailyValues, _day: date) -> dict[str, Any] | None:
    """Breaths a minute."""
    if daily.respiratory_rate is None:
        return None
    return {"breathingRate": daily.respiratory_rate}


def skin_temperature(daily: DailyValues, _day: date) -> dict[str, Any] | None:
    """Difference to the usual temperature; nothing while there is no usual one."""
    if daily.skin_temperature is None or daily.skin_temperature_baseline is None:
        return None
    if math.isnan(daily.skin_temperature_baseline):
        return None
    difference = daily.skin_temperature - daily.skin_temperature_baseline
    return {"nightlyRelative": round(difference, 2)}


def cardio_score(daily: DailyValues, day: date) -> dict[str, Any] | None:
    """VO2 max as text: a number after a run with GPS, which is once a week, otherwise a range."""
    if daily.vo2_max is None:
        return None
    if day.toordinal() % _GPS_RUN_EVERY_DAYS == 0:
        return {"vo2Max": str(daily.vo2_max)}
    middle = round(daily.vo2_max)
    return {"vo2Max": f"{middle - _VO2_MAX_MARGIN}-{middle + _VO2_MAX_MARGIN}"}
