"""What each check of samples tells, and what it does not."""

from __future__ import annotations

from datetime import date, timedelta
from math import nextafter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.quality.intervals import minutes_in_day
from syncbit_dagster.quality.ranges import RANGES, physiological_ranges, plausible
from syncbit_dagster.quality.sleep import stages_match_sleep
from syncbit_dagster.quality.totals import TOLERANCE, TOTALS, sum_matches_total
from syncbit_dagster_tests.quality.builders import (
    BERLIN,
    daily,
    day_ranges,
    evidence,
    grid,
    one_day,
    series,
    zones,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.quality import Outcome

STEPS, HEART = "fitbit_steps_intraday", "fitbit_heart_rate_intraday"
ASSET_OF = {metric.name: metric.asset for metric in METRICS}
FALL_BACK = one_day("2025-10-26")  # clocks go back: 02:30 comes twice
DAYS = DayRange(date(2025, 10, 25), date(2025, 10, 27))  # with that day in the middle


@given(zone=zones, days=day_ranges(), seconds=st.sampled_from([60, 300, 900]), data=st.data())
def test_samples_on_the_grid_are_right_and_one_beside_it_is_found(
    zone: ZoneInfo, days: DayRange, seconds: int, data: st.DataObject
) -> None:
    full = grid(days, zone, seconds)
    kept = sorted(data.draw(st.sets(st.sampled_from(full), max_size=30))) if full else []

    def judged(times: list[int]) -> Outcome:
        samples = [series(STEPS, times, [1.0] * len(times))] if times else []
        return minutes_in_day(
            evidence("intraday_steps", days, samples, zone=zone, interval_seconds=seconds)
        )

    assert (judged(full).checked, judged(full).findings) == (len(full), ())
    if not kept:
        return
    moved = data.draw(st.sampled_from(kept))
    shift = data.draw(st.integers(1, seconds * 1000 - 1))
    outcome = judged([t + shift if t == moved else t for t in kept])
    (finding,) = outcome.findings
    (day,) = outcome.days
    assert moved in grid(DayRange(day, day), zone, seconds)
    assert finding.found.startswith("1 sample, the first at ")
    assert f"a multiple of {seconds // 60} min" in finding.expected


def of_steps(*samples: Series, days: DayRange = DAYS) -> Outcome:
    return minutes_in_day(evidence("intraday_steps", days, samples, interval_seconds=300))


def test_samples_that_are_too_many_or_beside_are_one_finding_a_day() -> None:
    full = grid(DAYS, BERLIN, 300)
    ones = [1.0] * len(full)
    last = grid(FALL_BACK, BERLIN, 300)[-10:]
    outcome = of_steps(series(STEPS, full, ones), series(STEPS, last, ones[:10], source="another"))
    (finding,) = outcome.findings
    assert outcome.days == [FALL_BACK.first]
    assert (finding.found, finding.expected) == ("310 samples", "at most 300, one an interval")
    outcome = of_steps(series(STEPS, [t + 30_000 for t in full], ones))
    assert outcome.days == list(DAYS)
    assert outcome.findings[0].found == "288 samples, the first at 00:00:30+02:00"
    for beside in (full[0] - 300_000, full[-1] + 300_000):
        (finding,) = of_steps(series(STEPS, [beside], [1.0])).findings
        assert finding.expected == "no sample before or after the days"


def test_every_metric_of_the_catalogue_has_a_range_whose_ends_belong_to_it() -> None:
    assert set(RANGES) == {metric.name for metric in METRICS}
    time = grid(FALL_BACK, BERLIN, 60)[0]
    for metric in RANGES:
        low, high = plausible(metric, 60)
        values = [low, high, nextafter(low, -1e12), nextafter(high, 1e12)]
        findings = [
            len(physiological_ranges(evidence(ASSET_OF[metric], FALL_BACK, [one])).findings)
            for one in (series(metric, [time], [value]) for value in values)
        ]
        assert findings == [0, 0, 1, 1], metric
    assert plausible(STEPS, 900) == (0, 15 * 400)  # of as many minutes
    assert plausible(HEART, 900) == plausible(HEART, 1) == (20, 250)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=200))
def test_a_day_has_one_finding_with_its_worst_value(values: list[int]) -> None:
    times = grid(DAYS, BERLIN, 1200)[: len(values)]
    samples = [series(HEART, times, [float(value) for value in values])]
    outcome = physiological_ranges(evidence("intraday_heart_rate", DAYS, samples))
    wrong = [max(20 - value, value - 250) for value in values if not 20 <= value <= 250]
    assert outcome.checked == len(values)
    assert len(outcome.findings) == len(outcome.days)
    assert bool(outcome.findings) == bool(wrong)
    if wrong:
        assert outcome.worst_first[0].excess == pytest.approx(max(wrong) / 230)


