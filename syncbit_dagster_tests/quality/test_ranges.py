"""Plausible values: every metric has a range, and its ends belong to it."""

from __future__ import annotations

from datetime import date
from math import nextafter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.catalog import METRICS, asset_named, metrics_of
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.quality.ranges import RANGES, physiological_ranges, plausible
from syncbit_dagster_tests.quality.builders import BERLIN, daily, evidence, grid, one_day, series

DAYS = one_day("2025-10-26")  # clocks go back: 02:30 comes twice
HEART = "fitbit_heart_rate_intraday"
ASSET_OF = {metric.name: metric.asset for metric in METRICS}


def test_every_metric_of_the_catalogue_has_a_range() -> None:
    assert set(RANGES) == {metric.name for metric in METRICS}
    assert all(one.low < one.high for one in RANGES.values())


def test_only_values_of_intervals_are_given_for_a_minute() -> None:
    per_minute = {name for name, one in RANGES.items() if one.per_minute}
    assert all(asset_named(ASSET_OF[name]).is_intraday for name in per_minute)
    assert plausible("fitbit_steps_intraday", 900) == (0, 15 * 400)
    assert plausible(HEART, 900) == plausible(HEART, 1) == (20, 250)


@pytest.mark.parametrize("metric", RANGES)
def test_the_ends_of_a_range_belong_to_it(metric: str) -> None:
    low, high = plausible(metric, 60)
    times = grid(DAYS, BERLIN, 60)[:4]
    values = [low, high, nextafter(low, -1e12), nextafter(high, 1e12)]
    found = [
        len(
            physiological_ranges(
                evidence(ASSET_OF[metric], DAYS, [series(metric, [time], [value])])
            ).findings
        )
        for time, value in zip(times, values, strict=True)
    ]
    assert found == [0, 0, 1, 1]


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=200),
    st.sampled_from([date(2025, 10, 25), date(2025, 10, 26)]),
)
def test_a_day_has_one_finding_with_its_worst_value(values: list[int], first: date) -> None:
    days = DayRange(first, date(2025, 10, 28))
    times = grid(days, BERLIN, 1200)[: len(values)]
    wrong = [value for value in values if not 20 <= value <= 250]
    outcome = physiological_ranges(
        evidence("intraday_heart_rate", days, [series(HEART, times, [float(v) for v in values])])
    )
    assert outcome.checked == len(values)
    assert bool(outcome.findings) == bool(wrong)
    assert len(outcome.findings) == len(outcome.days)
    if wrong:
        worst = max(max(20 - value, value - 250) for value in wrong)
        assert outcome.worst_first[0].excess == pytest.approx(worst / 230)


def test_a_finding_names_value_range_and_time() -> None:
    half_past_two = grid(DAYS, BERLIN, 60)[150:211:60]  # twice, an hour apart
    samples = [series(HEART, half_past_two, [260.0, 300.0])]
    (finding,) = physiological_ranges(evidence("intraday_heart_rate", DAYS, samples)).findings
    assert finding.subject == HEART
    assert finding.found == "2 samples, the worst 300 bpm at 02:30:00+01:00"
    assert finding.expected == "20 to 250 bpm"


def test_series_of_one_metric_are_told_apart_by_their_own_labels() -> None:
    day = DAYS.first
    samples = [
        daily("fitbit_sleep_stage_minutes", {day: 90.0}, stage="rem"),
        daily("fitbit_sleep_stage_minutes", {day: -1.0}, stage="deep"),
    ]
    (finding,) = physiological_ranges(evidence("sleep", DAYS, samples)).findings
    assert finding.subject == "fitbit_sleep_stage_minutes deep"
    assert finding.found == "-1 min"


def test_a_time_in_milliseconds_is_no_time_in_seconds() -> None:
    (start,) = (m.name for m in metrics_of("sleep") if m.name == "fitbit_sleep_start_timestamp")
    right, wrong = 1_761_436_800.0, 1_761_436_800_000.0
    for value, findings in ((right, 0), (wrong, 1)):
        outcome = physiological_ranges(evidence("sleep", DAYS, [daily(start, {DAYS.first: value})]))
        assert len(outcome.findings) == findings
