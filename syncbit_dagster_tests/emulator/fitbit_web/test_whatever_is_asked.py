"""Whatever is asked of whomever: an answer or a refusal, never a failure of the emulator."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import day_end
from syncbit_dagster.emulator.fitbit_web import activity, intraday
from syncbit_dagster.emulator.fitbit_web.endpoints import ENDPOINTS
from syncbit_dagster.emulator.fitbit_web.errors import FitbitRefusal
from syncbit_dagster.emulator.fitbit_web.resources import RESOURCES
from syncbit_dagster.emulator.person import DailyValues, PersonDay, empty_day
from syncbit_dagster.emulator.records import Body, Device, SleepSession
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.emulator.takeout import TakeoutPerson
from syncbit_dagster_tests import takeout_truth
from syncbit_dagster_tests.emulator.conftest import BERLIN
from syncbit_dagster_tests.emulator.fitbit_web.api import ask

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.emulator.fitbit_web.endpoints import Endpoint
    from syncbit_dagster.emulator.person import Person

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Bare:
    """A person of whom nothing is known but that the account exists."""

    zone = BERLIN
    first_day = date(2026, 11, 1)

    def day(self, civil_day: date) -> PersonDay:
        return empty_day(civil_day, self.zone)

    def daily(self, _civil_day: date) -> DailyValues:
        return DailyValues()

    def sleep(self, _civil_day: date) -> tuple[SleepSession, ...]:
        return ()

    def body(self, _civil_day: date) -> Body:
        return Body()

    def devices(self, _now: datetime) -> tuple[Device, ...]:
        return ()

    def last_sync(self, now: datetime) -> datetime:
        return now


PEOPLE: list[Person] = [SyntheticPerson(BERLIN, date(2026, 11, 1), seed=3), Bare()]

days = st.dates(date(1900, 1, 1), date(2099, 12, 31)).map(str)
near = st.dates(date(2026, 10, 1), date(2026, 11, 30)).map(str)
words = st.sampled_from(["today", "1d", "7d", "1m", "1y", "max", "", "-", "2026-02-30"])
PARTS = {
    "day": days | near | words | st.text(max_size=12),
    "first": days | near | words | st.text(max_size=12),
    "second": days | near | words | st.text(max_size=12),
    "level": st.sampled_from(["1sec", "1min", "5min", "15min", "", "1d"]),
    "resource": st.sampled_from([*RESOURCES, "weight", "fat", "bmi", "heart", ""]),
    "start": st.times().map(lambda time: f"{time:%H:%M}") | st.text(max_size=5),
    "end": st.times().map(lambda time: f"{time:%H:%M}") | st.text(max_size=5),
}


@given(data=st.data())
@pytest.mark.parametrize("person", PEOPLE, ids=["synthetic", "bare"])
def test_an_answer_or_a_refusal(person: Person, data: st.DataObject) -> None:
    endpoint = data.draw(st.sampled_from(ENDPOINTS))
    names = set(re.findall(r"\{(\w+)\}", endpoint.path)) - {"user"}
    path = {name: data.draw(PARTS[name]) for name in sorted(names)}
    try:
        orjson.dumps(ask(endpoint.answer, person, NOW, **path))
    except FitbitRefusal as refusal:
        assert refusal.status == 400  # noqa: PT017 - an answer is as good


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_a_person_of_whom_nothing_is_known(endpoint: Endpoint) -> None:
    """No value is invented but the zeros of series."""
    path = {
        "day": "2026-11-05",
        "first": "2026-11-05",
        "second": "2026-11-05",
        "level": "15min",
        "start": "10:00",
        "end": "10:14",
        "resource": "weight" if "/body/" in endpoint.path else "floors",
    }
    names = set(re.findall(r"\{(\w+)\}", endpoint.path)) - {"user"}
    found = ask(endpoint.answer, PEOPLE[1], NOW, **{name: path[name] for name in names})
    if "profile" not in endpoint.path and endpoint.path.count("/activities/") == 0:
        assert not list(numbers(found))
    assert set(numbers(found)) <= {15} | set(known_constants(found))


def numbers(value: Any) -> list[float]:
    """Every number in an answer that is not zero."""
    if isinstance(value, dict):
        return [number for below in value.values() for number in numbers(below)]
    if isinstance(value, list):
        return [number for below in value for number in numbers(below)]
    return [value] if type(value) in (int, float) and value else []


def known_constants(found: Any) -> list[float]:
    """Bounds of zones, goals, and what the profile is made of."""
    if not isinstance(found, dict):
        return []
    return [
        *(bound for _, *bounds in activity.HEART_ZONES for bound in bounds),
        *numbers(found.get("goals", {})),
        *numbers(found.get("user", {})),
        -1,  # the score that nobody computes any more
    ]


@pytest.mark.recordings
def test_a_person_out_of_an_export(recordings: Path) -> None:
    """Series and points of recorded days are the sums of the files."""
    folder = recordings / "data" / "takeout_us_central_2021-06"
    zone = ZoneInfo("America/Chicago")
    person = TakeoutPerson(folder, zone)
    day = date(2021, 6, 15)
    recorded = [
        int(value)
        for instant, value in takeout_truth.rows(folder, "steps")
        if instant.replace(tzinfo=UTC).astimezone(zone).date() == day
    ]
    now = day_end(date(2021, 7, 20), zone)
    path = {"resource": "steps", "first": day.isoformat(), "second": "1d"}
    (entries,) = ask(activity.series, person, now, **path).values()
    assert entries == [{"dateTime": "2021-06-15", "value": str(sum(recorded))}]
    found = ask(intraday.activity, person, now, **path, level="1min")
    points = found["activities-steps-intraday"]["dataset"]
    assert sum(point["value"] for point in points) == sum(recorded) > 0
    floors = ask(activity.series, person, now, **path | {"resource": "floors"})
    assert floors == {"activities-floors": [{"dateTime": "2021-06-15", "value": "0"}]}
