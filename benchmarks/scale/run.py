"""Many accounts on paper: a simulated day and a year's growth, for some numbers of accounts.

    python -m benchmarks.scale.run [--accounts 1 1000 100000 10000000]

Costs are rows of ``unit_costs.py``, which says what measures each; this command measures nothing,
needs no server, and prints the same figures each time.
"""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from benchmarks.scale.figures import Row, limits, table
from benchmarks.scale.unit_costs import UNIT_COSTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIZES = [1, 1000, 100_000, 10_000_000]


def main() -> None:
    """Print the limits, the table and the costs that they come from, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=SIZES)
    print("\n".join(report(parser.parse_args().accounts)))


def report(sizes: Sequence[int]) -> Iterator[str]:
    """The lines of three tables; ``docs/scale.md`` holds those of :data:`SIZES`."""
    yield from ("| what is full | at accounts |", "|---|---|")
    for name, accounts in limits():
        yield f"| {name} | {spoken(accounts)} |"
    yield ""
    yield f"| | {' | '.join(f'{size:,}' for size in sizes)} |"
    yield f"|{'---|' * (len(sizes) + 1)}"
    yield from map(line, table(sizes))
    yield ""
    yield from ("| unit cost | | | from |", "|---|---|---|---|")
    for name, one in UNIT_COSTS.items():
        yield f"| {name} | {spoken(one.value)} | {one.unit} | {said(one.source)} |"


def said(source: str) -> str:
    return f"`{source}`" if source.startswith("python") else source


def line(row: Row) -> str:
    """A row of Markdown; what is indented is a variant of what is above it."""
    unit = f", {row.unit}" if row.unit else ""
    name = row.name.replace("  ", "… ")
    return f"| {name}{unit} | {' | '.join(map(spoken, row.values))} |"


def spoken(value: float) -> str:
    """Two significant digits, or whole numbers; nothing is known better."""
    if math.isinf(value):
        return "never ends"
    if value == 0 or value >= 100 or value == int(value):
        digits = max(0, len(str(int(value))) - 2)
        return f"{round(value, -digits) if value >= 1000 else round(value):,.0f}"
    return f"{value:.2g}"


if __name__ == "__main__":
    main()
