"""A person out of an export.

That clock changes and real exports are served whole is shown where the same export is fetched from
its files and from here (``sources/takeout``), and where recorded days go the whole way.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from syncbit_dagster.emulator.person import MINUTE_MS
from syncbit_dagster.emulator.records import Stage, Staging
from syncbit_dagster.emulator.takeout import TakeoutPerson

if TYPE_CHECKING:
    from pathlib import Path

BERLIN, CHICAGO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Chicago")
JUNE, AUTUMN = date(2021, 6, 11), date(2021, 10, 31)
EIGHT = datetime(2021, 6, 11, 8, 0, tzinfo=UTC)


def rows(start: datetime, values: list[Any], minutes: int = 1) -> list[dict[str, Any]]:
    times = [start + timedelta(minutes=minutes * n) for n in range(len(values))]
    return [
        {"dateTime": f"{time:%m/%d/%y %H:%M:%S}", "value": value}
        for time, value in zip(times, values, strict=True)
    ]


def write(path: Path, content: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def test_a_day(tmp_path: Path) -> None:
    """Files of any folder; a minute that comes twice counts once; what has no file is absent."""
    write(tmp_path / "steps-2021-06-11.json", rows(EIGHT, ["0", "47", "21"]) + rows(EIGHT, ["0"]))
    write(tmp_path / "a" / "distance-2021-06-11.json.gz", rows(EIGHT, ["0", "3300", "1480"]))
    samples = rows(EIGHT + timedelta(minutes=10), [{"bpm": 61, "confidence": 3}, {"bpm": 62}])
    write(tmp_path / "b" / "heart_rate-2021-06-11.json", samples)
    person = TakeoutPerson(tmp_path, BERLIN)
    assert (person.first_day, person.last_day) == (JUNE, JUNE)
    day = person.day(JUNE)
    assert day.steps is not None
    assert day.distance_mm is not None
    assert day.steps[600:603].tolist() == [0, 47, 21]  # the wall clock is two hours ahead
    assert day.distance_mm[600:603].tolist() == [0, 33_000, 14_800]
    assert np.flatnonzero(day.worn).tolist() == [600, 601, 602, 610, 611]
    assert day.heart_bpm.tolist() == [61, 62]
    assert day.heart_ms[0] == int((EIGHT + timedelta(minutes=10)).timestamp() * 1000)
    absent = (day.floors, day.altitude_gain_mm, day.calories_kcal, day.level, day.heart_zone)
    assert absent == (None,) * 5
    last = EIGHT + timedelta(minutes=11, seconds=1)
    assert person.last_sync(datetime(2030, 1, 1, tzinfo=UTC)) == last
    assert person.day(date(2021, 6, 12)).steps is None


def sleep_log(log_id: int, start: str, end: str, code: int, *data: Any) -> dict[str, Any]:
    parts = [{"dateTime": f"{at}.000", "level": what, "seconds": long} for at, what, long in data]
    log = {"logId": log_id, "startTime": f"{start}.000", "endTime": f"{end}.000"}
    kind = "classic" if code else "stages"
    return log | {"type": kind, "infoCode": code, "levels": {"data": parts}}


def test_sleep(tmp_path: Path) -> None:
    """Local times without zone; by the day of the end; a log in two files counts once."""
    night = sleep_log(
        *(7, "2021-06-10T23:30:00", "2021-06-11T01:20:00", 0),
        ("2021-06-10T23:30:00", "wake", 600),
        ("2021-06-10T23:40:00", "deep", 2_400),
        ("2021-06-11T00:20:00", "light", 3_600),
    )
    short = {"dateTime": "2021-06-11T00:40:00.000", "level": "wake", "seconds": 30}
    night["levels"]["shortData"] = [short]
    nap = sleep_log(
        *(8, "2021-06-11T13:00:00", "2021-06-11T14:30:30", 2),
        ("2021-06-11T13:00:00", "asleep", 5_400),
    )
    others = [
        sleep_log(n, f"2021-06-11T{hour}:00:00", f"2021-06-11T{hour + 1}:00:00", code)
        for n, hour, code in ((9, 16, 1), (10, 18, 3))
    ]
    write(tmp_path / "sleep-2021-06-01.json", [*others, nap, night])
    write(tmp_path / "sleep-2021-06-11.json.gz", [night])
    person = TakeoutPerson(tmp_path, BERLIN)
    first, second, *others_found = person.sleep(JUNE)
    assert (first.id, second.id) == ("7", "8")
    assert first.start_ms == datetime(2021, 6, 10, 21, 30, tzinfo=UTC).timestamp() * 1000
    stages = [each.stage for each in first.segments]
    assert stages == [Stage.AWAKE, Stage.DEEP, Stage.LIGHT]
    assert first.segments[-1].end_ms == first.end_ms == first.start_ms + 110 * MINUTE_MS
    assert [awake.end_ms - awake.start_ms for awake in first.awakenings] == [30_000]
    assert second.end_ms - second.segments[-1].end_ms == 30_000
    assert [each.staging for each in (first, second, *others_found)] == [
        *(Staging.DONE, Staging.TOO_SHORT, Staging.NO_HEART_RATE, Staging.FAILED)
    ]
    assert person.sleep(date(2021, 6, 10)) == ()
