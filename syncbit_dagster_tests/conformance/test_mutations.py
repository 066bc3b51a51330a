"""Good answers, mutated at random: no wrong sample, and nothing missing that is not counted."""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.catalog import METRICS, metrics_of
from syncbit_dagster.core.civil import DayRange, civil_day
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.google_health.parse import parse
from syncbit_dagster.sources.google_health.plan import (
    DailyPointsRequest,
    DailyRollUpRequest,
    PointsRequest,
    Request,
    SessionsRequest,
)
from syncbit_dagster.sources.google_health.series import to_series
from syncbit_dagster.sources.set_aside import holes

MUTATIONS = 2_000
UTC_ZONE = ZoneInfo("UTC")
DAYS = DayRange(date(2026, 6, 1), date(2026, 6, 8))
Json = dict[str, Any]
Sample = tuple[str, str, int]


def civil(day: date) -> Json:
    return {"date": {"year": day.year, "month": day.month, "day": day.day}, "time": {}}


def rolled_up(field: str, value: Json) -> list[Json]:
    return [
        {
            "civilStartTime": civil(day),
            "civilEndTime": civil(date.fromordinal(day.toordinal() + 1)),
            field: copy.deepcopy(value),
        }
        for day in DAYS
    ]


def night(day: date) -> Json:
    stages = [
        {"type": kind, "startTime": f"{day}T0{n}:00:00Z", "endTime": f"{day}T0{n + 1}:00:00Z"}
        for n, kind in enumerate(("LIGHT", "DEEP", "REM", "AWAKE"))
    ]
    span = {"startTime": f"{day}T00:00:00Z", "endTime": f"{day}T04:00:00Z"}
    offsets = {"startUtcOffset": "0s", "endUtcOffset": "0s"}
    summary = [{"type": one["type"], "minutes": "60", "count": "1"} for one in stages]
    return {
        "sleep": {
            "type": "STAGES",
            "interval": span | offsets,
            "metadata": {"mainSleep": True, "processed": True},
            "stages": stages,
            "summary": {
                "minutesAsleep": "180",
                "minutesInSleepPeriod": "240",
                "stagesSummary": summary,
            },
        }
    }


GOOD: list[tuple[str, Request, list[Json]]] = [
    (
        "activity_summary",
        DailyRollUpRequest("steps", DAYS),
        rolled_up("steps", {"countSum": "8000"}),
    ),
    (
        "activity_summary",
        DailyRollUpRequest("total-calories", DAYS),
        rolled_up("totalCalories", {"kcalSum": 2345.6}),
    ),
    (
        "heart_rate",
        DailyRollUpRequest("time-in-heart-rate-zone", DAYS),
        rolled_up(
            "timeInHeartRateZone",
            {"timeInHeartRateZones": [{"heartRateZone": "PEAK", "duration": "600s"}]},
        ),
    ),
    (
        "heart_rate",
        DailyPointsRequest("daily-resting-heart-rate", DAYS),
        [
            {"dailyRestingHeartRate": {"date": civil(day)["date"], "beatsPerMinute": "52"}}
            for day in DAYS
        ],
    ),
    ("sleep", SessionsRequest("sleep", DAYS), [night(day) for day in DAYS]),
    (
        "body",
        PointsRequest("weight", DAYS),
        [
            {
                "weight": {
                    "sampleTime": {"physicalTime": f"{day}T07:00:00Z", "civilTime": civil(day)},
                    "weightGrams": 80_500.0,
                }
            }
            for day in DAYS
        ],
    ),
]
RETYPED: list[Any] = [None, True, [], {}, "NaN", "", "x", [1], {"a": 1}, float("1e400"), "1e999"]


def mutated(points: list[Json], chance: random.Random) -> tuple[list[Json], set[int], str]:
    """The points with one thing changed: which of them, and how."""
    result = copy.deepcopy(points)
    victim = chance.randrange(len(result))
    how = chance.choice(["drop", "rename", "retype", "twice", "cut"])
    if how == "twice":
        result.insert(victim, copy.deepcopy(result[victim]))
        return result, set(), how
    node: Any = result
    key: Any = victim
    while isinstance(node[key], dict | list) and node[key] and chance.random() < 0.8:
        node = node[key]
        key = chance.choice(list(node)) if isinstance(node, dict) else chance.randrange(len(node))
    if how == "cut" and isinstance(node[key], str):
        node[key] = node[key][: len(node[key]) // 2] + "?"
    elif how == "rename" and isinstance(node, dict):
        node[f"{key}Renamed"] = node.pop(key)
    elif how == "retype":
        node[key] = chance.choice(RETYPED)
    else:
        how = "drop"
        del node[key]
    return result, {victim}, how


def samples(asset: str, request: Request, points: list[Json]) -> tuple[dict[Sample, float], Any]:
    parsed = parse(request, points, METRICS, UTC_ZONE)
    found = to_series(metrics_of(asset), parsed.rows, {"user": "u"}, UTC_ZONE)
    values = {
        (one.metric, one.labels, at): value
        for one in found.series
        for at, value in zip(one.timestamps.tolist(), one.values.tolist(), strict=True)
    }
    return values, [*parsed.set_aside, *found.set_aside]


@pytest.mark.parametrize("which", range(len(GOOD)), ids=lambda n: str(GOOD[n][1].data_type))
def test_mutations(which: int) -> None:
    asset, request, good = GOOD[which]
    exact, none = samples(asset, request, good)
    assert not none
    chance = random.Random(which)  # noqa: S311 - the same mutations each time
    left_out = 0
    for _ in range(MUTATIONS // len(GOOD) + 1):
        points, victims, how = mutated(good, chance)
        what = how, json.dumps([point for point in points if point not in good], default=str)
        try:
            found, set_aside = samples(asset, request, points)
        except UnexpectedResponseError:
            assert how == "rename" or len(good) == 1, what  # nothing is written
            continue
        left_out += len(set_aside)
        for sample, value in found.items():
            # JSON leaves zeros out: a count that is not there, beside nothing else, is one.
            assert value == exact.get(sample) or (value == 0 and victims), what
        missing = {one for one in exact if one not in found}
        days = {civil_day(datetime.fromtimestamp(at / 1000, UTC), UTC_ZONE) for _, _, at in missing}
        assert len(days) <= len(victims), what
        is_empty = how in ("drop", "retype")  # an absent value says: nobody wore the device
        if missing and not is_empty:
            gone = {metric for metric, _, _ in missing}
            named = set().union(*holes(set_aside).values())
            assert gone <= named or any(not one.is_hole for one in set_aside), what
    assert left_out
