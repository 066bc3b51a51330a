"""Every query of every panel, asked as Grafana asks it, against the samples in the store."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster_tests.grafana import expected
from syncbit_dagster_tests.grafana.committed import DASHBOARDS, PANELS
from syncbit_dagster_tests.grafana.filled import DAYS, INTRADAY, NOW, RUNS, ZONE
from syncbit_dagster_tests.grafana.grafana import UTC_WORD, Drawn, Reader

if TYPE_CHECKING:
    from syncbit_dagster_tests.grafana.filled import Filled

pytestmark = pytest.mark.victoriametrics

ZONES = (UTC_WORD, "America/New_York", "Pacific/Auckland")
DAY, WEEK = 86_400, 604_800


def reader(store: Filled, uid: str, zone: str = ZONE.key) -> Reader:
    start = INTRADAY.start(ZONE) if uid == "syncbit-sync" else DAYS.start(ZONE)
    return Reader(store.url, DASHBOARDS[uid], zone, start, NOW)


def panels_with_step(step: int) -> list[tuple[str, int]]:
    text = {DAY: "1d", WEEK: "7d"}[step]
    return [
        (uid, panel["id"])
        for uid, dashboard in DASHBOARDS.items()
        for panel in dashboard["panels"]
        if panel.get("interval") == text
    ]


def panel_of(uid: str, number: int) -> dict[str, Any]:
    return next(panel for panel in DASHBOARDS[uid]["panels"] if panel["id"] == number)


def by_labels(drawn: list[Drawn]) -> dict[expected.Labels, Drawn]:
    found = {expected.own_labels(one.labels): one for one in drawn}
    assert len(found) == len(drawn)
    return found


@pytest.mark.parametrize(("uid", "number"), PANELS)
def test_every_query_brings_data(store: Filled, uid: str, number: int) -> None:
    onlooker, panel = reader(store, uid), panel_of(uid, number)
    assert panel["targets"]
    for target in panel["targets"]:
        drawn = onlooker.draw(panel, target)
        assert drawn, target["expr"]
        assert all(math.isfinite(value) for one in drawn for _, value in one.points)
        if target["instant"]:
            assert [len(one.points) for one in drawn] == [1]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("uid", "number"), panels_with_step(DAY))
def test_each_day_is_drawn_on_its_own_date(store: Filled, uid: str, number: int, zone: str) -> None:
    """One point for each day that has data: on its own date, with the sample's value."""
    onlooker, panel = reader(store, uid, zone), panel_of(uid, number)
    dates = set(onlooker.dates())
    for target in panel["targets"]:
        day = expected.day_expression(target["expr"])
        assert day, "a daily panel asks for dates"
        wanted = expected.of_days(day, store, onlooker.variables)
        drawn = by_labels(onlooker.draw(panel, target))
        assert drawn.keys() == wanted.keys()
        for labels, known in wanted.items():
            shown = {onlooker.date_of(at): value for at, value in drawn[labels].points}
            assert len(shown) == len(drawn[labels].points)
            assert shown == pytest.approx({d: v for d, v in known.items() if d in dates}, rel=1e-9)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("uid", "number"), panels_with_step(WEEK))
def test_a_calendar_has_each_day_in_its_week_and_row(
    store: Filled, uid: str, number: int, zone: str
) -> None:
    onlooker, panel = reader(store, uid, zone), panel_of(uid, number)
    names = [target["legendFormat"] for target in panel["targets"]]
    assert names == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    start, end = onlooker.grid(WEEK)
    weeks = {thursday_of(at, onlooker).isocalendar()[:2] for at in range(start, end + 1, WEEK)}
    for weekday, target in enumerate(panel["targets"]):
        day = expected.day_expression(target["expr"])
        assert day
        (known,) = expected.of_days(day, store, onlooker.variables).values()
        (drawn,) = onlooker.draw(panel, target)
        cells = {thursday_of(at, onlooker).isocalendar()[:2]: v for at, v in drawn.points}
        assert cells == pytest.approx(
            {
                d.isocalendar()[:2]: v
                for d, v in known.items()
                if d.weekday() == weekday and d.isocalendar()[:2] in weeks
            }
        )


