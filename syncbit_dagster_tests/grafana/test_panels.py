"""Every query of every panel, asked as Grafana asks it, against the samples in the store."""

from __future__ import annotations

import math
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster_tests.grafana.filled import DAYS, INTRADAY, NOW, ZONE, Filled, filled
from syncbit_dagster_tests.grafana.grafana import DASHBOARDS, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

pytestmark = pytest.mark.victoriametrics

ZONES = ("utc", "America/New_York", "Pacific/Auckland")
PLAIN = re.compile(r"day = last_over_time\((fitbit_\w+)\{[^}]*\}\[1d\] offset -10h\)\) \(")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with filled(tmp_path_factory.mktemp("dashboards")) as held:
        yield held


def reader(store: Filled, uid: str, zone: str = ZONE.key) -> Reader:
    start = INTRADAY.start(ZONE) if uid == "syncbit-sync" else DAYS.start(ZONE)
    return Reader(store.url, DASHBOARDS[uid], zone, start, NOW)


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_every_query_brings_data_and_each_day_is_on_its_own_date(store: Filled, uid: str) -> None:
    """Whoever looks: one point for each day that has data, on its date, with the sample's value."""
    compared = 0
    for zone in (ZONE.key, *ZONES):
        onlooker = reader(store, uid, zone)
        dates = set(onlooker.dates())
        for panel in onlooker.panels():
            for target in panel["targets"]:
                drawn = onlooker.draw(panel, target)
                assert drawn or zone != ZONE.key, target["expr"]
                assert all(math.isfinite(value) for one in drawn for _, value in one.points)
                assert not target["instant"] or all(len(one.points) == 1 for one in drawn)
                plain = PLAIN.search(target["expr"])
                if plain and panel.get("interval") == "1d":
                    shown: dict[date, list[float]] = {}
                    for at, value in (point for one in drawn for point in one.points):
                        shown.setdefault(onlooker.date_of(at), []).append(value)
                    held = store.by_date[plain[1]]
                    assert {day: sorted(values) for day, values in shown.items()} == {
                        day: pytest.approx(sorted(held[day])) for day in dates & held.keys()
                    }, f"{panel['title']}, {zone}"
                    compared += 1
    assert compared or uid in {"syncbit-calendar", "syncbit-overview", "syncbit-sync"}


def test_the_week_that_has_begun_is_in_the_calendar(store: Filled) -> None:
    """On a Tuesday, ``now+3d`` includes the Thursday that stands for the week."""
    calendar = DASHBOARDS["syncbit-calendar"]
    assert (calendar["time"]["to"], NOW.weekday()) == ("now+3d", 1)
    ahead = NOW + timedelta(days=3)
    onlooker = Reader(store.url, calendar, ZONE.key, DAYS.start(ZONE), ahead)
    panel = onlooker.panel("Steps", "status-history")
    names = [target["legendFormat"] for target in panel["targets"]]
    assert names == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    (monday,) = onlooker.draw(panel, panel["targets"][0])
    (steps,) = store.by_date["fitbit_steps_total"][NOW.date() - timedelta(days=1)]
    assert monday.points[-1][1] == steps


@pytest.mark.parametrize("zone", ZONES)
def test_today_and_the_week_as_numbers(store: Filled, zone: str) -> None:
    onlooker = reader(store, "syncbit-overview", zone)
    for name, metric, function in (
        ("Steps", "fitbit_steps_total", "sum"),
        ("Distance", "fitbit_distance_km", "sum"),
        ("Calories", "fitbit_calories_total", "mean"),
        ("Active zone minutes", "fitbit_active_zone_minutes", "sum"),
        ("Sleep minutes", "fitbit_sleep_minutes_total", "mean"),
        ("Resting heart rate", "fitbit_resting_heart_rate_bpm", "mean"),
    ):
        known = {day: sum(values) for day, values in store.by_date[metric].items()}
        so_far = store.series(metric.replace("fitbit_", "fitbit_today_"))
        # Of what is not over there is no sample, and the week is of the seven days before.
        last = DAYS.last - timedelta(days=1 if so_far else 0)
        days = [last - timedelta(days=back) for back in range(7)]
        week = [known[day] for day in days if day in known]
        total = sum(week) / (len(week) if function == "mean" else 1)
        now = sum(one.values[-1] for one in so_far) if so_far else known[DAYS.last]
        assert number_of(onlooker, name) == pytest.approx(now)
        assert number_of(onlooker, f"{name}: {function} of 7 days") == pytest.approx(total)


