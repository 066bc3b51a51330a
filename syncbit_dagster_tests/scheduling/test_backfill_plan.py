"""Which days to fetch next: properties of the pieces, and of what is not asked for again."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.scheduling.backfill_plan import (
    FIRST_DAYS,
    MOST_DAYS,
    Attempt,
    Gap,
    affordable,
    askable,
    gaps,
    stretches,
)

FIRST = date(2011, 12, 1)
ASSETS = ("sleep", "body", "heart_rate")


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def days(*numbers: int) -> set[date]:
    return {day(number) for number in numbers}


def ranges(most: int = 5_000) -> st.SearchStrategy[DayRange]:
    ends = st.tuples(st.integers(0, most), st.integers(0, most)).map(sorted)
    return ends.map(lambda pair: DayRange(day(pair[0]), day(pair[1])))


some_days = st.sets(st.integers(0, 40).map(day))
missing_days = st.dictionaries(st.sampled_from(ASSETS), some_days)
some_gaps = st.lists(
    st.builds(
        Gap,
        st.sets(st.sampled_from(ASSETS), min_size=1).map(lambda names: tuple(sorted(names))),
        ranges(40),
    ),
    max_size=4,
)
attempts = st.lists(
    st.builds(Attempt, some_gaps.filter(len).map(lambda found: found[0]), st.booleans()), max_size=4
)
everything = {asset: days(*range(41)) for asset in ASSETS}


@given(some_days)
def test_stretches_are_the_days_newest_first(found: set[date]) -> None:
    result = stretches(found)
    assert [one for stretch in result for one in stretch] == [
        one for stretch in result for one in sorted(found & set(stretch))
    ]
    assert {one for stretch in result for one in stretch} == found
    for newer, older in pairwise(result):
        assert older.last < newer.first - ONE_DAY  # there is a day between them


@given(missing_days)
def test_gaps_hold_every_missing_day_of_every_asset_once(missing: dict[str, set[date]]) -> None:
    found = gaps(missing)
    told = sorted((asset, one) for gap in found for asset in gap.assets for one in gap.days)
    assert told == sorted((asset, one) for asset, several in missing.items() for one in several)
    assert [gap.days.last for gap in found] == sorted(
        (gap.days.last for gap in found), reverse=True
    )


@given(some_days)
def test_assets_that_miss_the_same_days_share_their_gaps(found: set[date]) -> None:
    shared = gaps({"sleep": found, "body": set(found)})
    assert {gap.assets for gap in shared} <= {("sleep", "body")}


@st.composite
def costs(draw: st.DrawFn) -> tuple[int, int]:
    """Requests of every piece, and the days that one request covers beyond it."""
    return draw(st.integers(0, 20)), draw(st.sampled_from([1, 14, 30, 90, 1095]))


@given(ranges(), costs(), st.integers(-5, 2_000), st.integers(0, 400))
def test_pieces_tile_the_newest_part_of_a_gap_within_the_budget(
    whole: DayRange, priced: tuple[int, int], budget: int, age: int
) -> None:
    at_least, cap = priced
    newest = whole.last + timedelta(days=age)

    def cost(gap: Gap) -> int:
        return at_least + -(-len(gap.days) // cap)

    pieces = list(affordable(Gap(("sleep",), whole), cost, budget, newest=newest))
    assert sum(map(cost, pieces)) <= max(budget, 0)
    expected = whole.last
    for piece in pieces:
        assert piece.assets == ("sleep",)
        assert piece.days.last == expected
        expected = piece.days.first - ONE_DAY
        is_recent = newest - piece.days.last < timedelta(days=FIRST_DAYS)
        assert 1 <= len(piece.days) <= (FIRST_DAYS if is_recent else MOST_DAYS)
    if expected >= whole.first:  # it stopped before the gap's end: not one day more is affordable
        next_day = Gap(("sleep",), DayRange(expected, expected))
        assert cost(next_day) > budget - sum(map(cost, pieces))
    else:
        assert expected == whole.first - ONE_DAY


@given(ranges(), st.integers(0, 400))
def test_with_enough_budget_pieces_are_as_long_as_they_may_be(whole: DayRange, age: int) -> None:
    newest = whole.last + timedelta(days=age)
    pieces = list(
        affordable(Gap(("body",), whole), lambda gap: len(gap.days), 10**6, newest=newest)
    )
    assert {one for piece in pieces for one in piece.days} == set(whole)
    for piece in pieces[:-1]:
        is_recent = newest - piece.days.last < timedelta(days=FIRST_DAYS)
        assert len(piece.days) == (FIRST_DAYS if is_recent else MOST_DAYS)


@given(missing_days, some_gaps, attempts)
def test_only_what_is_missing_is_askable_and_nothing_that_is_under_way(
    missing: dict[str, set[date]], under_way: list[Gap], tried: list[Attempt]
) -> None:
    whole = {asset: missing.get(asset, set()) for asset in ASSETS}
    before = {asset: set(several) for asset, several in whole.items()}
    rest = askable(whole, under_way, tried)
    assert whole == before
    assert rest.keys() == whole.keys()
    for asset, several in rest.items():
        assert several <= whole[asset]
        busy = {one for gap in under_way if asset in gap.assets for one in gap.days}
        assert not several & busy
        if not any(asset in attempt.gap.assets for attempt in tried):
            assert several == whole[asset] - busy


def test_days_that_failed_wait_and_older_ones_do_not() -> None:
    failed = Attempt(Gap(("sleep", "body"), DayRange(day(30), day(40))), has_failed=True)
    missing = everything | {"body": days(*range(30))}  # the run's other asset was stored
    rest = askable(missing, [], [failed])
    assert rest["sleep"] == days(*range(30))
    assert rest["body"] == days(*range(30))
    assert rest["heart_rate"] == everything["heart_rate"]


def test_the_rest_of_a_range_that_has_brought_some_days_does_not_wait() -> None:
    broke_midway = Attempt(Gap(("sleep",), DayRange(day(30), day(40))), has_failed=True)
    missing = everything | {"sleep": days(*range(36))}
    assert askable(missing, [], [broke_midway])["sleep"] == days(*range(36))
    in_vain = Attempt(Gap(("sleep",), DayRange(day(30), day(35))), has_failed=True)
    assert askable(missing, [], [broke_midway, in_vain])["sleep"] == days(*range(30))


def test_an_asset_that_nobody_may_read_waits_as_a_whole() -> None:
    nothing_came = Attempt(Gap(("sleep", "body"), DayRange(day(30), day(40))), has_failed=False)
    rest = askable(everything | {"body": days(*range(30))}, [], [nothing_came])
    assert rest["sleep"] == set()
    assert rest["body"] == days(*range(30))
