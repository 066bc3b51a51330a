"""The kinds of files that are read, and what of them: the catalogue's Takeout column by file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.catalog.locations import TakeoutReadings, TakeoutSleep

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.catalog.locations import TakeoutLocation

SLEEP_START, SLEEP_END, SLEEP_DURATION = "startTime", "endTime", "duration"  # local, local, ms
SLEEP_ID, SLEEP_IS_MAIN = "logId", "mainSleep"
PROFILE, PROFILE_ZONE = "Profile.csv", "timezone"


@dataclass(frozen=True)
class Kind:
    """What is read of one kind of file.

    Attributes:
        times: fields that hold times, alone or as ``date+time``; a row must have them all.
        numbers: fields that hold the values.
        required: those of the numbers that every row has.
        texts: fields that tell rows apart.
    """

    times: frozenset[str]
    numbers: frozenset[str]
    required: frozenset[str]
    texts: frozenset[str]


def chain(metric: Metric) -> tuple[TakeoutLocation, ...]:
    """The places of a metric, the preferred one first; none if Takeout does not have it."""
    places: list[TakeoutLocation] = []
    place = metric.takeout
    while place is not None:
        places.append(place)
        place = None if isinstance(place, TakeoutSleep) else place.or_else
    return tuple(places)


def files_of(metrics: Iterable[Metric]) -> frozenset[str]:
    """The kinds of files that hold some metrics."""
    return frozenset(place.file for metric in metrics for place in chain(metric))


def times_of(place: TakeoutLocation) -> set[str]:
    """The time fields of a place's rows."""
    return {SLEEP_START, SLEEP_END} if isinstance(place, TakeoutSleep) else {place.time}


def _numbers(place: TakeoutLocation) -> set[str]:
    if isinstance(place, TakeoutSleep):
        return {SLEEP_DURATION} | (set() if place.is_instant else {place.path})
    others = {getattr(place, "minus_path", None), getattr(place, "over_path", None)}
    return {place.path} | {other for other in others if other is not None}


def _texts(place: TakeoutLocation) -> set[str]:
    if isinstance(place, TakeoutSleep):
        return {SLEEP_ID, SLEEP_IS_MAIN}
    where = place.where if isinstance(place, TakeoutReadings) else None
    return {where[0]} if where else set()


def _kinds() -> Mapping[str, Kind]:
    places: dict[str, list[TakeoutLocation]] = defaultdict(list)
    for metric in METRICS:
        for place in chain(metric):
            places[place.file].append(place)
    return {
        file: Kind(
            times=frozenset().union(*map(times_of, found)),
            numbers=frozenset().union(*map(_numbers, found)),
            required=frozenset(one.path for one in found if isinstance(one, TakeoutReadings)),
            texts=frozenset().union(*map(_texts, found)),
        )
        for file, found in places.items()
    }


KINDS = _kinds()
