"""Which values are written, at which instant, and what becomes of one that is corrected."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
import requests

from syncbit_dagster.core.civil import ONE_DAY, DayRange, day_start, to_milliseconds
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster_tests.daemon_bugs.old_daemon import OldDaemon
from syncbit_dagster_tests.daemon_bugs.proofs import (
    BY_STEPS,
    STEPS,
    days_of,
    require_no_zero_without_a_measurement,
    require_one_sample_a_day,
    require_only_value,
)
from syncbit_dagster_tests.daemon_bugs.stage import BERLIN, NOON, Stage
from syncbit_dagster_tests.defs.unattended import range_of
from syncbit_dagster_tests.migration.daemon import post_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster_tests.daemon_bugs.proofs import Contents

pytestmark = pytest.mark.victoriametrics

DAY = date(2025, 10, 22)
RESTING = "fitbit_resting_heart_rate_bpm"
FALL_BACK = date(2025, 10, 26)  # 25 hours


def one_day(day: date = DAY) -> DayRange:
    return DayRange(day, day)


def old_line(stage: Stage, metric: str, value: float, at: datetime) -> str:
    labels = f'device="charge6",user="{stage.user}"'
    return f"{metric}{{{labels}}} {value} {to_milliseconds(at)}"


def test_variability_and_fitness_are_read_where_the_api_has_them(stage: Stage) -> None:
    """B3: HRV and VO2 max were read from keys that no answer has, so never written."""
    days = DayRange(DAY, DAY + timedelta(days=6))
    for asset in ("heart_rate_variability", "cardio_fitness"):
        assert stage.materialize(asset, days, SYNCBIT_PROVIDER="fitbit_web").success
    found = {
        metric: {instant: value for name, _, instant, value in stage.contents() if name == metric}
        for metric in ("fitbit_hrv_rmssd_ms", "fitbit_vo2_max")
    }
    start = {day: to_milliseconds(day_start(day, BERLIN)) for day in days}
    hrv = {start[day]: stage.person.daily(day).hrv_average for day in days}
    assert found["fitbit_hrv_rmssd_ms"] == {at: value for at, value in hrv.items() if value}
    assert len(found["fitbit_hrv_rmssd_ms"]) > 3
    assert len(found["fitbit_vo2_max"]) > 3
    for day in days:  # the API has a range such as "44-48" on most days
        if start[day] in found["fitbit_vo2_max"]:
            truth = stage.person.daily(day).vo2_max
            assert found["fitbit_vo2_max"][start[day]] == pytest.approx(truth, abs=1)


def test_a_day_that_is_polled_again_and_again_has_one_sample(stage: Stage) -> None:
    """B4: each poll left a sample at its own time: up to 96 a day, and every sum wrong."""
    days = DayRange(NOON.date() - ONE_DAY, NOON.date())
    totals = []
    for hour in (8, 12, 20):
        stage.go_to(NOON.replace(hour=hour))
        assert stage.materialize("activity_summary", days).success
        require_one_sample_a_day(stage.contents(), BERLIN)
        ((at, total),) = newest(stage.contents(STEPS), STEPS)
        assert at == to_milliseconds(day_start(days.last, BERLIN))
        totals.append(total)
    assert totals == sorted(totals)
    assert totals[0] < totals[-1]  # the day went on meanwhile


def newest(contents: Contents, metric: str) -> list[tuple[int, float]]:
    return sorted((at, value) for name, _, at, value in contents if name == metric)[-1:]


def test_the_old_way_leaves_a_sample_a_poll(stage: Stage) -> None:
    """B4: the proof above can fail."""

    def write(_: date, at: datetime) -> bool:
        post_lines(stage.victoria.url, [old_line(stage, STEPS, 4000, at)])
        return True

    old = OldDaemon(DAY, write)
    old.sync(NOON)
    old.sync(NOON + timedelta(minutes=15))
    assert len(stage.contents()) == 4
    with pytest.raises(AssertionError):
        require_one_sample_a_day(stage.contents(), BERLIN)


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process runs in another zone than its account lives in."""
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_away")
def test_yesterday_is_the_accounts_whatever_the_process_thinks(stage: Stage) -> None:
    """B8: yesterday was the container's."""
    for now, yesterday in (
        (datetime(2025, 10, 26, 21, 59, tzinfo=UTC), "2025-10-25"),  # 22:59 in Berlin
        (datetime(2025, 10, 26, 23, 1, tzinfo=UTC), "2025-10-26"),
    ):
        stage.go_to(now)
        (request,) = stage.history(date(2025, 10, 25)).asks()
        assert range_of(request)[1] == yesterday


@pytest.mark.usefixtures("far_away")
@pytest.mark.parametrize("provider", ["demo", "fitbit_web"])
def test_the_hour_that_comes_twice_is_two_hours(stage: Stage, provider: str) -> None:
    """B8: the two hours from two to three were written over each other."""
    done = stage.materialize("intraday_steps", one_day(FALL_BACK), SYNCBIT_PROVIDER=provider)
    assert done.success
    found = {at: value for _, _, at, value in stage.contents("fitbit_steps_intraday")}
    begin = to_milliseconds(day_start(FALL_BACK, BERLIN))
    truth = stage.person.day(FALL_BACK)
    assert truth.steps is not None
    assert len(truth.steps) == 1500
    assert set(found) <= set(range(begin, begin + 25 * 3_600_000, 300_000))
    assert sum(found.values()) == truth.steps[truth.worn].sum()
    twice = range(begin + 2 * 3_600_000, begin + 4 * 3_600_000, 300_000)  # 02:00 to 03:00, twice
    worn = truth.worn[120:240].reshape(-1, 5).any(axis=1)
    assert [at in found for at in twice] == np.asarray(worn).tolist()


