"""Figures of many accounts: what grows in proportion does, and every cost says where it is from."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from benchmarks.scale.figures import (
    AS_IT_IS,
    NOTHING_GOES,
    TIDY,
    account_bytes,
    limits,
    of_an_account,
    table,
)
from benchmarks.scale.run import SIZES, report, spoken
from benchmarks.scale.unit_costs import UNIT_COSTS, UnitCost


def test_linear_costs_are_linear() -> None:
    rows = {(row.name, row.unit): row.values for row in table([1000, 4000])}
    linear = [*of_an_account(), ("runs a day", "")]
    assert len(linear) > 10
    for name in linear:
        small, large = rows[name]
        assert large == pytest.approx(4 * small), name


def test_an_account_costs_less_in_company() -> None:
    costs = {row.name: row.values for row in table([1, 1000, 100_000])}["  an account"]
    assert costs[0] > costs[1] >= costs[2] > 0


@pytest.mark.parametrize(("name", "one"), UNIT_COSTS.items(), ids=UNIT_COSTS)
def test_every_cost_says_where_it_is_from(name: str, one: UnitCost) -> None:
    assert one.value > 0, name
    kind, _, rest = one.source.partition(" ")
    assert kind in {"python", "provider:", "assumption:"}
    if kind == "python":
        assert importlib.util.find_spec(rest.split()[1]) is not None


def test_the_page_holds_what_is_printed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scale.md").read_text().splitlines()
    assert [line for line in report(SIZES) if line not in page] == []


def test_forgetting_more_leaves_less() -> None:
    assert account_bytes(TIDY) < account_bytes(AS_IT_IS) / 5
    assert account_bytes(AS_IT_IS) < account_bytes(NOTHING_GOES)


def test_limits_are_named_in_their_order() -> None:
    found = limits()
    sizes = [size for _, size in found]
    assert sizes == sorted(sizes)
    assert len({name for name, _ in found}) == len(found)


@pytest.mark.parametrize(
    ("value", "words"),
    [(float("inf"), "never ends"), (1234567, "1,200,000"), (0.123, "0.12"), (30, "30"), (0, "0")],
)
def test_how_figures_are_spoken(value: float, words: str) -> None:
    assert spoken(value) == words
