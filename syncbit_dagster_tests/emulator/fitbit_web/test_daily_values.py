"""Once-a-day values, readings of the body, and the account."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.emulator.fitbit_web import account, body, nightly
from syncbit_dagster.emulator.records import Device, DeviceKind
from syncbit_dagster_tests.emulator.conftest import BERLIN
from syncbit_dagster_tests.emulator.fitbit_web.api import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncbit_dagster.emulator.person import DailyValues, Person
    from syncbit_dagster.emulator.synthetic import SyntheticPerson
    from syncbit_dagster_tests.emulator.fitbit_web.api import Json, WebApi

DAYS = DayRange(date(2026, 10, 16), date(2026, 11, 14))
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def middle(text: str) -> float:
    """The number, or the middle of the range."""
    parts = [float(part) for part in text.split("-")]
    return sum(parts) / len(parts)


# Path, name of the list, field, the person's value of it, tolerance.
NIGHTLY: list[tuple[str, str, str, Callable[[DailyValues], float | None], float]] = [
    ("hrv", "hrv", "dailyRmssd", lambda daily: daily.hrv_average, 0),
    ("hrv", "hrv", "deepRmssd", lambda daily: daily.hrv_deep, 0),
    ("br", "br", "breathingRate", lambda daily: daily.respiratory_rate, 0),
    (
        "temp/skin",
        "tempSkin",
        "nightlyRelative",
        lambda daily: (
            None
            if daily.skin_temperature is None
            else daily.skin_temperature - (daily.skin_temperature_baseline or 0)
        ),
        0.0051,
    ),
    ("cardioscore", "cardioScore", "vo2Max", lambda daily: daily.vo2_max, 0.5),
    ("spo2", "", "avg", lambda daily: daily.oxygen_average, 0),
    ("spo2", "", "min", lambda daily: daily.oxygen_low, 0),
    ("spo2", "", "max", lambda daily: daily.oxygen_high, 0),
]


@pytest.mark.parametrize(
    ("path", "name", "field", "value_of", "tolerance"),
    NIGHTLY,
    ids=[row[2] for row in NIGHTLY],
)
def test_values_of_days(
    shared_web: WebApi,
    person: SyntheticPerson,
    path: str,
    name: str,
    field: str,
    value_of: Callable[[DailyValues], float | None],
    tolerance: float,
) -> None:
    """Those of the person; a day without a value is missing, not empty and not zero."""
    found = shared_web.json(f"{path}/date/{DAYS.first}/{DAYS.last}")
    entries = found[name] if name else found
    values = {entry["dateTime"]: entry["value"][field] for entry in entries}
    expected = {day.isoformat(): value_of(person.daily(day)) for day in DAYS}
    expected = {day: value for day, value in expected.items() if value is not None}
    assert list(values) == list(expected)
    assert 20 < len(values) < len(DAYS)
    for day, value in values.items():
        number = middle(value) if field == "vo2Max" else value
        assert number == pytest.approx(expected[day], abs=tolerance)


def test_vo2_max_is_text_and_mostly_a_range(shared_web: WebApi, person: SyntheticPerson) -> None:
    found = shared_web.json(f"cardioscore/date/{DAYS.first}/{DAYS.last}")["cardioScore"]
    ranges = [each["value"]["vo2Max"] for each in found if "-" in each["value"]["vo2Max"]]
    single = {each["dateTime"]: each["value"]["vo2Max"] for each in found}
    single = {day: text for day, text in single.items() if text not in ranges}
    assert len(ranges) > len(single) > 0
    for day, text in single.items():
        assert text == str(person.daily(date.fromisoformat(day)).vo2_max)
    for text in ranges:
        low, high = (int(part) for part in text.split("-"))
        assert high - low == 4


@pytest.mark.parametrize("path", ["hrv", "br", "temp/skin", "cardioscore"])
def test_one_day_is_a_list_of_one(shared_web: WebApi, path: str) -> None:
    day = date(2026, 11, 13)
    assert shared_web.json(f"{path}/date/{day}") == shared_web.json(f"{path}/date/{day}/{day}")
    (entries,) = shared_web.json(f"{path}/date/{day}").values()
    assert [entry["dateTime"] for entry in entries] == ["2026-11-13"]
    (nothing,) = shared_web.json(f"{path}/date/2026-11-10").values()
    assert nothing == []


def test_one_day_of_oxygen_is_no_list(shared_web: WebApi) -> None:
    day = date(2026, 11, 13)
    assert [shared_web.json(f"spo2/date/{day}")] == shared_web.json(f"spo2/date/{day}/{day}")
    assert shared_web.json("spo2/date/2026-11-10") == {"dateTime": "2026-11-10"}
    assert shared_web.json("spo2/date/2026-11-10/2026-11-10") == []


def test_skin_temperature_needs_a_usual_one(person: SyntheticPerson) -> None:
    """In the first nights there is none, so there is no difference to it."""
    answer = nightly.listed("tempSkin", nightly.skin_temperature)
    path = {"first": person.first_day.isoformat(), "second": "2025-06-12"}
    days = [entry["dateTime"] for entry in ask(answer, person, NOW, **path)["tempSkin"]]
    assert days
    assert min(days) >= (person.first_day + 5 * ONE_DAY).isoformat()
    temperatures = (person.daily(person.first_day + n * ONE_DAY).skin_temperature for n in range(5))
    assert any(temperature is not None for temperature in temperatures)


def test_values_are_there_when_the_day_is_over(person: SyntheticPerson) -> None:
    answer = nightly.listed("hrv", nightly.variability)
    for now, there in ((datetime(2026, 11, 13, 20, tzinfo=UTC), False), (NOW, True)):
        assert bool(ask(answer, person, now, day="2026-11-13")["hrv"]) == there


def test_every_weight_is_logged(shared_web: WebApi, person: SyntheticPerson) -> None:
    """Several a day, by hand and by the scale, with the body fat of the same moment."""
    days = DayRange(date(2026, 8, 1), DAYS.last)

    def logged(kind: str) -> list[Json]:
        paths = (f"body/log/{kind}/date/{part.first}/{part.last}" for part in days.chunks(30))
        return [log for path in paths for log in shared_web.json(path)[kind]]

    found = logged("weight")
    made = [(day, reading) for day in days for reading in person.body(day).weights]
    assert [log["logId"] for log in found] == [int(reading.id) for _, reading in made]
    dates = [log["date"] for log in found]
    assert len(set(dates)) < len(dates)
    assert {log["source"] for log in found} == {"Aria", "API"}
    fat = {reading.at_ms: reading.value for day in days for reading in person.body(day).body_fat}
    for log, (day, reading) in zip(found, made, strict=True):
        assert log["date"] == day.isoformat()
        at = datetime.fromtimestamp(reading.at_ms // 1000, UTC).astimezone(BERLIN)
        assert log["time"] == at.strftime("%H:%M:%S")
        assert log["weight"] == pytest.approx(reading.value / 1000, abs=0.005)
        assert log["bmi"] == pytest.approx(reading.value / 1000 / 1.79**2, abs=0.005)
        assert log.get("fat") == fat.get(reading.at_ms)
        assert (log["source"] == "API") == reading.is_manual
    fats = logged("fat")
    assert [log["fat"] for log in fats] == list(fat.values())
    assert all(set(log) == {"date", "fat", "logId", "source", "time"} for log in fats)


@pytest.mark.parametrize("name", ["weight", "fat", "bmi"])
def test_series_of_the_body_repeat_the_last_value(shared_web: WebApi, name: str) -> None:
    found = shared_web.json(f"body/{name}/date/{DAYS.first}/{DAYS.last}")[f"body-{name}"]
    assert [entry["dateTime"] for entry in found] == [day.isoformat() for day in DAYS]
    log = "fat" if name == "fat" else "weight"
    field = "bmi" if name == "bmi" else log
    logged = shared_web.json(f"body/log/{log}/date/{DAYS.first}/{DAYS.last}")[log]
    last_of_day = {each["date"]: str(each[field]) for each in logged}
    assert len(last_of_day) < len(DAYS)
    before = found[0]["value"]
    for entry in found:
        before = last_of_day.get(entry["dateTime"], before)
        assert entry["value"] == before


def test_series_of_the_body_begin_with_the_first_reading(person: SyntheticPerson) -> None:
    first = next(
        day for n in range(30) if person.body(day := person.first_day + n * ONE_DAY).weights
    )
    path = {"first": "2025-05-20", "second": first.isoformat(), "resource": "weight"}
    (entry,) = ask(body.series, person, NOW, **path)["body-weight"]
    assert entry["dateTime"] == first.isoformat()


def test_the_devices(shared_web: WebApi, person: SyntheticPerson) -> None:
    """A bare list; the last sync is local and says no zone."""
    tracker, scale = shared_web.json("devices")
    assert (tracker["type"], scale["type"]) == ("TRACKER", "SCALE")
    for found, made in zip((tracker, scale), person.devices(NOW), strict=True):
        assert set(found) == {
            *("battery", "batteryLevel", "deviceVersion", "features"),
            *("id", "lastSyncTime", "mac", "type"),
        }
        assert found["batteryLevel"] == made.battery
        assert made.synced is not None
        local = made.synced.astimezone(BERLIN).replace(tzinfo=None, microsecond=0)
        assert found["lastSyncTime"] == f"{local.isoformat()}.000"


def test_a_device_of_which_little_is_known(person: SyntheticPerson) -> None:
    class Owner:
        zone, first_day = person.zone, person.first_day

        def devices(self, _now: datetime) -> tuple[Device, ...]:
            known = Device("7", DeviceKind.TRACKER, "Tracker", None, None)
            return (known, replace(known, battery=0))

        def last_sync(self, now: datetime) -> datetime:
            return now

    owner: Any = Owner()
    someone: Person = owner
    unknown, empty = ask(account.devices, someone, NOW)
    assert not {"battery", "batteryLevel", "lastSyncTime"} & set(unknown)
    assert (empty["battery"], empty["batteryLevel"]) == ("Empty", 0)


def test_the_profile(shared_web: WebApi, person: SyntheticPerson) -> None:
    """The zone has a name; the offset is only that of now."""
    user = shared_web.json("profile")["user"]
    assert user["timezone"] == "Europe/Berlin"
    assert user["offsetFromUTCMillis"] == 3_600_000
    assert user["memberSince"] == person.first_day.isoformat()
    assert user["height"] == 179.0
    assert user["averageDailySteps"] > 1000
    summer = ask(account.profile, person, datetime(2026, 7, 1, tzinfo=UTC))["user"]
    assert summer["offsetFromUTCMillis"] == 7_200_000