def test_a_finding_names_value_range_time_and_label() -> None:
    half_past_two = grid(FALL_BACK, BERLIN, 60)[150:211:60]  # twice, an hour apart
    samples = [series(HEART, half_past_two, [260.0, 300.0])]
    (finding,) = physiological_ranges(evidence("intraday_heart_rate", FALL_BACK, samples)).findings
    assert finding.subject == HEART
    assert finding.found == "2 samples, the worst 300 bpm at 02:30:00+01:00"
    assert finding.expected == "20 to 250 bpm"
    samples = [
        daily("fitbit_sleep_stage_minutes", {FALL_BACK.first: 90.0}, stage="rem"),
        daily("fitbit_sleep_stage_minutes", {FALL_BACK.first: -1.0}, stage="deep"),
    ]
    (finding,) = physiological_ranges(evidence("sleep", FALL_BACK, samples)).findings
    assert (finding.subject, finding.found) == ("fitbit_sleep_stage_minutes deep", "-1 min")


def summed(sums: dict[date, float], totals: dict[date, float], today: date) -> Outcome:
    """Steps of two intervals a day, the first and the last one, against the totals."""
    times, values = [], []
    for day, total in sums.items():
        full = grid(DayRange(day, day), BERLIN, 900)
        times += [full[0], full[-1]]
        values += [1.0, total - 1.0]
    samples = [series(STEPS, times, values), daily("fitbit_steps_total", totals)]
    return sum_matches_total(
        evidence("intraday_steps", DAYS, samples, today=today, interval_seconds=900)
    )


@given(total=st.integers(0, 100_000), difference=st.integers(-5_000, 5_000))
def test_only_a_sum_that_exceeds_both_tolerances_is_told(total: int, difference: int) -> None:
    outcome = summed({FALL_BACK.first: total + difference}, {FALL_BACK.first: total}, DAYS.last)
    is_wrong = abs(difference) > max(TOTALS[STEPS].least, TOLERANCE * total)
    assert outcome.checked == 1
    assert outcome.days == ([FALL_BACK.first] if is_wrong else [])


def test_a_sum_beside_its_total_says_both_and_the_worst_day_comes_first() -> None:
    outcome = summed(
        {day: 10_000 + extra for day, extra in zip(DAYS, (300, 5_000, 900), strict=True)},
        dict.fromkeys(DAYS, 10_000.0),
        DAYS.last + timedelta(days=1),
    )
    assert [one.days.first.day for one in outcome.worst_first] == [26, 27, 25]
    assert outcome.worst_first[0].found == "15,000 steps in the intervals"
    assert outcome.worst_first[0].expected == "10,000 ± 200 steps (fitbit_steps_total)"
    for sums, totals in (
        ({DAYS.first: 500.0}, {FALL_BACK.first: 9.0}),  # only one of them exists
        ({DAYS.last: 7.0}, {DAYS.last: 9_000.0}),  # today is not over
    ):
        assert summed(sums, totals, DAYS.last).checked == 0


UP = 1_761_458_400.0  # 07:00 on the day


def night(
    *,
    asleep: float | None = 420,
    in_bed: float | None = 465,
    start: float | None = UP - 465 * 60,
    deep: float | None = 70,
    light: float | None = 260,
    rem: float | None = 90,
) -> Outcome:
    """A night with all of its numbers, or with others; None leaves one out."""
    values = {
        "minutes_total": asleep,
        "time_in_bed_minutes": in_bed,
        "start_timestamp": start,
        "end_timestamp": UP,
    }
    stages = {"deep": deep, "light": light, "rem": rem, "wake": 45.0}
    day = FALL_BACK.first
    samples = [
        *(daily(f"fitbit_sleep_{n}", {day: v}) for n, v in values.items() if v is not None),
        *(
            daily("fitbit_sleep_stage_minutes", {day: value}, stage=stage)
            for stage, value in stages.items()
            if value is not None
        ),
    ]
    return stages_match_sleep(evidence("sleep", FALL_BACK, samples))


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"light": 257},  # each number is cut to whole minutes
        {"asleep": 500},  # and a classic nap of 80 minutes, which has no stages
        {"deep": None, "light": None, "rem": None},  # a classic night
        {"deep": None, "light": 330},  # a night without deep sleep
        {"deep": None, "light": None, "asleep": 520, "rem": 90},  # a short night beside a long nap
        {"in_bed": None},
        {"start": None},
        {"asleep": None},  # the night is still being worked on
        {"start": UP - 465.5 * 60},
    ],
    ids=str,
)
def test_nights_whose_numbers_agree(numbers: dict[str, float | None]) -> None:
    assert (night(**numbers).checked, night(**numbers).findings) == (1, ())


@pytest.mark.parametrize(
    ("numbers", "subject", "found", "expected"),
    [
        ({"rem": 150}, "deep + light + rem", "480 min", "420 min asleep"),
        ({"rem": None}, "deep + light + rem", "330 min", "420 min asleep"),
        ({"in_bed": 425}, "time in bed", "425 min", "465 min from start to end"),
        ({"start": UP + 60}, "time in bed", "465 min", "-1 min from start to end"),
    ],
    ids=["too many minutes", "a stage is missing", "a bed too short", "up before to bed"],
)
def test_nights_whose_numbers_do_not_agree(
    numbers: dict[str, float | None], subject: str, found: str, expected: str
) -> None:
    (finding,) = night(**numbers).findings
    assert (finding.subject, finding.found, finding.expected) == (subject, found, expected)
    assert finding.days == FALL_BACK
