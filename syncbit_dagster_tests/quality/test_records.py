"""Days that are missing, empty, or held otherwise by the store; and how an outcome is said."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.quality import Finding, Outcome, checks_of, metrics_read
from syncbit_dagster.quality.outcome import MOST_ROWS, merged, ranges_text, sentence, table
from syncbit_dagster.quality.partitions import gaps, read_back
from syncbit_dagster_tests.quality.builders import BERLIN, daily, evidence, grid, one_day, series

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
    # A day that never was is not missing.
    apia, days = ZoneInfo("Pacific/Apia"), DayRange(date(2011, 12, 29), date(2011, 12, 31))
    recorded = {days.first: 1, days.last: 1}
    outcome = gaps(evidence("sleep", days, zone=apia, recorded=recorded, wanted=days))
    assert (outcome.checked, outcome.findings) == (2, ())


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
    assert outcome.days == sorted(set(wanted or ()) - there - {TODAY, TODAY - ONE_DAY})
    assert outcome.facts["days_not_materialized"] == 90 - len(there)


FOUR = DayRange(date(2025, 10, 25), date(2025, 10, 28))


@given(
    counts=st.lists(st.integers(0, 96), min_size=4, max_size=4),
    told=st.lists(st.none() | st.integers(0, 96), min_size=4, max_size=4),
)
def test_the_store_holds_what_was_told(counts: list[int], told: list[int | None]) -> None:
    times = [
        instant
        for day, count in zip(FOUR, counts, strict=True)
        for instant in grid(DayRange(day, day), BERLIN, 900)[:count]
    ]
    samples = [series("fitbit_steps_intraday", times, [1.0] * len(times))] if times else []
    # The total is read for another check and belongs to another asset.
    samples.append(daily("fitbit_steps_total", dict.fromkeys(FOUR, 96.0)))
    recorded = dict(zip(FOUR, told, strict=True))
    outcome = read_back(evidence("intraday_steps", FOUR, samples, recorded=recorded))
    assert outcome.checked == sum(one is not None for one in told)
    assert outcome.days == [
        day
        for day, count, one in zip(FOUR, counts, told, strict=True)
        if one is not None and one != count
    ]


def test_all_series_of_the_asset_count_and_a_day_that_nobody_recorded_does_not() -> None:
    samples = [
        daily("fitbit_sleep_stage_minutes", {FOUR.first: 60.0}, stage=stage)
        for stage in ("deep", "light")
    ]
    assert read_back(evidence("sleep", FOUR, samples)).checked == 0
    recorded: dict[date, int | None] = {FOUR.first: 1, FOUR.last: 0}
    (finding,) = read_back(evidence("sleep", FOUR, samples, recorded=recorded)).findings
    assert (finding.found, finding.expected) == ("2 samples", "1 sample, as materialized")


def finding(day: str, excess: float) -> Finding:
    return Finding(one_day(day), "weight", "3,000 kg", "2 to 650 kg", excess)


def test_outcomes_in_sentences_and_a_table_with_the_worst_first() -> None:
    days = DayRange(date(2026, 1, 1), date(2026, 3, 31))
    parts = (
        Outcome(40, (finding("2026-01-02", 1),), {"a": 1}),
        Outcome(50, (finding("2026-02-03", 7),)),
    )
    both = merged(parts)
    assert both.facts == {"a": 1}
    assert [
        sentence(outcome, "days", days, "Step off.")
        for outcome in (Outcome(0), Outcome(1), Outcome(1_234), both)
    ] == [
        "2026-01-01..2026-03-31: there are no days to check.",
        "2026-01-01..2026-03-31: 1 day checked, nothing is wrong.",
        "2026-01-01..2026-03-31: 1,234 days checked, nothing is wrong.",
        (
            "2026-01-01..2026-03-31: 90 days checked, 2 days not right. The worst: 2026-02-03, "
            "weight: 3,000 kg; expected: 2 to 650 kg. Step off."
        ),
    ]
    many = [finding(f"2026-01-{day:02}", float(day)) for day in range(1, 32)]
    lines = table(Outcome(31, tuple(many))).splitlines()
    assert lines[2] == "| 2026-01-31 | weight | 3,000 kg | 2 to 650 kg |"
    assert len([line for line in lines if line.startswith("| 2026")]) == MOST_ROWS
    assert lines[-1] == f"{31 - MOST_ROWS} more"
    assert table(Outcome(31)) == ""


@given(st.sets(st.integers(0, 60)))
def test_ranges_of_days_are_short_and_say_every_day(numbers: set[int]) -> None:
    days = {date(2026, 1, 1) + timedelta(days=number) for number in numbers}
    text = ranges_text(days)
    parts = [] if text == "none" else text.split(", ")
    ranges = [
        DayRange(date.fromisoformat(part[:10]), date.fromisoformat(part[-10:])) for part in parts
    ]
    assert [day for one in ranges for day in one] == sorted(days)
    for one, following in pairwise(ranges):
        assert following.first - one.last > ONE_DAY


def test_which_asset_has_which_checks_and_reads_what_they_need() -> None:
    summed = {"minutes_in_day", "sum_matches_total"}
    partitioned = {"physiological_ranges", "gaps", "read_back"}
    for asset in ASSETS:
        own = set() if asset.name != "sleep" else {"stages_match_sleep"}
        if asset.is_intraday:
            own = {"minutes_in_day"} if asset.name == "intraday_heart_rate" else summed
            # What is summed has its total beside it.
            assert len(metrics_read(asset)) == (1 if own != summed else 2)
        expected = own | (partitioned if asset.is_partitioned else {"physiological_ranges"})
        assert {check.name for check in checks_of(asset, 300)} == expected, asset.name
    (heart,) = (asset for asset in ASSETS if asset.name == "intraday_heart_rate")
    assert {check.name for check in checks_of(heart, 1)} == partitioned