def thursday_of(at: int, onlooker: Reader) -> date:
    """The date of a week's point, whose midnight may be an hour off."""
    thursday = onlooker.date_of(at + DAY // 2)
    assert thursday.weekday() == 3
    return thursday


def test_the_week_that_has_begun_is_there(store: Filled) -> None:
    """On a Tuesday, ``now+3d`` includes the Thursday that stands for the week."""
    calendar = DASHBOARDS["syncbit-calendar"]
    assert calendar["time"]["to"] == "now+3d"
    assert NOW.weekday() == 1
    ahead = NOW + timedelta(days=3)
    onlooker = Reader(store.url, calendar, ZONE.key, DAYS.start(ZONE), ahead)
    panel = onlooker.panel("Steps", "status-history")
    steps = expected.values("fitbit_steps_total", store)[frozenset()]
    for target, day in zip(panel["targets"], (14,), strict=False):
        (drawn,) = onlooker.draw(panel, target)
        assert drawn.points[-1][1] == steps[date(2025, 4, day)]


def test_streaks_as_numbers(store: Filled) -> None:
    onlooker = reader(store, "syncbit-overview")
    for name, metric, goal in (
        ("Steps", "fitbit_steps_total", "goal_steps"),
        ("Sleep minutes", "fitbit_sleep_minutes_total", "goal_sleep"),
        ("Active zone minutes", "fitbit_active_zone_minutes", "goal_zone"),
    ):
        days = expected.total(expected.values(metric, store))
        (lengths,) = expected.streaks(days, float(onlooker.variables[goal])).values()
        running = lengths[max(day for values in days.values() for day in values)]
        assert number_of(onlooker, f"{name}: streak") == running
        assert number_of(onlooker, f"{name}: longest streak") == max(lengths.values())


@pytest.mark.parametrize("zone", ZONES)
def test_today_and_the_week_as_numbers(store: Filled, zone: str) -> None:
    onlooker = reader(store, "syncbit-overview", zone)
    last = [DAYS.last - timedelta(days=back) for back in range(7)]
    for name, metric, function in (
        ("Steps", "fitbit_steps_total", "sum"),
        ("Distance", "fitbit_distance_km", "sum"),
        ("Calories", "fitbit_calories_total", "mean"),
        ("Active zone minutes", "fitbit_active_zone_minutes", "sum"),
        ("Sleep minutes", "fitbit_sleep_minutes_total", "mean"),
        ("Resting heart rate", "fitbit_resting_heart_rate_bpm", "mean"),
    ):
        (known,) = expected.total(expected.values(metric, store)).values()
        so_far = store.series(metric.replace("fitbit_", "fitbit_today_"))
        # Of what is not over there is no sample, and the week is of the seven days before.
        days = [day - timedelta(days=1) for day in last] if so_far else last
        week = [known[day] for day in days if day in known]
        total = sum(week) / (len(week) if function == "mean" else 1)
        assert (DAYS.last in known) is not bool(so_far)
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
    onlooker = Reader(
        store.url, DASHBOARDS["syncbit-activity"], ZONE.key, end - timedelta(days=days), end
    )
    summed = [p for p in onlooker.panels() if p.get("interval") == "5m"]
    assert len(summed) == 5
    for panel in summed:
        (target,) = panel["targets"]
        step = onlooker.step(panel, target)
        start, last = onlooker.grid(step)
        metric = target["expr"].removeprefix("sum_over_time(").split("{")[0]
        (one,) = store.series(metric)
        seconds = one.timestamps // 1000
        held = (seconds > start - step) & (seconds <= last)
        (drawn,) = onlooker.draw(panel, target)
        assert sum(value for _, value in drawn.points) == pytest.approx(one.values[held].sum())
        cells = set(((seconds[held] - start + step - 1) // step).tolist())
        assert len(drawn.points) == len(cells)


@pytest.mark.parametrize(("hours", "step"), [(6, 60), (72, 300)])
def test_the_heart_rate_lies_in_its_range(store: Filled, hours: int, step: int) -> None:
    end = INTRADAY.end(ZONE) - timedelta(hours=3)
    onlooker = Reader(
        store.url, DASHBOARDS["syncbit-heart"], ZONE.key, end - timedelta(hours=hours), end
    )
    panel = onlooker.panel("Heart rate", "timeseries")
    assert {onlooker.step(panel, target) for target in panel["targets"]} == {step}
    low, mean, high = (
        dict(one.points) for t in panel["targets"] for one in onlooker.draw(panel, t)
    )
    assert low.keys() == mean.keys() == high.keys()
    assert all(low[at] <= mean[at] + 1e-9 and mean[at] <= high[at] + 1e-9 for at in mean)
    assert any(low[at] < high[at] for at in mean) == (step > 60)
    (one,) = store.series("fitbit_heart_rate_intraday")
    start, last = onlooker.grid(step)
    seconds = one.timestamps // 1000
    held = seconds[(seconds > start - step) & (seconds <= last)]
    assert len(mean) == len(set(((held - start + step - 1) // step).tolist()))


def test_what_a_run_left_is_drawn_once_a_run(store: Filled) -> None:
    onlooker = reader(store, "syncbit-sync")
    panel = onlooker.panel("Rate limited", "timeseries")
    drawn = onlooker.draw(panel, panel["targets"][0])
    assert Counter(one.labels["asset"] for one in drawn) == {"sleep": 1, "heart_rate": 1}
    for one in drawn:
        assert [value for _, value in one.points] == [1, 2, 3, 4]
        assert len(one.points) == len(RUNS)


def test_devices_are_told_apart(store: Filled) -> None:
    onlooker = reader(store, "syncbit-sync")
    panel = onlooker.panel("Device battery", "timeseries")
    drawn = onlooker.draw(panel, panel["targets"][0])
    held = {
        decode_labels(one.labels)["device_id"]: one.values[-1]
        for one in store.series("fitbit_device_battery_percent")
    }
    assert {one.labels["device_id"]: one.points[-1][1] for one in drawn} == held
