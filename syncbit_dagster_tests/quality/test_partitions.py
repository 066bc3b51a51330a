"""Days that are missing, days that are empty, and days that the store holds otherwise."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.quality.partitions import gaps, read_back
from syncbit_dagster_tests.quality.builders import BERLIN, daily, evidence, grid, series

TODAY = date(2026, 3, 31)
LAST_90 = DayRange(TODAY - timedelta(days=89), TODAY)


def test_missing_days_and_empty_days_are_two_things() -> None:
    recorded: dict[date, int | None] = dict.fromkeys(LAST_90, 9)
    for day in (date(2026, 1, 10), date(2026, 1, 11), date(2026, 2, 1), TODAY, TODAY - ONE_DAY):
        del recorded[day]
    recorded[date(2026, 3, 1)] = recorded[date(2026, 3, 2)] = 0
    recorded[date(2026, 3, 5)] = None  # reported by hand: nobody knows how many
    outcome = gaps(evidence("sleep", LAST_90, today=TODAY, recorded=recorded, wanted=LAST_90))
    assert outcome.checked == 90
    assert [str(one.days) for one in outcome.worst_first] == [
        "2026-01-10..2026-01-11",
        "2026-02-01",
    ]
    assert outcome.facts == {
        "days_not_materialized": 5,
        "not_materialized": "2026-01-10..2026-01-11, 2026-02-01, 2026-03-30..2026-03-31",
        "days_without_samples": 2,
        "materialized_without_samples": "2026-03-01..2026-03-02",
    }


@given(
    st.sets(st.sampled_from(list(LAST_90))),
    st.none()
    | st.integers(0, 89).map(lambda n: DayRange(LAST_90.first + timedelta(days=n), TODAY)),
)
def test_only_wanted_days_before_yesterday_are_a_fault(
    there: set[date], wanted: DayRange | None
) -> None:
    outcome = gaps(
        evidence("sleep", LAST_90, today=TODAY, recorded=dict.fromkeys(there, 1), wanted=wanted)
    )
    overdue = set(wanted or ()) - there - {TODAY, TODAY - ONE_DAY}
    assert outcome.days == sorted(overdue)
    assert outcome.facts["days_not_materialized"] == 90 - len(there)
    assert outcome.facts["materialized_without_samples"] == "none"


def test_a_day_that_never_was_is_not_missing() -> None:
    apia, days = ZoneInfo("Pacific/Apia"), DayRange(date(2011, 12, 29), date(2011, 12, 31))
    recorded: dict[date, int | None] = {days.first: 1, days.last: 1}
    outcome = gaps(evidence("sleep", days, zone=apia, recorded=recorded, wanted=days))
    assert outcome.checked == 2
    assert not outcome.findings


DAYS = DayRange(date(2025, 10, 25), date(2025, 10, 28))


@given(
    counts=st.lists(st.integers(0, 96), min_size=4, max_size=4),
    told=st.lists(st.none() | st.integers(0, 96), min_size=4, max_size=4),
)
def test_the_store_holds_what_was_told(counts: list[int], told: list[int | None]) -> None:
    times = [
        instant
        for day, count in zip(DAYS, counts, strict=True)
        for instant in grid(DayRange(day, day), BERLIN, 900)[:count]
    ]
    samples = [series("fitbit_steps_intraday", times, [1.0] * len(times))] if times else []
    # The total is read for another check and belongs to another asset.
    samples.append(daily("fitbit_steps_total", dict.fromkeys(DAYS, 96.0)))
    outcome = read_back(
        evidence("intraday_steps", DAYS, samples, recorded=dict(zip(DAYS, told, strict=True)))
    )
    assert outcome.checked == sum(one is not None for one in told)
    assert outcome.days == [
        day
        for day, count, one in zip(DAYS, counts, told, strict=True)
        if one is not None and one != count
    ]


def test_days_that_were_never_materialized_tell_nothing() -> None:
    outcome = read_back(
        evidence("sleep", DAYS, [daily("fitbit_sleep_minutes_total", {DAYS.first: 400.0})])
    )
    assert (outcome.checked, outcome.findings) == (0, ())


def test_all_series_of_the_asset_count() -> None:
    samples = [
        daily("fitbit_sleep_stage_minutes", {DAYS.first: 60.0}, stage=stage)
        for stage in ("deep", "light")
    ]
    (finding,) = read_back(
        evidence("sleep", DAYS, samples, recorded={DAYS.first: 1, DAYS.last: 0})
    ).findings
    assert (finding.found, finding.expected) == ("2 samples", "1 sample, as materialized")
