"""How an outcome is said."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.quality import CHECKS, Finding, Outcome, checks_of
from syncbit_dagster.quality.outcome import MOST_ROWS, merged, ranges_text, sentence, table
from syncbit_dagster_tests.quality.builders import one_day

DAYS = DayRange(date(2026, 1, 1), date(2026, 3, 31))


def finding(day: str, excess: float) -> Finding:
    return Finding(one_day(day), "weight", "3,000 kg", "2 to 650 kg", excess)


def test_sentences() -> None:
    said = [
        sentence(outcome, "days", DAYS, "Step off.")
        for outcome in (
            Outcome(0),
            Outcome(1),
            Outcome(1_234),
            Outcome(90, (finding("2026-01-02", 1), finding("2026-02-03", 7))),
        )
    ]
    assert said == [
        "2026-01-01..2026-03-31: there are no days to check.",
        "2026-01-01..2026-03-31: 1 day checked, nothing is wrong.",
        "2026-01-01..2026-03-31: 1,234 days checked, nothing is wrong.",
        (
            "2026-01-01..2026-03-31: 90 days checked, 2 days not right. The worst: 2026-02-03, "
            "weight: 3,000 kg; expected: 2 to 650 kg. Step off."
        ),
    ]


def test_a_table_has_the_worst_first_and_an_end() -> None:
    many = [
        Finding(DayRange(day, day), "weight", "x", "y", float(day.day))
        for day in DayRange(date(2026, 1, 1), date(2026, 1, 31))
    ]
    lines = table(Outcome(31, tuple(many))).splitlines()
    assert lines[:3] == [
        "| days | what | found | expected |",
        "|---|---|---|---|",
        "| 2026-01-31 | weight | x | y |",
    ]
    assert len([line for line in lines if line.startswith("| 2026")]) == MOST_ROWS
    assert lines[-1] == f"{31 - MOST_ROWS} more"
    assert table(Outcome(31)) == ""


def test_outcomes_of_pieces_are_one() -> None:
    first = Outcome(3, (finding("2026-01-02", 1),), {"missing": "none"})
    second = Outcome(4, (finding("2026-01-09", 1),))
    both = merged([first, second])
    assert (both.checked, both.facts) == (7, {"missing": "none"})
    assert both.days == [date(2026, 1, 2), date(2026, 1, 9)]


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
        assert following.first - one.last > timedelta(days=1)


def test_which_asset_has_which_checks() -> None:
    has = {asset.name: {check.name for check in checks_of(asset, 300)} for asset in ASSETS}
    summed = {"minutes_in_day", "sum_matches_total"}
    partitioned = {"physiological_ranges", "gaps", "read_back"}
    for asset in ASSETS:
        own = set() if asset.name != "sleep" else {"stages_match_sleep"}
        if asset.is_intraday:
            own = {"minutes_in_day"} if asset.name == "intraday_heart_rate" else summed
        both = partitioned if asset.is_partitioned else {"physiological_ranges"}
        assert has[asset.name] == own | both, asset.name
    (heart,) = (asset for asset in ASSETS if asset.name == "intraday_heart_rate")
    assert {check.name for check in checks_of(heart, 1)} == partitioned


def test_rows_of_the_table() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS) == 6
    for check in CHECKS:
        assert check.description.endswith(".")
        assert check.description.count(".") == 1
        assert check.remedy.endswith(".")
    errors = {check.name for check in CHECKS if check.severity == "ERROR"}
    assert errors == {"minutes_in_day", "read_back"}
