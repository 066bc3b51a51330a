"""The totals of a day. A request asks for years of them, so those of settled days are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.core.civil import civil_day
from syncbit_dagster.emulator import selections
from syncbit_dagster.emulator.person import (
    LIGHT,
    MODERATE,
    SEDENTARY,
    VIGOROUS,
    ZONE_MODERATE,
    ZONE_PEAK,
    ZONE_VIGOROUS,
)

if TYPE_CHECKING:
    from datetime import date

    from syncbit_dagster.emulator.person import PersonDay
    from syncbit_dagster.emulator.selections import Select
    from syncbit_dagster.emulator.server_view import Feed

SUMMED: dict[str, Select] = {
    "steps": selections.worn_minutes("steps"),
    "distance_mm": selections.worn_minutes("distance_mm"),
    "floors": selections.worn_minutes("floors"),
    "altitude_gain_mm": selections.worn_minutes("altitude_gain_mm"),
    "calories": selections.known_minutes("calories_kcal"),
    "basal": selections.basal_calories,
    "active": selections.worn_minutes("active_kcal"),
    "while_active": selections.calories_while_active,
    "sedentary": selections.minutes_at(SEDENTARY),
    "lightly_active": selections.minutes_at(LIGHT),
    "fairly_active": selections.minutes_at(MODERATE),
    "very_active": selections.minutes_at(VIGOROUS),
    "sedentary_mm": selections.distance_at(SEDENTARY),
    "lightly_active_mm": selections.distance_at(LIGHT),
    "fairly_active_mm": selections.distance_at(MODERATE),
    "very_active_mm": selections.distance_at(VIGOROUS),
}
"""What is added up over a day's minutes, and the minutes that count."""


@dataclass(frozen=True)
class DayTotals:
    """Sums of one day.

    ``sums`` has the names of ``SUMMED``, 0 where nothing counts. Zones ascend from the lowest;
    they are ``None`` on a day without heart rate. ``zone_scores`` are the active zone minutes of
    fat burn, cardio and peak.
    """

    sums: dict[str, float]
    zone_minutes: tuple[int, ...] | None
    zone_kcal: tuple[float, ...] | None
    zone_scores: tuple[int, int, int]
    has_altitude: bool


def totals_of(day: PersonDay) -> DayTotals:
    """Add up one day."""
    minutes = _by_zone(selections.zone_minutes, day)
    kcal = _by_zone(selections.zone_calories, day)
    worn = any(minutes)
    scored = selections.scoring_minutes(day)
    scores = {
        zone: int(scored.columns[-1][scored.columns[0] == zone].sum())
        for zone in (ZONE_MODERATE, ZONE_VIGOROUS, ZONE_PEAK)
        if len(scored.columns) > 1
    }
    return DayTotals(
        sums={name: select(day).columns[-1].sum().item() for name, select in SUMMED.items()},
        zone_minutes=tuple(int(count) for count in minutes) if worn else None,
        zone_kcal=tuple(kcal) if worn else None,
        zone_scores=(
            scores.get(ZONE_MODERATE, 0),
            scores.get(ZONE_VIGOROUS, 0),
            scores.get(ZONE_PEAK, 0),
        ),
        has_altitude=day.floors is not None,
    )


def _by_zone(select: Select, day: PersonDay) -> list[float]:
    """The last column of a selection, or its minutes, added up per zone."""
    rows = select(day)
    amounts = rows.columns[-1] if len(rows.columns) > 1 else np.ones(len(rows.start_ms))
    return [float(amounts[rows.columns[0] == zone].sum()) for zone in selections.ZONES]


@dataclass
class Totals:
    """The totals of a person's days."""

    _settled: dict[date, DayTotals] = field(default_factory=dict)

    def of(self, feed: Feed, day: date) -> DayTotals:
        """The totals of one day as the server has them now; those of past days only once."""
        synced = civil_day(feed.synced, feed.zone)
        if not feed.person.first_day <= day <= synced:
            return _NOTHING
        if day == synced:
            return totals_of(feed.day(day))
        if day not in self._settled:
            self._settled[day] = totals_of(feed.day(day))
        return self._settled[day]


_NOTHING = DayTotals(
    dict.fromkeys(SUMMED, 0),
    zone_minutes=None,
    zone_kcal=None,
    zone_scores=(0, 0, 0),
    has_altitude=False,
)
"""A day outside the history, and one after the last sync."""