@pytest.mark.usefixtures("far_away")
@pytest.mark.parametrize("provider", ["demo", "fitbit_web"])
def test_the_last_sync_is_an_instant(stage: Stage, provider: str) -> None:
    """B8: lastSyncTime, local to the account, was taken for the container's time."""
    assert stage.materialize("devices", None, SYNCBIT_PROVIDER=provider).success
    synced = {device.synced for device in stage.person.devices(NOON) if device.synced}
    metric = "fitbit_device_last_sync_timestamp"
    found = {(at // 1000, value) for _, _, at, value in stage.contents(metric)}
    assert found == {(int(at.timestamp()), int(at.timestamp())) for at in synced}


@pytest.mark.parametrize("provider", ["demo", "fitbit_web"])
def test_a_watch_that_was_off_leaves_no_zero(stage: Stage, provider: str) -> None:
    """B9: a day without data was written as 0 steps, 0 km and 0 kcal."""
    stage.person.off = {DAY}
    days = DayRange(DAY - ONE_DAY, DAY + ONE_DAY)
    assert stage.materialize("activity_summary", days, SYNCBIT_PROVIDER=provider).success
    contents = stage.contents()
    require_no_zero_without_a_measurement(contents)
    for metric in BY_STEPS[:2]:
        assert days_of(contents, metric, BERLIN) == {days.first, days.last}


def test_the_old_way_makes_zeros_up(stage: Stage) -> None:
    """B9: the proof above can fail."""
    midnight = day_start(DAY, BERLIN)
    post_lines(stage.victoria.url, [old_line(stage, metric, 0, midnight) for metric in BY_STEPS])
    with pytest.raises(AssertionError):
        require_no_zero_without_a_measurement(stage.contents())


def test_a_correction_that_lowers_a_value_wins(stage: Stage) -> None:
    """B12: VictoriaMetrics kept both samples, and queries showed the higher one."""
    days = DayRange(DAY - ONE_DAY, DAY)
    stage.person.resting_heart_rate = {days.first: 61, DAY: 71}
    assert stage.materialize("heart_rate", days).success
    stage.person.resting_heart_rate[DAY] = 58
    assert stage.materialize("heart_rate", one_day()).success
    values = stage.contents(RESTING)
    assert sorted(value for *_, value in values.elements()) == [58, 61]
    start = to_milliseconds(day_start(DAY, BERLIN))
    require_only_value(type(values)(one for one in values.elements() if one[2] == start), 58)
    assert queried(stage, RESTING, day_start(DAY, BERLIN)) == [58]


def test_the_old_way_keeps_both(stage: Stage) -> None:
    """B12: the proof above can fail."""
    midnight = day_start(DAY, BERLIN)
    for value in (71, 58):
        post_lines(stage.victoria.url, [old_line(stage, RESTING, value, midnight)])
    with pytest.raises(AssertionError):
        require_only_value(stage.contents(RESTING), 58)


def queried(stage: Stage, metric: str, at: datetime) -> list[float]:
    """What a dashboard shows."""
    answer = requests.get(
        f"{stage.victoria.url}/api/v1/query",
        params={"query": f'{metric}{{user="{stage.user}"}}', "time": str(at.timestamp())},
        timeout=30,
    )
    return [float(series["value"][1]) for series in answer.json()["data"]["result"]]


def test_labels_are_what_the_user_wrote(stage: Stage) -> None:
    """B13: labels were not escaped, and the device was always a Charge 6."""
    stage.user = 'Anna "the runner" \\ {a="b"}, ü'
    days = DayRange(DAY, DAY + ONE_DAY)
    for _ in range(2):  # the second time it finds its own series
        assert stage.materialize("activity_summary", days, FITBIT_DEVICE='my "watch"').success
    contents = stage.contents()
    assert contents
    assert set(contents.values()) == {1}
    for _, text, _, _ in contents:
        labels = decode_labels(text)
        assert labels["user"] == stage.user
        assert labels["device"] == 'my "watch"'
        assert labels.keys() <= {"user", "device", "type"}


@pytest.mark.parametrize("provider", ["demo", "fitbit_web"])
def test_sleep_efficiency_is_written(stage: Stage, provider: str) -> None:
    """B13: it was promised and never written."""
    days = DayRange(DAY, DAY + timedelta(days=4))
    assert stage.materialize("sleep", days, SYNCBIT_PROVIDER=provider).success
    found = stage.contents("fitbit_sleep_efficiency_percent")
    nights = {day for day in days if stage.person.sleep(day)}
    assert nights
    assert days_of(found, "fitbit_sleep_efficiency_percent", BERLIN) == nights
    assert all(40 < value <= 100 for *_, value in found)


def test_nothing_but_what_is_promised_is_left_in_the_store(stage: Stage) -> None:
    """B13: each start of the daemon left a test sample."""
    assert stage.materialize("activity_summary", one_day()).success
    names = {metric for metric, *_ in stage.contents(".+")}
    assert "fitbit_test_connection" not in names
    allowed = re.compile(r"fitbit_(?!test)\w+|syncbit_(?!stage|commit|probe)\w+")
    assert all(allowed.fullmatch(name) for name in names), names
