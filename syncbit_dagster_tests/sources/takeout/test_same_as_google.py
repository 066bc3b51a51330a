"""The same export twice: straight from its files, and through the emulated Google Health API."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.catalog import METRICS, asset_named
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import to_series
from syncbit_dagster.emulator.takeout import TakeoutPerson
from syncbit_dagster.sources.google_health import GoogleHealthSource
from syncbit_dagster.stores.validation import validate
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.sources.takeout.exports import (
    day_rows,
    minutes,
    sleep_log,
    source,
    write_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncbit_dagster.sources.base import Source
    from syncbit_dagster_tests.sources.takeout.exports import Values

CHICAGO = ZoneInfo("America/Chicago")
REPOSITORY = Path(__file__).parents[3]
LONG_AFTER = datetime(2026, 11, 1, tzinfo=UTC)
ASSETS = tuple(
    dict.fromkeys(metric.asset for metric in METRICS if metric.takeout and metric.google_health)
)


class Difference(NamedTuple):
    """Why two samples differ, and a check that they differ in that way only."""

    reason: str
    holds: Callable[[Values, Values], bool]


def _only_zeros_more(ours: Values, theirs: Values) -> bool:
    more = {instant: value for instant, value in theirs.items() if instant not in ours}
    same = {instant: value for instant, value in theirs.items() if instant in ours}
    return set(more.values()) == {0.0} and same == pytest.approx(ours)


def _same_days(ours: Values, theirs: Values) -> bool:
    return ours.keys() == theirs.keys()


def _fewer_days(ours: Values, theirs: Values) -> bool:
    return ours.keys() <= theirs.keys()


def _rounded(ours: Values, theirs: Values) -> bool:
    return {instant: round(value) for instant, value in ours.items()} == theirs


_SEGMENTS = (
    "Google counts whole minutes of the sum of segments; the export's own summary moves short "
    "awakenings from their stage to the wake time."
)
DIFFERENCES = {
    "fitbit_steps_intraday": Difference(
        "A worn minute without a row is 0 at Google, and no sample from the export.",
        _only_zeros_more,
    ),
    "fitbit_distance_intraday": Difference(
        "A worn minute without a row is 0 at Google, and no sample from the export.",
        _only_zeros_more,
    ),
    "fitbit_sleep_minutes_total": Difference(_SEGMENTS, _same_days),
    "fitbit_sleep_stage_minutes": Difference(_SEGMENTS, _fewer_days),
    "fitbit_sleep_awakenings": Difference(_SEGMENTS, _same_days),
    "fitbit_sleep_efficiency_percent": Difference(
        "Google has none, so it is computed; the export has Fitbit's own score.", _same_days
    ),
    "fitbit_resting_heart_rate_bpm": Difference(
        "Google rounds to whole beats, the export does not.", _rounded
    ),
    "fitbit_weight_kg": Difference(
        "Google keeps tenths of a gram, the export hundredths of a pound.",
        lambda ours, theirs: ours == pytest.approx(theirs, abs=0.0001),
    ),
    "fitbit_bmi": Difference(
        "Google has no height of this person to compute it from; the export has it.",
        lambda ours, theirs: bool(ours) and not theirs,
    ),
}


IN_RECORDED_DAYS = {
    "fitbit_steps_intraday",
    "fitbit_distance_intraday",
    "fitbit_sleep_minutes_total",
    "fitbit_sleep_stage_minutes",
    "fitbit_sleep_awakenings",
    "fitbit_sleep_efficiency_percent",
}
IN_WRITTEN_DAYS = {
    "fitbit_resting_heart_rate_bpm",
    "fitbit_weight_kg",
    "fitbit_bmi",
    "fitbit_sleep_efficiency_percent",
}


def everything(found: Source, days: DayRange) -> dict[str, Values]:
    """All samples by series."""
    result: dict[str, Values] = {}
    for asset in ASSETS:
        for batch in found.fetch(asset_named(asset), days):
            for one in validate(to_series(batch.samples)):
                samples = zip(one.timestamps.tolist(), one.values.tolist(), strict=True)
                result.setdefault(one.metric + one.labels, {}).update(samples)
    return result


def both(
    folder: Path, tmp_path: Path, days: DayRange, interval: int, heart_rate_interval: int
) -> dict[str, tuple[Values, Values]]:
    """Samples from the export and from the API, by series."""
    person = TakeoutPerson(folder, CHICAGO)
    export = source(folder, CHICAGO, interval=interval, heart_rate_interval=heart_rate_interval)
    with emulated_account(person, tmp_path, now=lambda: LONG_AFTER) as emulated:
        own = emulated.settings().account
        google = GoogleHealthSource.connect(own, interval_of=export.interval_of)
        theirs = everything(google, days)
        google.close()
    ours = everything(type(export)(own, export.reader, export.interval_of), days)
    assert export.problems == []
    return {name: (ours.get(name, {}), theirs.get(name, {})) for name in sorted({*ours, *theirs})}


def assert_same_but(found: dict[str, tuple[Values, Values]], expected: set[str]) -> None:
    """Equal, but for the metrics that are expected to differ, each in its documented way."""
    different = set()
    for name, (ours, theirs) in found.items():
        metric = name.partition("{")[0]
        if ours == pytest.approx(theirs, rel=1e-9, abs=1e-9):
            continue
        assert metric in DIFFERENCES, name
        assert DIFFERENCES[metric].holds(ours, theirs), name
        different.add(metric)
    assert different == expected


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("interval", "heart_rate_interval", "last_day"), [(60, 60, 25), (300, 1, 14)]
)
def test_recorded_days(
    recordings: Path, tmp_path: Path, interval: int, heart_rate_interval: int, last_day: int
) -> None:
    folder = recordings / "data" / "takeout_us_central_2021-06"
    days = DayRange(date(2021, 6, 11), date(2021, 6, last_day))
    found = both(folder, tmp_path, days, interval, heart_rate_interval)
    assert len(found) >= 16
    assert_same_but(found, IN_RECORDED_DAYS)


def test_written_days(tmp_path: Path) -> None:
    """What the recordings lack: resting heart rates, weights, a day of 25 hours."""
    day = date(2021, 11, 7)
    start = datetime(2021, 11, 7, 5, tzinfo=UTC)
    night = sleep_log(
        1, "2021-11-06T22:00:00.000", "2021-11-07T06:00:00.000",
        duration=9 * 3_600_000, minutesAsleep=460, timeInBed=540,
        levels={
            "summary": {"light": {"count": 1, "minutes": 460}, "wake": {"count": 1, "minutes": 80}},
            "data": [
                {"dateTime": "2021-11-06T22:00:00.000", "level": "light", "seconds": 460 * 60},
                {"dateTime": "2021-11-07T04:40:00.000", "level": "wake", "seconds": 80 * 60},
            ],
        },
    )  # fmt: skip
    files = {
        "steps-2021-11-07.json": minutes(start, ["5"] * 1500),
        "distance-2021-11-07.json": minutes(start, ["350"] * 1500),
        "heart_rate-2021-11-07.json": minutes(start, [{"bpm": 60 + n % 9} for n in range(500)], 5),
        "calories-2021-11-07.json": minutes(datetime(2021, 11, 7), [f"1.{n}" for n in range(1440)]),  # noqa: DTZ001
        "resting_heart_rate-2021-01-01.json": day_rows(day, [{"date": "11/07/21", "value": 52.4}]),
        "weight-2021-11-07.json": [
            {
                "logId": 1,
                "weight": 150.3,
                "bmi": 22.0,
                "fat": 15.5,
                "date": "11/07/21",
                "time": "07:00:00",
            }
        ],
        "sleep-2021-11-07.json": [night],
    }
    folder = write_folder(tmp_path / "export", files)
    found = both(folder, tmp_path, DayRange(day, day), 60, 1)
    assert_same_but(found, IN_WRITTEN_DAYS)


def test_every_difference_is_in_the_documentation() -> None:
    page = (REPOSITORY / "docs" / "takeout.md").read_text()
    flat = " ".join(page.split())
    assert DIFFERENCES.keys() == IN_RECORDED_DAYS | IN_WRITTEN_DAYS
    for metric, difference in DIFFERENCES.items():
        assert f"`{metric}`" in flat
        assert difference.reason in flat
