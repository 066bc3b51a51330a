"""list and reconcile: every point once, newest first, however the pages fall."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from syncbit_dagster.core.civil import DayRange, day_end, day_start
from syncbit_dagster.emulator.google_health.data_types import DATA_TYPES
from syncbit_dagster.emulator.google_health.filters import LAST_MS, Bounds
from syncbit_dagster.emulator.google_health.points import page_of_points
from syncbit_dagster.emulator.server_view import Feed
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulator.api import reason
from syncbit_dagster_tests.emulator.conftest import BERLIN

if TYPE_CHECKING:
    from syncbit_dagster.emulator.google_health.rules import DataType
    from syncbit_dagster_tests.emulator.api import Api, Clock, Json

WITH_POINTS = [data_type for data_type in DATA_TYPES.values() if data_type.points]
AUTUMN, PLAIN = date(2025, 10, 26), date(2026, 11, 12)
_PERSON = SyntheticPerson(BERLIN, date(2025, 6, 1), seed=3)


def on(member: str, first: date, days: int = 1) -> str:
    return f'{member} >= "{first}" AND {member} < "{first + timedelta(days=days)}"'


STEPS_DAY = on("steps.interval.civil_start_time", PLAIN)


def test_steps_of_a_day(shared_api: Api, person: SyntheticPerson) -> None:
    found = shared_api.all_points("steps", filter=STEPS_DAY)
    made = person.day(PLAIN).steps
    assert made is not None
    counts = [int(point["steps"]["count"]) for point in found]
    assert counts == made[made > 0][::-1].tolist()
    interval = found[0]["steps"]["interval"]
    start, end = (datetime.fromisoformat(interval[name]) for name in ("startTime", "endTime"))
    assert end - start == timedelta(minutes=1)
    assert interval["startUtcOffset"] == "3600s"
    local = start.astimezone(BERLIN)
    clock = {"hours": local.hour, "minutes": local.minute}
    assert interval["civilStartTime"] == {
        "date": {"year": 2026, "month": 11, "day": 12},
        "time": {name: value for name, value in clock.items() if value},  # what is zero is left out
    }


def test_civil_and_physical_filters_agree_over_a_clock_change(shared_api: Api) -> None:
    midnight = day_start(AUTUMN, BERLIN)
    noon = midnight + timedelta(hours=13)  # one of them twice
    for data_type in WITH_POINTS:
        instant, clock = (f"{data_type.filter_name}.{member}" for member in data_type.record.value)
        by_instant, by_clock = (
            shared_api.all_points(data_type.id, ":reconcile", filter=text, pageSize=10_000)
            for text in (
                f'{instant} >= "{midnight.isoformat()}" AND {instant} < "{noon.isoformat()}"',
                f'{clock} >= "{AUTUMN}" AND {clock} < "{AUTUMN}T12:00:00"',
            )
        )
        assert by_instant == by_clock, data_type.id
        assert by_instant or data_type.id == "active-zone-minutes"


def test_heart_rate_pages_hold_at_most_5000(shared_api: Api, person: SyntheticPerson) -> None:
    text = on("heart_rate.sample_time.civil_time", PLAIN)
    pages = shared_api.walk("heart-rate", filter=text, pageSize=20_000)
    assert max(map(len, pages)) == 5_000
    times = [p["heartRate"]["sampleTime"]["physicalTime"] for page in pages for p in page]
    assert times == sorted(set(times), reverse=True)
    assert len(times) == len(person.day(PLAIN).heart_ms)
    reconciled = shared_api.walk("heart-rate", ":reconcile", filter=text, pageSize=20_000)
    assert max(map(len, reconciled)) == 10_000


def test_some_walks_begin_with_an_empty_page(shared_api: Api) -> None:
    """The same request always does the same; all walks find the same points."""
    walks = [shared_api.walk("steps", filter=STEPS_DAY, pageSize=400 + n) for n in range(12)]
    assert {not walk[0] for walk in walks} == {True, False}
    assert not any(page == [] for walk in walks for page in walk[1:])
    points = [[point for page in walk for point in page] for walk in walks]
    assert all(found == points[0] for found in points)


def test_a_token_belongs_to_its_request(shared_api: Api) -> None:
    asked: Json = {"filter": STEPS_DAY, "pageSize": 10}
    token = shared_api.points("steps", **asked).json()["nextPageToken"]
    assert shared_api.points("steps", **asked, pageToken=token).status_code == 200
    for changed in ({"pageSize": 11}, {"filter": STEPS_DAY.replace("12", "11")}):
        answer = shared_api.points("steps", **asked | changed, pageToken=token)
        assert reason(answer) == (400, "INVALID_PAGE_TOKEN")


def test_daily_values(shared_api: Api, person: SyntheticPerson) -> None:
    found = shared_api.all_points("daily-resting-heart-rate", pageSize=10_000)
    values = [point["dailyRestingHeartRate"] for point in found]
    by_day = {date(**value["date"]): int(value["beatsPerMinute"]) for value in values}
    history = DayRange(person.first_day, date(2026, 11, 19))
    made = {day: person.daily(day).resting_heart_rate for day in reversed(list(history))}
    known = {day: value for day, value in made.items() if value is not None}
    assert list(by_day.items())[-500:] == list(known.items())[-500:]


def test_a_day_has_daily_values_once_it_is_over(api: Api, clock: Clock) -> None:
    """Published after the day has ended and its data has arrived, never before."""
    text = on("daily_resting_heart_rate.date", date(2026, 11, 17))
    clock.instant = day_end(date(2026, 11, 17), BERLIN) - timedelta(minutes=1)
    api.log_in()
    assert not api.all_points("daily-resting-heart-rate", filter=text)
    clock.forward(hours=3)
    api.log_in()
    assert len(api.all_points("daily-resting-heart-rate", filter=text)) == 1


@given(
    start=st.datetimes(datetime(2025, 10, 24), datetime(2025, 10, 28)),  # noqa: DTZ001
    minutes=st.integers(1, 1500),
    size=st.integers(40, 2000),
    data_type=st.sampled_from(WITH_POINTS),
    civil=st.booleans(),
)
@settings(max_examples=25)
def test_pages_cover_everything_once(
    start: datetime, minutes: int, size: int, data_type: DataType, *, civil: bool
) -> None:
    feed = Feed(_PERSON, datetime(2026, 11, 20, tzinfo=UTC))
    first_ms = int(start.replace(tzinfo=UTC).timestamp() * 1000)
    bounds = Bounds(first_ms, first_ms + minutes * 60_000, civil)
    at_once = page_of_points(feed, data_type, bounds, LAST_MS, 1_000_000)
    found = []
    below: int | None = LAST_MS
    while below is not None:
        page = page_of_points(feed, data_type, bounds, below, size)
        assert len(page.points) <= size
        found += page.points
        below = page.next_position
    assert found == at_once.points
    assert len({point.start_ms for point in found}) == len(found)
