"""Whatever a server sends: the right samples or one error of ours, never a guess, never a crash."""

from __future__ import annotations

import json
import os
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncbit_dagster.catalog import METRICS, asset_named
from syncbit_dagster.core.civil import DayRange, to_milliseconds
from syncbit_dagster.sources.errors import SourceError, UnexpectedResponseError
from syncbit_dagster.sources.fitbit_web.parse import parse
from syncbit_dagster.sources.fitbit_web.plan import (
    BodyRequest,
    IntradayRequest,
    NightlyRequest,
    Request,
    SeriesRequest,
    SleepRequest,
    SummaryRequest,
)
from syncbit_dagster.sources.fitbit_web.series import to_series
from syncbit_dagster_tests.sources.fitbit_web.fake_api import connected, fake_api, json_answer

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.core.samples import Series

DAMAGED = 1000 if os.environ.get("SYNCBIT_SOAK") == "1" else 250
ZONE = ZoneInfo("America/New_York")
DAY = date(2024, 11, 3)  # clocks go back
DAYS = DayRange(DAY, date(2024, 11, 4))
ONE_DAY = DayRange(DAY, DAY)
ZONES = [
    {"name": name, "min": 30, "max": 90, "minutes": 17, "caloriesOut": 23.5}
    for name in ("Out of Range", "Fat Burn", "Cardio", "Peak")
]
STAGES = {name: {"count": 3, "minutes": 41} for name in ("deep", "light", "rem", "wake")}
# Good answers: no two values of one are alike where a mix-up would matter.
ANSWERS: list[tuple[Request, Any]] = [
    (
        SeriesRequest("steps", DAYS),
        {"activities-steps": [{"dateTime": f"2024-11-0{n}", "value": f"{n}504"} for n in (3, 4)]},
    ),
    (
        SeriesRequest("heart", DAYS),
        {
            "activities-heart": [
                {
                    "dateTime": "2024-11-03",
                    "value": {"heartRateZones": ZONES, "restingHeartRate": 59},
                }
            ]
        },
    ),
    (
        SummaryRequest(ONE_DAY),
        {
            "summary": {
                "steps": 1698,
                "caloriesOut": 2628,
                "caloriesBMR": 1973,
                "sedentaryMinutes": 802,
                "distances": [{"activity": "total", "distance": 1.26}],
                "heartRateZones": ZONES,
            }
        },
    ),
    (
        SleepRequest(DAYS),
        {
            "sleep": [
                {
                    "logId": 7,
                    "dateOfSleep": "2024-11-03",
                    "startTime": "2024-11-02T23:10:30.000",
                    "endTime": "2024-11-03T06:02:00.000",
                    "duration": 28_260_000,
                    "efficiency": 93,
                    "isMainSleep": True,
                    "minutesAsleep": 420,
                    "timeInBed": 471,
                    "type": "stages",
                    "levels": {"summary": STAGES},
                }
            ]
        },
    ),
    (
        NightlyRequest("spo2", None, DAYS),
        [{"dateTime": "2024-11-03", "value": {"avg": 97.5, "min": 94.0, "max": 99.0}}],
    ),
    (
        NightlyRequest("cardioscore", "cardioScore", DAYS),
        {"cardioScore": [{"dateTime": "2024-11-03", "value": {"vo2Max": "44-48"}}]},
    ),
    (
        BodyRequest(DAYS),
        {
            "weight": [
                {"date": "2024-11-03", "time": "07:00:00", "logId": 1, "weight": 73, "bmi": 23.5}
            ]
        },
    ),
    (
        IntradayRequest("steps", ONE_DAY, 300),
        {
            "activities-steps": [{"dateTime": "2024-11-03", "value": "96"}],
            "activities-steps-intraday": {
                "dataset": [{"time": f"01:{n:02}:00", "value": n} for n in (0, 5, 10, 5, 20)],
                "datasetInterval": 5,
                "datasetType": "minute",
            },
        },
    ),
]
COUNTS = [2, 9, 13, 10, 3, 1, 2, 5]
REPLACEMENTS = [
    b"null",
    b"true",
    b"[]",
    b"[null]",
    b"{}",
    b'"NaN"',
    b'"Infinity"',
    b"1e999",
    b"-1",
    b'"99999999999999999999999"',
    b'""',
    b'"2024-13-45"',
    b'"25:61:00"',
    b"<html>",
]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Request, bytes]:
    """A good answer with something cut, replaced, left out or put in front of it."""
    request, answer = draw(st.sampled_from(ANSWERS))
    content = json.dumps(answer).encode()
    kind = draw(st.sampled_from(["cut", "page", "replace", "flip", "leave out"]))
    if kind == "cut":
        return request, content[: draw(st.integers(0, len(content) - 1))]
    if kind == "page":
        return request, b"<!doctype html><title>502</title>" + content
    if kind == "flip":
        at = draw(st.integers(0, len(content) - 1))
        return request, content[:at] + bytes([draw(st.integers(0, 255))]) + content[at + 1 :]
    if kind == "leave out":
        return request, json.dumps(without_one(draw, answer)).encode()
    values = [part for part in content.replace(b"}", b",").split(b": ") if b"," in part]
    victim = draw(st.sampled_from(values)).split(b",")[0]
    return request, content.replace(victim, draw(st.sampled_from(REPLACEMENTS)), 1)


