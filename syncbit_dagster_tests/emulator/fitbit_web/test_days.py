"""A day is the sum of its minutes, and its values are those of the person."""

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


def test_heart_rate(shared_web: WebApi, person: SyntheticPerson) -> None:
    (entries,) = shared_web.json(f"activities/heart/date/{DAYS.first}/{DAYS.last}").values()
    resting = [entry["value"].get("restingHeartRate") for entry in entries]
    assert resting == [person.daily(day).resting_heart_rate for day in DAYS]
    made = person.day(WORN)
    zones = entries[-3]["value"]["heartRateZones"]
    assert [zone["name"] for zone in zones] == ["Out of Range", "Fat Burn", "Cardio", "Peak"]
    minutes = [int(np.sum(made.worn & (made.heart_zone == code))) for code in range(4)]
    assert [zone["minutes"] for zone in zones] == minutes
    (earned,) = shared_web.json(f"activities/active-zone-minutes/date/{WORN}/1d").values()
    score = minutes[1] + 2 * minutes[2] + 2 * minutes[3]  # cardio and peak count double
    assert earned[0]["value"]["activeZoneMinutes"] == score
    path = f"activities/heart/date/{WORN}/1d"
    points = shared_web.json(f"{path}/1sec")["activities-heart-intraday"]["dataset"]
    assert [point["value"] for point in points] == made.heart_bpm.tolist()
    means = shared_web.json(f"{path}/1min")["activities-heart-intraday"]["dataset"]
    slots = (made.heart_ms - made.start_ms) // 60_000
    expected = [int(np.rint(made.heart_bpm[slots == at].mean())) for at in np.unique(slots)]
    assert [point["value"] for point in means] == expected


def test_values_of_nights(shared_web: WebApi, person: SyntheticPerson) -> None:
    """Those of the person; a day without a value is missing, not empty and not zero."""
    for path, name, field, made in (
        ("hrv", "hrv", "dailyRmssd", "hrv_average"),
        ("hrv", "hrv", "deepRmssd", "hrv_deep"),
        ("br", "br", "breathingRate", "respiratory_rate"),
        ("cardioscore", "cardioScore", "vo2Max", "vo2_max"),
        ("spo2", "", "avg", "oxygen_average"),
    ):
        found = shared_web.json(f"{path}/date/{DAYS.first}/{DAYS.last}")
        entries = found[name] if name else found
        values = {each["dateTime"]: each["value"][field] for each in entries}
        known = {day.isoformat(): getattr(person.daily(day), made) for day in DAYS}
        known = {day: value for day, value in known.items() if value is not None}
        assert list(values) == list(known)
        assert 20 < len(values) < len(DAYS)
        for day, value in values.items():
            bounds = [float(part) for part in str(value).split("-")]  # mostly a range of VO2 max
            assert abs(sum(bounds) / len(bounds) - known[day]) <= (0.5 if len(bounds) > 1 else 0)
    assert shared_web.json("spo2/date/2026-11-10") == {"dateTime": "2026-11-10"}


def test_sleep(shared_web: WebApi, person: SyntheticPerson) -> None:
    """Every session once, newest first, on the day of its end; minutes fill the time in bed."""
    logs = shared_web.json("sleep/date/2026-08-01/2026-11-08", version="1.2")["sleep"]
    season = DayRange(date(2026, 8, 1), date(2026, 11, 8))
    made = [int(session.id) for day in season for session in person.sleep(day)]
    assert [log["logId"] for log in logs] == made[::-1]
    main = [log["dateOfSleep"] for log in logs if log["isMainSleep"]]
    assert len(set(main)) == len(main) == len({log["dateOfSleep"] for log in logs})
    for log in logs:
        assert log["dateOfSleep"] == log["endTime"][:10]
        assert log["duration"] == log["timeInBed"] * 60_000
        assert log["minutesAsleep"] + log["minutesAwake"] == log["timeInBed"]
        summary = log["levels"]["summary"]
        if log["type"] == "stages":
            assert set(summary) == {"deep", "light", "rem", "wake"}
            assert summary["wake"]["minutes"] == log["minutesAwake"]
        else:
            assert set(summary) == {"asleep", "awake", "restless"}
            assert summary["asleep"]["minutes"] == log["minutesAsleep"]
    for day, lost in (("2026-03-29", 60), ("2025-10-26", -60)):  # the real length
        for log in shared_web.json(f"sleep/date/{day}", version="1.2")["sleep"]:
            ends = [datetime.fromisoformat(log[name]) for name in ("startTime", "endTime")]
            if log["isMainSleep"]:
                assert log["timeInBed"] == (ends[1] - ends[0]) // timedelta(minutes=1) - lost


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
