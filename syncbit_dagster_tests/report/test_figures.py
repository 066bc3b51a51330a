"""The forms of plots: what they say equals what was stored, and gaps stay gaps."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import DayRange, day_start
from syncbit_dagster.report.figures.calendar import WEEKDAYS, week_table
from syncbit_dagster.report.figures.frame import weekly_means
from syncbit_dagster_tests.report.builders import BERLIN, JUNE, daily, every_day, page_of

THREE = {date(2026, 6, 1): 5.0, date(2026, 6, 2): 0.0, date(2026, 6, 9): 1.5}


def test_a_day_has_its_value_a_zero_is_one_and_no_value_is_a_gap() -> None:
    for metric, title in (
        ("fitbit_steps_total", "Steps"),
        ("fitbit_temp_skin_relative_celsius", "Skin temperature, from the baseline"),
        ("fitbit_spo2_avg_percent", "Blood oxygen"),
        ("fitbit_weight_kg", "Weight"),
    ):
        (trace, *_) = page_of(daily(metric, THREE)).traces(title)
        assert trace["x"] == [str(day) for day in JUNE]
        assert trace["y"] == [THREE.get(day) for day in JUNE]


def test_series_of_one_metric_are_stacked_and_named_by_their_labels() -> None:
    stages = {
        stage: daily("fitbit_sleep_stage_minutes", every_day(JUNE, start), labels={"stage": stage})
        for stage, start in (("wake", 5), ("deep", 60), ("rem", 90), ("light", 200))
    }
    page = page_of(*stages.values())
    traces = page.traces("Stages")
    assert [trace["name"] for trace in traces] == ["Deep", "Light", "REM", "Awake"]
    assert [trace["y"][0] for trace in traces] == [60, 200, 90, 5]
    assert page.figures["Stages"]["layout"]["barmode"] == "stack"
    assert len({trace["marker"]["color"] for trace in traces}) == 4


def test_blood_oxygen_floats_from_the_lowest_to_the_highest() -> None:
    day = date(2026, 6, 3)
    values = {"avg": 95.0, "min": 92.5, "max": 98.0}
    page = page_of(*(daily(f"fitbit_spo2_{n}_percent", {day: v}) for n, v in values.items()))
    bar, line = page.traces("Blood oxygen")
    assert (bar["base"][2], bar["y"][2], bar["customdata"][2]) == (92.5, 5.5, [92.5, 98.0])
    assert line["y"][2] == 95.0


@given(
    first=st.dates(date(2020, 1, 1), date(2026, 1, 1)),
    values=st.lists(st.floats(0, 1e5) | st.just(np.nan), min_size=1, max_size=40),
)
def test_weeks(first: date, values: list[float]) -> None:
    days = DayRange(first, date.fromordinal(first.toordinal() + len(values) - 1))
    array = np.array(values)
    means = weekly_means(array, days)
    table, labels = week_table(array, days)
    of_week: dict[tuple[int, int], list[float]] = {}
    for day, value in zip(days, values, strict=True):
        members = of_week.setdefault(day.isocalendar()[:2], [])
        members += [] if np.isnan(value) else [value]
    for day, mean in zip(days, means.tolist(), strict=True):
        members = of_week[day.isocalendar()[:2]]
        assert mean == pytest.approx(sum(members) / len(members)) if members else np.isnan(mean)
    assert table.shape == (len(of_week), 7)
    shown = [label for label in labels.ravel().tolist() if label]
    assert len(shown) == len(days)
    for row, column in np.argwhere(labels != "").tolist():
        assert labels[row, column].startswith(WEEKDAYS[column])
    np.testing.assert_array_equal(table[labels != ""], array)


def test_coverage_names_the_days_and_the_assets_without_data() -> None:
    steps = {day: 1.0 for day in JUNE if day.day not in (3, 4, 9)}
    page = page_of(daily("fitbit_steps_total", steps))
    said = page.described["coverage-0"]
    assert "27 of 30 days have data." in said
    assert "None at all on Wed 3 Jun 2026 to Thu 4 Jun 2026, Tue 9 Jun 2026." in said
    assert "Nothing in this period of: Heart rate, Active zone minutes, Sleep" in said
    (cells,) = page.traces("Days with data")
    assert [cells["z"][0][day - 1] for day in (2, 3, 4, 5, 9)] == [1, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        (date(2026, 3, 29), "2026-03-28T22:30:00+00:00", "07:30"),
        (date(2026, 10, 25), "2026-10-24T21:30:00+00:00", "05:30"),
        (date(2026, 6, 2), "2026-06-01T21:30:00+00:00", "06:30"),
    ],
)
def test_nights_are_on_the_clock_and_as_long_as_they_were(day: date, start: str, end: str) -> None:
    """From 23:30 or so, for seven hours."""
    instant = datetime.fromisoformat(start).timestamp()
    page = page_of(
        daily("fitbit_sleep_start_timestamp", {day: instant}),
        daily("fitbit_sleep_end_timestamp", {day: instant + 3600 * 7}),
        days=DayRange(day, day),
    )
    (bar,) = page.traces("Nights on the clock")
    assert bar["customdata"][0][:2] == ["23:30", end]
    assert bar["customdata"][0][2].replace("\N{NO-BREAK SPACE}", " ") == "7 h 00 min"
    assert (bar["base"][0], bar["base"][0] + bar["y"][0]) == (-0.5, int(end[:2]) + 0.5)
    assert page.row(f"{day:%a} {day.day} {day:%b %Y}")[1:] == ["23:30", end]


def test_a_start_without_an_end_is_no_night() -> None:
    first, second = date(2026, 6, 1), date(2026, 6, 2)
    page = page_of(
        daily("fitbit_sleep_start_timestamp", {first: day_start(first, BERLIN).timestamp()}),
        daily("fitbit_sleep_end_timestamp", {second: day_start(second, BERLIN).timestamp()}),
        daily("fitbit_sleep_awakenings", {first: 2.0}),
    )
    assert page.titles == ["Awakenings", "Days with data"]