def without_one(draw: st.DrawFn, value: Any) -> Any:
    """The same with one field or element missing, at any depth."""
    if not isinstance(value, dict | list) or not value:
        return value
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = draw(st.sampled_from(keys))
    goes_deeper = isinstance(value[key], dict | list) and draw(st.booleans())
    copy = value.copy()
    if goes_deeper:
        copy[key] = without_one(draw, value[key])
    else:
        del copy[key]
    return copy


def samples_of(request: Request, content: bytes) -> list[Series]:
    """As the source does: JSON, rows, series."""
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise SourceError("no JSON") from error  # what the HTTP client says of such an answer
    rows = parse(request, answer, METRICS, ZONE).rows
    return to_series(METRICS, rows, {"user": "u"}, ZONE).series


@settings(max_examples=DAMAGED)
@given(damaged())
def test_damaged_answers(case: tuple[Request, bytes]) -> None:
    request, content = case
    try:
        series = samples_of(request, content)
    except SourceError:
        return
    assert b"<!doctype" not in content
    good = {
        (one.metric, one.labels): one
        for one in samples_of(request, json.dumps(answer_of(request)).encode())
    }
    low, high = (
        to_milliseconds(edge) for edge in (request.days.start(ZONE), request.days.end(ZONE))
    )
    for one in series:
        assert np.isfinite(one.values).all()
        assert len(one.timestamps) == len(one.values) <= 5
        assert len(np.unique(one.timestamps)) == len(one.timestamps)
        assert ((one.timestamps >= low) & (one.timestamps < high)).all()
        # Damage can take samples away or change a number; it makes no sample of another series.
        if len(one.values):
            assert len(good[one.metric, one.labels].values)


def answer_of(request: Request) -> Any:
    return next(answer for one, answer in ANSWERS if one == request)


def test_the_good_answers_are_read() -> None:
    counts = [
        sum(len(one.values) for one in samples_of(request, json.dumps(answer).encode()))
        for request, answer in ANSWERS
    ]
    assert counts == COUNTS


@pytest.mark.parametrize("content", [{}, None])
def test_devices_that_are_none(tmp_path: Path, content: Any) -> None:
    with (
        fake_api(lambda _: json_answer(content)) as api,
        connected(api.url, tmp_path) as source,
        pytest.raises(UnexpectedResponseError),
    ):
        source.fetch_current(asset_named("devices"))


@pytest.mark.parametrize(
    "profile",
    [{}, {"user": None}, {"user": {"timezone": "Mars/Olympus"}}, {"user": {"memberSince": "2020"}}],
)
def test_a_profile_that_is_none(tmp_path: Path, profile: Any) -> None:
    with (
        fake_api(lambda path: json_answer([] if "devices" in path else profile)) as api,
        connected(api.url, tmp_path) as source,
        pytest.raises(UnexpectedResponseError, match="profile"),
    ):
        source.profile()
