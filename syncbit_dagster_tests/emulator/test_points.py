"""list and reconcile: every point once, newest first, however the pages fall."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncbit_dagster.core.civil import day_end, day_start
from syncbit_dagster.emulator.google_health.data_types import DATA_TYPES
from syncbit_dagster.emulator.google_health.filters import LAST_MS, Bounds, parse_filter
from syncbit_dagster.emulator.google_health.points import page_of_points
from syncbit_dagster.emulator.person import DailyValues, PersonDay, empty_day
from syncbit_dagster.emulator.records import Body, Device, SleepSession
from syncbit_dagster.emulator.server_view import Feed
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulator.api import reason
from syncbit_dagster_tests.emulator.conftest import BERLIN

if TYPE_CHECKING:
    from syncbit_dagster.emulator.google_health.rules import DataType
    from syncbit_dagster_tests.emulator.api import Api, Clock, Json

WITH_POINTS = [data_type for data_type in DATA_TYPES.values() if data_type.points]
AUTUMN, PLAIN = date(2025, 10, 26), date(2026, 11, 12)


def civil_filter(member: str, first: date, end: date) -> str:
    return f'{member} >= "{first}" AND {member} < "{end}"'


def one_day(member: str, day: date) -> str:
    return civil_filter(member, day, day + timedelta(days=1))


def flat(pages: list[list[Json]]) -> list[Json]:
    return [point for page in pages for point in page]


def test_steps_of_a_day(shared_api: Api, person: SyntheticPerson) -> None:
    text = one_day("steps.interval.civil_start_time", PLAIN)
    found = flat(shared_api.walk("steps", filter=text))
    made = person.day(PLAIN)
    assert made.steps is not None
    assert [int(point["steps"]["count"]) for point in found] == [
        int(count) for count in made.steps[made.steps > 0][::-1]
    ]
    point = found[0]
    assert set(point) == {"dataSource", "steps"}
    assert point["dataSource"]["platform"] == "FITBIT"
    interval = point["steps"]["interval"]
    start, end = (datetime.fromisoformat(interval[name]) for name in ("startTime", "endTime"))
    assert end - start == timedelta(minutes=1)
    assert interval["startUtcOffset"] == "3600s"
    local = start.astimezone(BERLIN)
    expected = {"hours": local.hour, "minutes": local.minute}
    assert interval["civilStartTime"] == {
        "date": {"year": 2026, "month": 11, "day": 12},
        "time": {name: value for name, value in expected.items() if value},
    }


def test_reconcile_has_no_sources(shared_api: Api) -> None:
    text = one_day("steps.interval.civil_start_time", PLAIN)
    listed = flat(shared_api.walk("steps", filter=text))
    reconciled = flat(shared_api.walk("steps", ":reconcile", filter=text))
    assert [{"steps": point["steps"]} for point in listed] == reconciled


@pytest.mark.parametrize(
    "data_type", [t for t in DATA_TYPES.values() if t.points], ids=lambda t: t.id
)
def test_civil_and_physical_filters_agree_over_a_clock_change(
    shared_api: Api, data_type: DataType
) -> None:
    instant, clock = (f"{data_type.filter_name}.{member}" for member in data_type.record.value)
    midnight = day_start(AUTUMN, BERLIN)
    noon = midnight + timedelta(hours=13)  # one of them twice
    filters = (
        f'{instant} >= "{midnight.isoformat()}" AND {instant} < "{noon.isoformat()}"',
        f'{clock} >= "{AUTUMN}" AND {clock} < "{AUTUMN}T12:00:00"',
    )
    by_instant, by_clock = (
        flat(shared_api.walk(data_type.id, ":reconcile", filter=text, pageSize=10_000))
        for text in filters
    )
    assert by_instant == by_clock
    assert by_instant or data_type.id == "active-zone-minutes"


def test_the_repeated_hour_comes_twice(shared_api: Api) -> None:
    member = "heart_rate.sample_time.civil_time"
    text = f'{member} >= "2025-10-26T02:00:00" AND {member} < "2025-10-26T03:00:00"'
    found = flat(shared_api.walk("heart-rate", filter=text, pageSize=10_000))
    times = [point["heartRate"]["sampleTime"] for point in found]
    assert {time["utcOffset"] for time in times} == {"3600s", "7200s"}
    assert {time["civilTime"]["time"]["hours"] for time in times} == {2}
    hours = {time["physicalTime"][11:13] for time in times}
    assert hours == {"00", "01"}


def test_heart_rate_pages_hold_at_most_5000(shared_api: Api, person: SyntheticPerson) -> None:
    text = one_day("heart_rate.sample_time.civil_time", PLAIN)
    pages = shared_api.walk("heart-rate", filter=text, pageSize=20_000)
    assert max(map(len, pages)) == 5_000
    times = [point["heartRate"]["sampleTime"]["physicalTime"] for point in flat(pages)]
    assert times == sorted(set(times), reverse=True)
    assert len(times) == len(person.day(PLAIN).heart_ms)
    reconciled = shared_api.walk("heart-rate", ":reconcile", filter=text, pageSize=20_000)
    assert max(map(len, reconciled)) == 10_000
    member = "heart_rate.sample_time.civil_time"
    short = f'{member} >= "{PLAIN}T10:00:00" AND {member} < "{PLAIN}T13:00:00"'
    assert max(map(len, shared_api.walk("heart-rate", filter=short))) == 1_440


def test_some_walks_begin_with_an_empty_page(shared_api: Api) -> None:
    """The same request always does the same; all walks find the same points."""
    text = one_day("steps.interval.civil_start_time", PLAIN)
    walks = [shared_api.walk("steps", filter=text, pageSize=size) for size in range(400, 430)]
    assert all(flat(walk) == flat(walks[0]) for walk in walks)
    empty = [not walk[0] for walk in walks]
    assert any(empty)
    assert not all(empty)
    assert not any(page == [] for walk in walks for page in walk[1:])
    assert empty[0] == (not shared_api.walk("steps", filter=text, pageSize=400)[0])


def test_a_token_belongs_to_its_request(shared_api: Api) -> None:
    text = one_day("steps.interval.civil_start_time", PLAIN)
    token = shared_api.points("steps", filter=text, pageSize=10).json()["nextPageToken"]
    expected = (400, "INVALID_PAGE_TOKEN")

    def again(data_type: str = "steps", method: str = "", **changes: object) -> object:
        asked = {"filter": text, "pageSize": 10, "pageToken": token} | changes
        return reason(shared_api.points(data_type, method, **asked))

    assert again(pageSize=11) == expected
    assert again(method=":reconcile") == expected
    assert again(filter=one_day("steps.interval.civil_start_time", AUTUMN)) == expected
    assert again(pageToken="nonsense") == expected
    answer = shared_api.points("steps", filter=text, pageSize=10, pageToken=token)
    assert answer.status_code == 200


def test_daily_values(shared_api: Api, person: SyntheticPerson) -> None:
    first, end = date(2026, 11, 6), date(2026, 11, 16)
    text = civil_filter("daily_resting_heart_rate.date", first, end)
    found = flat(shared_api.walk("daily-resting-heart-rate", filter=text))
    values = {
        date(**point["dailyRestingHeartRate"]["date"]): point["dailyRestingHeartRate"]
        for point in found
    }
    assert list(values) == sorted(values, reverse=True)
    for day in (first + timedelta(days=n) for n in range(10)):
        expected = person.daily(day).resting_heart_rate
        assert (day in values) == (expected is not None)
        if expected is not None:
            assert values[day]["beatsPerMinute"] == str(expected)


def test_a_missing_baseline_is_nan(shared_api: Api, person: SyntheticPerson) -> None:
    first = person.first_day
    text = civil_filter("daily_sleep_temperature_derivations.date", first, date(2025, 6, 30))
    found = flat(shared_api.walk("daily-sleep-temperature-derivations", filter=text))
    baselines = [
        point["dailySleepTemperatureDerivations"]["baselineTemperatureCelsius"] for point in found
    ]
    assert baselines[-1] == "NaN"
    assert isinstance(baselines[0], float)


def test_a_day_has_daily_values_once_it_is_over(api: Api, clock: Clock) -> None:
    """Published after the day has ended and its data has arrived, never before."""
    day = date(2026, 11, 17)
    text = one_day("daily_resting_heart_rate.date", day)
    clock.instant = day_end(day, BERLIN) - timedelta(minutes=1)
    api.log_in()
    assert not flat(api.walk("daily-resting-heart-rate", filter=text))
    clock.forward(hours=3)
    api.log_in()
    assert len(flat(api.walk("daily-resting-heart-rate", filter=text))) == 1


def test_no_filter_means_everything(shared_api: Api, person: SyntheticPerson) -> None:
    found = flat(shared_api.walk("daily-resting-heart-rate", pageSize=10_000))
    first = found[-1]["dailyRestingHeartRate"]["date"]
    assert date(**first) == person.first_day
    assert len(found) > 500


class Nobody:
    """Years without a watch."""

    zone = BERLIN
    first_day = date(2020, 1, 1)

    def day(self, civil_day: date) -> PersonDay:
        return empty_day(civil_day, BERLIN)

    def daily(self, civil_day: date) -> DailyValues:
        return DailyValues(vo2_max=40.0 if civil_day == self.first_day else None)

    def sleep(self, _civil_day: date) -> tuple[SleepSession, ...]:
        return ()

    def body(self, _civil_day: date) -> Body:
        return Body()

    def devices(self, _now: datetime) -> tuple[Device, ...]:
        return ()

    def last_sync(self, now: datetime) -> datetime:
        return now


def test_a_page_looks_at_so_many_days_only() -> None:
    """It ends empty, with a token; daily values are cheap and have no such limit."""
    feed = Feed(Nobody(), datetime(2023, 1, 1, tzinfo=UTC))
    pages = 0
    below: int | None = LAST_MS
    while below is not None:
        page = page_of_points(feed, DATA_TYPES["steps"], Bounds(), below, 1000)
        assert page.points == []
        below, pages = page.next_position, pages + 1
    assert pages == 3
    daily = page_of_points(feed, DATA_TYPES["daily-vo2-max"], Bounds(), LAST_MS, 1000)
    assert len(daily.points) == 1
    assert daily.next_position is None


@given(
    start=st.datetimes(datetime(2025, 10, 24), datetime(2025, 10, 28)),  # noqa: DTZ001
    minutes=st.integers(1, 1500),
    size=st.integers(40, 2000),
    data_type=st.sampled_from(WITH_POINTS),
    civil=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_pages_cover_everything_once(
    start: datetime, minutes: int, size: int, data_type: DataType, *, civil: bool
) -> None:
    feed = Feed(_PERSON, datetime(2026, 11, 20, tzinfo=UTC))
    first_ms = int(start.replace(tzinfo=UTC).timestamp() * 1000)
    bounds = Bounds(first_ms, first_ms + minutes * 60_000, civil)
    at_once = page_of_points(feed, data_type, bounds, LAST_MS, 1_000_000)
    assert at_once.next_position is None
    found = []
    below: int | None = LAST_MS
    while below is not None:
        page = page_of_points(feed, data_type, bounds, below, size)
        assert len(page.points) <= size
        found += page.points
        below = page.next_position
    assert found == at_once.points
    assert len({point.start_ms for point in found}) == len(found)


@given(
    first=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    days=st.integers(1, 4000),
    spaces=st.sampled_from(["", " ", "  "]),
    is_swapped=st.booleans(),
)
def test_a_filter_gives_its_range(first: date, days: int, spaces: str, *, is_swapped: bool) -> None:
    end = first + timedelta(days=days)
    name = "daily_vo2_max.date"
    parts = [f'{name}{spaces}>={spaces}"{first}"', f'{name}{spaces}<{spaces}"{end}"']
    text = f" AND{spaces or ' '}".join(reversed(parts) if is_swapped else parts)
    bounds = parse_filter(text, DATA_TYPES["daily-vo2-max"])
    assert bounds.end_ms - bounds.first_ms == days * 86_400_000
    assert bounds.civil


def test_a_filter_may_be_open() -> None:
    steps = DATA_TYPES["steps"]
    assert parse_filter("", steps) == Bounds()
    text = 'steps.interval.start_time < "2026-11-10T01:00:00.25+01:00"'
    assert parse_filter(text, steps).end_ms == 1_794_268_800_250


_PERSON = SyntheticPerson(BERLIN, date(2025, 6, 1), seed=3)
