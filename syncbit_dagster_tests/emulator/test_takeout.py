"""A person out of an export: made-up files for the odd cases, a real export for the rest."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.takeout import TakeoutPerson
from syncbit_dagster_tests.emulator.api import Api, Clock, windows

if TYPE_CHECKING:
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
CHICAGO = ZoneInfo("America/Chicago")
AUTUMN = date(2021, 10, 31)


def rows(start: datetime, values: list[Any], minutes: int = 1) -> list[dict[str, Any]]:
    return [
        {
            "dateTime": f"{start + timedelta(minutes=minutes * n):%m/%d/%y %H:%M:%S}",
            "value": value,
        }
        for n, value in enumerate(values)
    ]


def write(path: Path, content: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def test_a_day(tmp_path: Path) -> None:
    start = datetime(2021, 6, 11, 8, 0, tzinfo=UTC)
    write(tmp_path / "steps-2021-06-11.json", rows(start, ["0", "47", "21"]))
    write(tmp_path / "a" / "distance-2021-06-11.json.gz", rows(start, ["0", "3300", "1480"]))
    samples = rows(start + timedelta(minutes=10), [{"bpm": 61, "confidence": 3}, {"bpm": 62}])
    write(tmp_path / "b" / "heart_rate-2021-06-11.json", samples)
    person = TakeoutPerson(tmp_path, BERLIN)
    assert (person.first_day, person.last_day) == (date(2021, 6, 11), date(2021, 6, 11))
    day = person.day(date(2021, 6, 11))
    eight = 10 * 60  # the wall clock is two hours ahead
    assert day.steps is not None
    assert day.distance_mm is not None
    assert day.steps[eight : eight + 3].tolist() == [0, 47, 21]
    assert day.distance_mm[eight : eight + 3].tolist() == [0, 33_000, 14_800]
    assert np.flatnonzero(day.worn).tolist() == [600, 601, 602, 610, 611]
    assert day.heart_bpm.tolist() == [61, 62]
    assert day.heart_ms[0] == int((start + timedelta(minutes=10)).timestamp() * 1000)
    absent = (day.floors, day.altitude_gain_mm, day.calories_kcal, day.level, day.heart_zone)
    assert absent == (None,) * 5
    assert person.last_sync(datetime(2030, 1, 1, tzinfo=UTC)) == start + timedelta(
        minutes=11, seconds=1
    )
    assert person.last_sync(start) == start
    assert person.day(date(2021, 6, 12)).steps is None


def test_a_minute_that_comes_twice_counts_once(tmp_path: Path) -> None:
    start = datetime(2021, 6, 11, 8, 0, tzinfo=UTC)
    write(tmp_path / "steps-2021-06-11.json", rows(start, ["47"]) + rows(start, ["0"]))
    write(tmp_path / "steps-2021-06-12.json", rows(start, ["12"]))
    day = TakeoutPerson(tmp_path, BERLIN).day(date(2021, 6, 11))
    assert day.steps is not None
    assert day.steps.sum() == 47


@pytest.mark.parametrize(
    ("day", "minutes", "with_calories"),
    [(AUTUMN, 1500, 1440), (date(2021, 3, 28), 1380, 1380), (date(2021, 6, 11), 1440, 1440)],
)
def test_calories_follow_the_wall_clock(
    tmp_path: Path, day: date, minutes: int, with_calories: int
) -> None:
    table = rows(midnight(day), [str(n) for n in range(1440)])
    write(tmp_path / "calories-2021.json", table)
    made = TakeoutPerson(tmp_path, BERLIN).day(day)
    assert made.calories_kcal is not None
    assert len(made.calories_kcal) == minutes
    known = made.calories_kcal[~np.isnan(made.calories_kcal)]
    assert len(known) == with_calories
    assert not made.worn.any()  # basal calories are filled in for every minute
    assert (np.diff(known) > 0).all()
    assert made.calories_kcal[0] == 0
    assert made.calories_kcal[-1] == 1439
    if day == AUTUMN:
        assert made.calories_kcal[120:180].tolist() == list(range(120, 180))  # the first pass
        assert np.isnan(made.calories_kcal[180:240]).all()


def test_resting_heart_rate(tmp_path: Path) -> None:
    values = [
        {"date": "06/11/21", "value": 52.4, "error": 6.8},
        {"date": None, "value": 0.0, "error": 0.0},
        {"date": "06/13/21", "value": 0.0},
    ]
    write(tmp_path / "resting_heart_rate-2021-06-11.json", rows(midnight(AUTUMN), values, 1440))
    person = TakeoutPerson(tmp_path, BERLIN)
    assert person.daily(date(2021, 6, 11)).resting_heart_rate == 52
    assert person.daily(date(2021, 6, 12)).resting_heart_rate is None
    assert person.daily(date(2021, 6, 13)).resting_heart_rate is None
    assert person.last_day == date(2021, 6, 11)


def test_a_folder_without_files(tmp_path: Path) -> None:
    write(tmp_path / "sleep-2021-06-11.json", [])
    with pytest.raises(ConfigError, match="no Fitbit files"):
        TakeoutPerson(tmp_path, BERLIN)


@pytest.mark.recordings
def test_a_real_export_is_served_whole(recordings: Path) -> None:
    """What the files say is what the API answers, day by day."""
    folder = recordings / "data" / "takeout_us_central_2021-06"
    person = TakeoutPerson(folder, CHICAGO)
    steps: dict[date, int] = {}
    for row in read(folder, "steps"):
        instant = datetime.strptime(row["dateTime"], "%m/%d/%y %H:%M:%S").replace(tzinfo=UTC)
        day = instant.astimezone(CHICAGO).date()
        steps[day] = steps.get(day, 0) + int(row["value"])
    calories: dict[date, float] = {}
    for row in read(folder, "calories"):
        month, number, year = map(int, row["dateTime"][:8].split("/"))
        day = date(2000 + year, month, number)
        calories[day] = calories.get(day, 0.0) + float(row["value"])
    with running_emulator(person, now=Clock()) as emulator:
        api = Api(emulator)
        api.log_in()
        with api.session:
            for days in DayRange(person.first_day, person.last_day).chunks(14):
                end = days.last + timedelta(days=1)
                served = windows(api.daily("steps", days.first, end))
                assert {_date(each): int(each["steps"]["countSum"]) for each in served} == {
                    day: steps[day] for day in days if day in steps
                }
                served = windows(api.daily("total-calories", days.first, end))
                assert {_date(each): each["totalCalories"]["kcalSum"] for each in served} == {
                    day: pytest.approx(calories[day]) for day in days if day in calories
                }
                for absent in ("floors", "active-minutes", "time-in-heart-rate-zone"):
                    assert windows(api.daily(absent, days.first, end)) == []
            member = "heart_rate.sample_time.civil_time"
            text = f'{member} >= "2021-06-15" AND {member} < "2021-06-16"'
            found = [p for page in api.walk("heart-rate", filter=text, pageSize=5000) for p in page]
    (file,) = folder.glob("heart_rate-2021-06-15.*")
    rates = [row["value"]["bpm"] for row in json.loads(gzip.decompress(file.read_bytes()))]
    assert [int(point["heartRate"]["beatsPerMinute"]) for point in found][::-1] == rates


def read(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [
        row
        for path in folder.glob(f"{kind}-*.json.gz")
        for row in json.loads(gzip.decompress(path.read_bytes()))
    ]


def _date(window: dict[str, Any]) -> date:
    return date(**window["civilStartTime"]["date"])
