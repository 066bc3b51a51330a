"""What a day amounts to: series of totals, heart rate, active zone minutes, the daily summary.

Series have one entry for every day that is asked for; one that nothing is known of reads 0, also
before the account existed. Where real answers leave something out, so does this: the resting
heart rate that was not computed, what a zone's minutes are on a day without heart rate, the zones
that earned nothing on a day with active zone minutes (a day without any has four zeros).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncbit_dagster.emulator.fitbit_web.days import (
    NO_PERIODS,
    UP_TO_A_MONTH,
    UP_TO_A_YEAR,
    Limit,
)
from syncbit_dagster.emulator.fitbit_web.errors import invalid_resource
from syncbit_dagster.emulator.fitbit_web.resources import RESOURCES

if TYPE_CHECKING:
    from datetime import date

    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.emulator.fitbit_web.request import DataRequest
    from syncbit_dagster.emulator.fitbit_web.resources import Resource
    from syncbit_dagster.emulator.fitbit_web.totals import DayTotals

_HEART_LIMIT = Limit(UP_TO_A_MONTH, years=1)
_AZM_LIMIT = Limit(UP_TO_A_YEAR, days=1095)
_ONE_DAY = Limit(NO_PERIODS)

HEART_ZONES = (
    ("Out of Range", 30, 98),
    ("Fat Burn", 98, 137),
    ("Cardio", 137, 167),
    ("Peak", 167, 220),
)
"""Names and bounds in beats a minute; the person's real bounds move with their fitness."""

_AZM_FIELDS = (
    "fatBurnActiveZoneMinutes",
    "cardioActiveZoneMinutes",
    "peakActiveZoneMinutes",
)

_GOALS = {"activeMinutes": 30, "caloriesOut": 2500, "floors": 10, "steps": 10_000}
_GOAL_KM = 8.05

_SUMMARY = {
    "activityCalories": "activityCalories",
    "caloriesBMR": "caloriesBMR",
    "caloriesOut": "calories",
    "fairlyActiveMinutes": "minutesFairlyActive",
    "lightlyActiveMinutes": "minutesLightlyActive",
    "sedentaryMinutes": "minutesSedentary",
    "steps": "steps",
    "veryActiveMinutes": "minutesVeryActive",
}
"""Fields of the daily summary, and the resources whose totals they are."""

_DISTANCES: dict[str, str | None] = {
    "total": "distance_mm",
    "tracker": "distance_mm",
    "loggedActivities": None,
    "veryActive": "very_active_mm",
    "moderatelyActive": "fairly_active_mm",
    "lightlyActive": "lightly_active_mm",
    "sedentaryActive": "sedentary_mm",
}


def resource_of(request: DataRequest) -> Resource:
    """The activity resource of the path, or 400."""
    name = request.path["resource"]
    if name not in RESOURCES:
        raise invalid_resource(f"/activities/{name}")
    return RESOURCES[name]


def series(request: DataRequest) -> dict[str, Any]:
    """Daily totals of one resource."""
    resource = resource_of(request)
    days = request.days(resource.limit)
    return {f"activities-{request.path['resource']}": daily_entries(request, resource, days)}


def daily_entries(request: DataRequest, resource: Resource, days: DayRange) -> list[Any]:
    """Date and total, as text, of every day."""
    totals = ((day, request.totals_of(day).sums[resource.summed]) for day in days)
    return [{"dateTime": day.isoformat(), "value": resource.text(total)} for day, total in totals]


def heart_series(request: DataRequest) -> dict[str, Any]:
    """Zones and resting heart rate of every day."""
    days = request.days(_HEART_LIMIT)
    return {"activities-heart": heart_entries(request, days)}


def heart_entries(request: DataRequest, days: DayRange) -> list[Any]:
    """Date, zones and, where it was computed, the resting heart rate of every day."""
    return [
        {
            "dateTime": day.isoformat(),
            "value": {
                "customHeartRateZones": [],
                "heartRateZones": _zones(request.totals_of(day)),
                **_resting_heart_rate(request, day),
            },
        }
        for day in days
    ]


def active_zone_minutes(request: DataRequest) -> dict[str, Any]:
    """Active zone minutes of every day."""
    entries = []
    for day in request.days(_AZM_LIMIT):
        scores = request.totals_of(day).zone_scores
        zones = {
            name: score
            for name, score in zip(_AZM_FIELDS, scores, strict=True)
            if score or not any(scores)
        }
        value = {"activeZoneMinutes": sum(scores), **zones}
        entries.append({"dateTime": day.isoformat(), "value": value})
    return {"activities-active-zone-minutes": entries}


def summary(request: DataRequest) -> dict[str, Any]:
    """Everything of one day; here numbers are numbers."""
    (day,) = request.days(_ONE_DAY)
    totals = request.totals_of(day)

    def total(name: str) -> float:
        return RESOURCES[name].number(totals.sums[RESOURCES[name].summed])

    def distance(summed: str | None) -> float:
        amount = 0 if summed is None else totals.sums[summed]
        return round(RESOURCES["distance"].number(amount), 2)

    values: dict[str, Any] = {
        "activeScore": -1,
        "distances": [
            {"activity": name, "distance": distance(summed)} for name, summed in _DISTANCES.items()
        ],
        "marginalCalories": round(totals.sums["active"]),
        **{field: total(name) for field, name in _SUMMARY.items()},
        **_resting_heart_rate(request, day),
    }
    if totals.has_altitude:
        values |= {"elevation": round(total("elevation"), 2), "floors": total("floors")}
    if totals.zone_minutes is not None:
        values["heartRateZones"] = _zones(totals)
    goals = _GOALS | {"distance": _GOAL_KM}
    return {"activities": [], "goals": goals, "summary": values}


def _resting_heart_rate(request: DataRequest, day: date) -> dict[str, int]:
    daily = request.feed.daily(day)
    if daily is None or daily.resting_heart_rate is None:
        return {}
    return {"restingHeartRate": daily.resting_heart_rate}


def _zones(totals: DayTotals) -> list[dict[str, Any]]:
    zones: list[dict[str, Any]] = [
        {"max": most, "min": least, "name": name} for name, least, most in HEART_ZONES
    ]
    if totals.zone_minutes is not None and totals.zone_kcal is not None:
        for zone, minutes, kcal in zip(zones, totals.zone_minutes, totals.zone_kcal, strict=True):
            zone |= {"minutes": minutes, "caloriesOut": round(kcal, 5)}
    return zones
