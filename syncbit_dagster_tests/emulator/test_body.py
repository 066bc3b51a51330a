"""Weight, body fat and height; and the devices, one of which is the scale."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.core.civil import ONE_DAY, day_start
from syncbit_dagster.emulator.google_health import devices as wire_devices
from syncbit_dagster.emulator.records import Device, DeviceKind
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulator.api import reason, windows
from syncbit_dagster_tests.emulator.conftest import BERLIN

if TYPE_CHECKING:
    from syncbit_dagster_tests.emulator.api import Api, Clock, Json

FIRST, DAYS = date(2026, 8, 25), 85
FIELDS = {"weight": "weightGrams", "body-fat": "percentage"}
KINDS = {"weight": "weights", "body-fat": "body_fat"}


def between(data_type: str, first: date, days: int) -> str:
    member = f"{data_type.replace('-', '_')}.sample_time.civil_time"
    return f'{member} >= "{first}" AND {member} < "{first + timedelta(days=days)}"'


def body_of(data_type: str, point: Json) -> Json:
    first, *others = data_type.split("-")
    value: Json = point["".join([first, *(word.title() for word in others)])]
    return value


@pytest.mark.parametrize("data_type", FIELDS)
def test_readings(shared_api: Api, person: SyntheticPerson, data_type: str) -> None:
    found = shared_api.all_points(data_type, filter=between(data_type, FIRST, DAYS))
    made = [
        reading
        for n in range(DAYS)
        for reading in getattr(person.body(FIRST + n * ONE_DAY), KINDS[data_type])
    ]
    assert [
        (body_of(data_type, point)["sampleTime"]["physicalTime"], point["name"].split("/")[-1])
        for point in found
    ] == [(_text(reading.at_ms), reading.id) for reading in reversed(made)]
    assert [body_of(data_type, point)[FIELDS[data_type]] for point in found] == [
        reading.value for reading in reversed(made)
    ]
    assert len(found) > 20


def _text(at_ms: int) -> str:
    instant = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{instant}.{at_ms % 1000:03}Z" if at_ms % 1000 else f"{instant}Z"


def test_readings_by_hand_have_no_device(shared_api: Api) -> None:
    found = shared_api.all_points("weight")
    sources = [point["dataSource"] for point in found]
    assert {source["recordingMethod"] for source in sources} == {"MANUAL", "ACTIVELY_MEASURED"}
    assert all(("device" in each) == (each["recordingMethod"] != "MANUAL") for each in sources)
    by_day = [
        (time["civilTime"]["date"]["month"], time["civilTime"]["date"]["day"])
        for time in (point["weight"]["sampleTime"] for point in found[:200])
    ]
    assert len(set(by_day)) < len(by_day)  # several on one day


def test_readings_are_none_of_the_wearables(shared_api: Api) -> None:
    for data_type in ("weight", "body-fat", "height"):
        for family, has_them in (("google-wearables", False), ("google-sources", True)):
            asked = f"users/me/dataSourceFamilies/{family}"
            found = shared_api.all_points(data_type, ":reconcile", dataSourceFamily=asked)
            assert bool(found) == has_them, (data_type, family)
    asked = "users/me/dataSourceFamilies/google-wearables"
    assert windows(shared_api.daily("weight", FIRST, FIRST + 9 * ONE_DAY)) != []
    none = shared_api.daily("weight", FIRST, FIRST + 9 * ONE_DAY, dataSourceFamily=asked)
    assert windows(none) == []


@pytest.mark.parametrize(
    ("data_type", "field"), [("weight", "weightGramsAvg"), ("body-fat", "bodyFatPercentageAvg")]
)
def test_roll_ups_are_averages(
    shared_api: Api, person: SyntheticPerson, data_type: str, field: str
) -> None:
    end = FIRST + DAYS * ONE_DAY
    found = {
        date(**each["civilStartTime"]["date"]): body_of(data_type, each)[field]
        for each in windows(shared_api.daily(data_type, FIRST, end))
    }
    expected = {
        day: pytest.approx(sum(each.value for each in readings) / len(readings))
        for day in (FIRST + n * ONE_DAY for n in range(DAYS))
        if (readings := getattr(person.body(day), KINDS[data_type]))
    }
    assert found == expected
    start = day_start(FIRST, BERLIN)
    whole = shared_api.roll_up(
        data_type,
        start.isoformat(),
        (start + timedelta(days=3)).isoformat(),
        windowSize="86400s",
        pageSize=90,
    )
    assert [body_of(data_type, each)[field] for each in windows(whole)] == [
        expected[day] for day in (FIRST + n * ONE_DAY for n in (2, 1, 0)) if day in expected
    ]


def test_the_height_is_old(shared_api: Api, person: SyntheticPerson) -> None:
    (point,) = shared_api.all_points("height")
    assert point["height"]["heightMillimeters"] == "1790"
    assert date(**point["height"]["sampleTime"]["civilTime"]["date"]) == person.first_day
    assert shared_api.all_points("height", filter=between("height", FIRST, DAYS)) == []


def test_readings_arrive_with_the_sync(api: Api, clock: Clock, person: SyntheticPerson) -> None:
    (reading, *_) = person.body(date(2026, 11, 9)).weights
    weighed = datetime.fromtimestamp(reading.at_ms / 1000, UTC)
    text = between("weight", date(2026, 11, 9), 1)
    for now, is_there in ((weighed - timedelta(minutes=1), False), (weighed + ONE_DAY, True)):
        clock.instant = now
        api.log_in()
        assert bool(api.all_points("weight", filter=text)) == is_there
        assert bool(windows(api.daily("weight", date(2026, 11, 9), date(2026, 11, 10)))) == is_there


def test_pages_of_readings(shared_api: Api) -> None:
    pages = [page for page in shared_api.walk("weight", ":reconcile", pageSize=40) if page]
    assert {len(page) for page in pages[:-1]} == {40}
    points = [point for page in pages for point in page]
    names = [point["dataPointName"] for point in points]
    assert len(set(names)) == len(names) > 200


@pytest.mark.parametrize("data_type", ["sleep", "weight", "body-fat", "height"])
def test_names_that_nothing_has(shared_api: Api, data_type: str) -> None:
    assert reason(shared_api.points(data_type, "/123")) == (404, None)
    assert reason(shared_api.points(data_type, "/123", pageSize=5)) == (400, None)


def test_devices_in_pages(shared_api: Api) -> None:
    whole = shared_api.get("pairedDevices").json()
    assert "nextPageToken" not in whole
    tracker, scale = whole["pairedDevices"]
    assert (tracker["deviceType"], scale["deviceType"]) == ("TRACKER", "SCALE")
    first = shared_api.get("pairedDevices", pageSize=1).json()
    second = shared_api.get("pairedDevices", pageSize=1, pageToken=first["nextPageToken"]).json()
    assert (first["pairedDevices"], second["pairedDevices"]) == ([tracker], [scale])
    assert "nextPageToken" not in second
    other = shared_api.get("pairedDevices", pageSize=2, pageToken=first["nextPageToken"])
    assert reason(other) == (400, "INVALID_PAGE_TOKEN")
    assert reason(shared_api.get("pairedDevices", pageSize="many")) == (400, None)
    assert reason(shared_api.get("pairedDevices", filter="x")) == (400, None)


def test_a_device_by_name(shared_api: Api) -> None:
    for device in shared_api.get("pairedDevices").json()["pairedDevices"]:
        path = device["name"].removeprefix("users/me/")
        assert shared_api.get(path).json() == device
    assert reason(shared_api.get("pairedDevices/77")) == (404, None)


@pytest.mark.parametrize(("size", "expected"), [("", 5), ("0", 5), ("100", 100), ("1000", 100)])
def test_the_sizes_of_device_pages(
    shared_api: Api, monkeypatch: pytest.MonkeyPatch, size: str, expected: int
) -> None:
    many = tuple(Device(str(n), DeviceKind.TRACKER, "Many", None, None) for n in range(120))
    monkeypatch.setattr(SyntheticPerson, "devices", lambda _self, _now: many)
    answer = shared_api.get("pairedDevices", pageSize=size).json()
    assert len(answer["pairedDevices"]) == expected
    assert "nextPageToken" in answer
    assert "batteryLevel" not in answer["pairedDevices"][0]  # not known is not empty


def test_batteries() -> None:
    """They run down between charges, and every level has the word for it."""
    person = SyntheticPerson(BERLIN, date(2025, 6, 1), seed=3)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(hours=6 * n) for n in range(4 * 365)]
    levels = {
        kind: [device.battery for device in found] for kind, found in _devices(person, moments)
    }
    tracker, scale = levels[DeviceKind.TRACKER], levels[DeviceKind.SCALE]
    assert all(level is not None and 4 <= level <= 100 for level in (*tracker, *scale))
    assert len(set(tracker)) > 60
    assert 40 < sum(a < b for a, b in pairwise(tracker) if a and b) < 200
    assert sum(a < b for a, b in pairwise(scale) if a and b) in (1, 2)


def _devices(
    person: SyntheticPerson, moments: list[datetime]
) -> list[tuple[DeviceKind, list[Device]]]:
    found = zip(*(person.devices(moment) for moment in moments), strict=True)
    return [(devices[0].kind, list(devices)) for devices in found]


def test_devices_know_their_last_sync() -> None:
    person = SyntheticPerson(BERLIN, date(2025, 6, 1), seed=3)
    now = datetime(2026, 11, 12, 12, tzinfo=UTC)
    tracker, scale = person.devices(now)
    assert tracker.synced == person.last_sync(now)
    assert scale.synced is not None
    assert now - timedelta(days=9) < scale.synced <= now
    new = SyntheticPerson(ZoneInfo("Asia/Kolkata"), date(2026, 11, 12), seed=3)
    assert new.devices(datetime(2026, 11, 11, 18, 31, tzinfo=UTC))[1].synced is None


@pytest.mark.parametrize(
    ("level", "word"), [(100, "High"), (60, "High"), (59, "Medium"), (10, "Low"), (0, "Empty")]
)
def test_words_for_batteries(level: int, word: str) -> None:
    device = Device("9", DeviceKind.SCALE, "Scale", level, None)
    resource = wire_devices.resource(device)
    assert resource["batteryStatus"] == word
    assert resource.get("batteryLevel", 0) == level
    assert "lastSyncTime" not in resource
