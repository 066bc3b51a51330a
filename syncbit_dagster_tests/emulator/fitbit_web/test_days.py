"""A day is the sum of its minutes.

That every value is the person's, on days of every length, is shown where the same person is
fetched from both providers, in ``sources/fitbit_web``.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.emulator.fitbit_web.endpoints import ENDPOINTS
from syncbit_dagster.emulator.fitbit_web.errors import FitbitRefusal
from syncbit_dagster.emulator.fitbit_web.resources import RESOURCES
from syncbit_dagster.emulator.person import LIGHT, MODERATE, SEDENTARY, VIGOROUS, PersonDay
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulator.conftest import BERLIN
from syncbit_dagster_tests.emulator.fitbit_web.api import ask, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncbit_dagster_tests.emulator.api import Clock
    from syncbit_dagster_tests.emulator.fitbit_web.api import WebApi

DAYS = DayRange(date(2026, 10, 12), date(2026, 11, 10))
"""With a day of 25 hours, and one without the watch at the end."""
WORN = date(2026, 11, 8)


def at_level(level: int) -> Callable[[PersonDay], float]:
    return lambda day: float(np.sum(day.worn & (day.level == level)))


def total(name: str, divisor: float = 1) -> Callable[[PersonDay], float]:
    return lambda day: float(np.nansum(getattr(day, name))) / divisor


SUMS: dict[str, tuple[Callable[[PersonDay], float], float]] = {
    "steps": (total("steps"), 0),
    "distance": (total("distance_mm", 1e6), 0.00001),
    "floors": (total("floors"), 0),
    "elevation": (total("altitude_gain_mm", 1000), 0.001),
    "calories": (total("calories_kcal"), 0.5),
    "minutesSedentary": (at_level(SEDENTARY), 0),
    "minutesLightlyActive": (at_level(LIGHT), 0),
    "minutesFairlyActive": (at_level(MODERATE), 0),
    "minutesVeryActive": (at_level(VIGOROUS), 0),
}


@pytest.mark.parametrize("resource", SUMS)
def test_a_day_is_the_sum_of_its_minutes(
    shared_web: WebApi, person: SyntheticPerson, resource: str
) -> None:
    """Text, in a series; a day without the watch, before the account or to come reads zero."""
    (entries,) = shared_web.json(f"activities/{resource}/date/{DAYS.first}/{DAYS.last}").values()
    reckon, tolerance = SUMS[resource]
    assert [entry["dateTime"] for entry in entries] == [day.isoformat() for day in DAYS]
    for day, entry in zip(DAYS, entries, strict=True):
        assert abs(float(entry["value"]) - reckon(person.day(day))) <= tolerance
        assert tolerance not in (0, 0.5) or entry["value"].isdigit()
    for day in (DAYS.last, person.first_day - ONE_DAY, date(2026, 12, 24)):
        (nothing,) = shared_web.json(f"activities/{resource}/date/{day}/1d").values()
        assert nothing == [{"dateTime": day.isoformat(), "value": "0"}]
    if resource.startswith("minutes"):
        return
    for level, step in (("1min", 1), ("15min", 15)):
        found = shared_web.json(f"activities/{resource}/date/{WORN}/1d/{level}")
        points = found[f"activities-{resource}-intraday"]["dataset"]
        assert [point["time"] for point in points] == [
            f"{at // 60:02}:{at % 60:02}:00" for at in range(0, 1440, step)
        ]
        assert found[f"activities-{resource}"] == [entries[-3]]
        whole = float(entries[-3]["value"])
        assert sum(point["value"] for point in points) == pytest.approx(whole, abs=0.51)


def test_a_running_emulator_follows_its_clock(
    web: WebApi, clock: Clock, person: SyntheticPerson
) -> None:
    """Totals are remembered for settled days only; a log appears when it is done."""

    def steps() -> int:
        (entries,) = web.json("activities/steps/date/2026-11-20/1d").values()
        return int(entries[0]["value"])

    noon = steps()
    clock.forward(hours=7)
    assert steps() > noon > 0
    clock.forward(hours=-7)
    assert steps() == noon
    (made,) = person.sleep(date(2026, 11, 19))
    for hours, logs, state in ((-1, 0, None), (2, 0, "pending"), (3, 1, None)):
        clock.instant = datetime.fromtimestamp(made.end_ms / 1000, UTC) + timedelta(hours=hours)
        web.log_in()
        found = web.json("sleep/date/2026-11-19", version="1.2")
        assert (len(found["sleep"]), found.get("meta", {}).get("state")) == (logs, state)


LONGEST = {
    "activities/steps": 1095,
    "activities/activityCalories": 30,
    "activities/heart": 365,
    "spo2": 30,
    "hrv": 30,
    "cardioscore": 30,
    "body/log/weight": 31,
}


def test_the_longest_ranges(shared_web: WebApi) -> None:
    """Both ends count."""
    first = date(2015, 1, 1)  # before the account existed: nothing has to be added up
    for path, longest in LONGEST.items():
        for days, status in ((longest, 200), (longest + 1, 400)):
            answer = shared_web.get(f"{path}/date/{first}/{first + (days - 1) * ONE_DAY}")
            assert answer.status_code == status, path
        assert refusal(answer) == (400, "validation")
        assert f"maximum of {longest} days" in answer.text


days = st.dates(date(1900, 1, 1), date(2099, 12, 31)).map(str)
near = st.dates(date(2026, 10, 1), date(2026, 11, 30)).map(str)
words = st.sampled_from(["today", "1d", "7d", "1m", "1y", "max", "", "-", "2026-02-30"])
PARTS: dict[str, st.SearchStrategy[str]] = {
    **dict.fromkeys(("day", "first", "second"), days | near | words | st.text(max_size=12)),
    "level": st.sampled_from(["1sec", "1min", "5min", "15min", "", "1d"]),
    "resource": st.sampled_from([*RESOURCES, "heart", ""]),
    **dict.fromkeys(("start", "end"), st.times().map("{:%H:%M}".format) | st.text(max_size=5)),
}
PERSON: Any = SyntheticPerson(BERLIN, date(2026, 11, 1), seed=3)


@given(data=st.data())
def test_whatever_is_asked_there_is_an_answer_or_a_refusal(data: st.DataObject) -> None:
    endpoint = data.draw(st.sampled_from(ENDPOINTS))
    names = set(re.findall(r"\{(\w+)\}", endpoint.path)) - {"user"}
    path = {name: data.draw(PARTS[name]) for name in sorted(names)}
    try:
        orjson.dumps(ask(endpoint.answer, PERSON, datetime(2026, 11, 20, 12, tzinfo=UTC), **path))
    except FitbitRefusal as refused:
        assert refused.status == 400  # noqa: PT017 - an answer is as good
