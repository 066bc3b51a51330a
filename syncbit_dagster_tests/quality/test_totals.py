"""Intervals against totals: what is told and what is not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.catalog import ASSETS, METRICS, metrics_of
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.quality import metrics_read
from syncbit_dagster.quality.totals import TOLERANCE, TOTALS, sum_matches_total
from syncbit_dagster_tests.quality.builders import BERLIN, daily, evidence, grid, series

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.quality import Outcome

DAYS = DayRange(date(2025, 10, 25), date(2025, 10, 27))  # one of 25 hours in the middle
MIDDLE = date(2025, 10, 26)
LEAST = TOTALS["fitbit_steps_intraday"].least


def judged(sums: dict[date, float], totals: dict[date, float], today: date) -> Outcome:
    """Steps of two intervals a day, the first and the last one, against the totals."""
    times, values = [], []
    for day, total in sums.items():
        full = grid(DayRange(day, day), BERLIN, 900)
        times += [full[0], full[-1]]
        values += [1.0, total - 1.0]
    return sum_matches_total(
        evidence(
            "intraday_steps",
            DAYS,
            [
                series("fitbit_steps_intraday", times, values),
                daily("fitbit_steps_total", totals),
            ],
            today=today,
            interval_seconds=900,
        )
    )


def compared(found: float, total: float) -> Outcome:
    return judged({MIDDLE: found}, {MIDDLE: total}, today=DAYS.last)


@given(total=st.integers(0, 100_000), difference=st.integers(-5_000, 5_000))
def test_only_what_exceeds_both_tolerances_is_told(total: int, difference: int) -> None:
    outcome = compared(total + difference, total)
    is_wrong = abs(difference) > LEAST and abs(difference) > TOLERANCE * total
    assert outcome.checked == 1
    assert outcome.days == ([MIDDLE] if is_wrong else [])


def test_a_finding_says_both_numbers_and_what_is_allowed() -> None:
    (finding,) = compared(12_000, 10_000).findings
    assert finding.found == "12,000 steps in the intervals"
    assert finding.expected == "10,000 ± 200 steps (fitbit_steps_total)"


def test_the_worst_day_comes_first() -> None:
    outcome = judged(
        {day: 10_000 + extra for day, extra in zip(DAYS, (300, 5_000, 900), strict=True)},
        dict.fromkeys(DAYS, 10_000.0),
        today=DAYS.last + timedelta(days=1),
    )
    assert [one.days.first.day for one in outcome.worst_first] == [26, 27, 25]


@pytest.mark.parametrize(
    ("sums", "totals"),
    [({MIDDLE: 500.0}, {DAYS.first: 9.0}), ({DAYS.last: 7.0}, {DAYS.last: 9_000.0})],
    ids=["only one of them exists", "today is not over"],
)
def test_nothing_is_compared(sums: dict[date, float], totals: dict[date, float]) -> None:
    outcome = judged(sums, totals, today=DAYS.last)
    assert (outcome.checked, outcome.findings) == (0, ())


def test_every_intraday_sum_has_its_total_in_the_same_unit() -> None:
    units = {metric.name: metric.unit for metric in METRICS}
    summed = {
        metric.name
        for asset in ASSETS
        if asset.is_intraday and asset.name != "intraday_heart_rate"
        for metric in metrics_of(asset.name)
    }
    assert set(TOTALS) == summed
    for name, total in TOTALS.items():
        assert units[name] == units[total.metric]


def test_what_is_read_is_the_asset_s_own_and_its_total() -> None:
    read = {asset.name: metrics_read(asset) for asset in ASSETS}
    assert read["intraday_steps"] == ("fitbit_steps_intraday", "fitbit_steps_total")
    assert read["intraday_heart_rate"] == ("fitbit_heart_rate_intraday",)
    assert read["skin_temperature"] == ("fitbit_temp_skin_relative_celsius",)


@pytest.mark.recordings
def test_real_days(recordings: Path) -> None:
    """33 people's days: the tolerance tells the days that are really off, and them alone."""
    folder = recordings / "data" / "fitabase_2016"
    totals = pd.read_csv(folder / "dailyActivity_merged.csv")
    hours = pd.read_csv(folder / "minuteStepsWide_merged.csv.gz")
    format_ = "%m/%d/%Y %I:%M:%S %p"
    hours["day"] = pd.to_datetime(hours["ActivityHour"], format=format_).dt.date
    minutes = [name for name in hours.columns if name.startswith("Steps")]
    hours["steps"] = hours[minutes].sum(axis=1)
    found = hours.groupby(["Id", "day"]).agg(steps=("steps", "sum"), hours=("steps", "size"))
    totals["day"] = pd.to_datetime(totals["ActivityDate"], format="%m/%d/%Y").dt.date
    both = totals.set_index(["Id", "day"])[["TotalSteps"]].join(found, how="inner")
    whole = both[both["hours"] == 24]
    told = differing = 0
    for _, person in whole.groupby("Id"):
        days = [key[1] for key in person.index]
        sums, expected = person["steps"].astype(float), person["TotalSteps"].astype(float)
        outcome = sum_matches_total(
            evidence(
                "intraday_steps",
                DayRange(min(days), max(days)),
                [
                    daily("fitbit_steps_intraday", dict(zip(days, sums, strict=True))),
                    daily("fitbit_steps_total", dict(zip(days, expected, strict=True))),
                ],
            )
        )
        assert outcome.checked == len(days)
        told += len(outcome.findings)
        differing += int((sums != expected).sum())
    assert (len(whole), differing, told) == (887, 143, 30)