def test_the_last_night_as_the_clock_showed_it(store: Filled) -> None:
    onlooker = reader(store, "syncbit-sleep", "Pacific/Auckland")
    for name in ("start", "end"):
        (one,) = store.series(f"fitbit_sleep_{name}_timestamp")
        local = datetime.fromtimestamp(one.values[-1], UTC).astimezone(ZONE)
        seconds = local.hour * 3600 + local.minute * 60 + local.second
        assert number_of(onlooker, f"Sleep {name}") == seconds


def number_of(onlooker: Reader, title: str) -> float:
    panel = onlooker.panel(title, "stat")
    (one,) = onlooker.draw(panel, panel["targets"][0])
    return one.points[0][1]


@pytest.mark.parametrize("days", [1, 2, 30])
def test_intraday_sums_lose_nothing(store: Filled, days: int) -> None:
    """However wide the steps: what is drawn adds up to what is stored in them."""
    end = INTRADAY.end(ZONE) - timedelta(hours=3)
    start = end - timedelta(days=days)
    onlooker = Reader(store.url, DASHBOARDS["syncbit-activity"], ZONE.key, start, end)
    summed = [panel for panel in onlooker.panels() if panel.get("interval") == "5m"]
    assert len(summed) == 5
    for panel in summed:
        (target,) = panel["targets"]
        step = onlooker.step(panel, target)
        first, last = onlooker.grid(step)
        (one,) = store.series(target["expr"].removeprefix("sum_over_time(").split("{")[0])
        seconds = one.timestamps // 1000
        held = (seconds > first - step) & (seconds <= last)
        (drawn,) = onlooker.draw(panel, target)
        assert sum(value for _, value in drawn.points) == pytest.approx(one.values[held].sum())
        assert len(drawn.points) == len(set(((seconds[held] - first + step - 1) // step).tolist()))


@pytest.mark.parametrize(("hours", "step"), [(6, 60), (72, 300)])
def test_the_heart_rate_lies_in_its_range(store: Filled, hours: int, step: int) -> None:
    end = INTRADAY.end(ZONE) - timedelta(hours=3)
    start = end - timedelta(hours=hours)
    onlooker = Reader(store.url, DASHBOARDS["syncbit-heart"], ZONE.key, start, end)
    panel = onlooker.panel("Heart rate", "timeseries")
    assert {onlooker.step(panel, target) for target in panel["targets"]} == {step}
    drawn = [one for target in panel["targets"] for one in onlooker.draw(panel, target)]
    low, mean, high = (dict(one.points) for one in drawn)
    assert low.keys() == mean.keys() == high.keys()
    assert all(low[at] <= mean[at] + 1e-9 and mean[at] <= high[at] + 1e-9 for at in mean)
    assert any(low[at] < high[at] for at in mean) == (step > 60)


def test_runs_and_devices_are_told_apart(store: Filled) -> None:
    onlooker = reader(store, "syncbit-sync")
    panel = onlooker.panel("Rate limited", "timeseries")
    drawn = onlooker.draw(panel, panel["targets"][0])
    assert Counter(one.labels["asset"] for one in drawn) == {"sleep": 1, "heart_rate": 1}
    for one in drawn:  # once a run
        assert [value for _, value in one.points] == [1, 2, 3, 4]
    panel = onlooker.panel("Device battery", "timeseries")
    levels = {
        one.labels["device_id"]: one.points[-1][1]
        for one in onlooker.draw(panel, panel["targets"][0])
    }
    assert levels == {
        decode_labels(one.labels)["device_id"]: one.values[-1]
        for one in store.series("fitbit_device_battery_percent")
    }
