"""Which way to hold many accounts in one deployment: what Dagster takes for each, side by side.

    python -m benchmarks.accounts.run [--accounts 1 30 1000]

Every design has 17 assets an account that do nothing, and ten years of one of them in Dagster's
records. CPU seconds are of all processes that take part; they hardly depend on what else the
machine does. Where a code location is an account, no more than 30 are started.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import TYPE_CHECKING

from benchmarks.accounts.designs import DESIGNS

if TYPE_CHECKING:
    from benchmarks.accounts.meter import Figures

AT_ONCE = 3
LONGEST_SECONDS = 1500
MOST_LOCATIONS = 30
Case = tuple[str, int]
# What a row is called, the figure, its unit.
ROWS = (
    ("load the definitions, CPU", "load_cpu", "s"),
    ("  memory of a process with them", "load_mb", "MB"),
    ("  what the server sends of them", "snapshot_mb", "MB"),
    ("start of the code server(s), CPU of all", "start_cpu", "s"),
    ("  memory of the code server(s)", "servers_mb", "MB"),
    ("  memory of a client (webserver, daemon: each)", "client_mb", "MB"),
    ("UI: jobs, sensors, groups, CPU", "ui_workspace_cpu", "s"),
    ("UI: all assets, CPU", "ui_assets_cpu", "s"),
    ("  answer", "ui_assets_mb", "MB"),
    ("UI: health of 17 assets, CPU", "ui_health_cpu", "s"),
    ("UI: partitions of one asset, first time, CPU", "ui_asset_first_cpu", "s"),
    ("  again, CPU", "ui_asset_cpu", "s"),
    ("  answer", "ui_asset_mb", "MB"),
    ("get_materialized_partitions of an asset, CPU", "materialized_cpu", "s"),
    ("  partitions", "materialized", ""),
    ("launch a backfill, 17 assets, 30 days, CPU", "ui_backfill_cpu", "s"),
    ("  daemon, until it is queued, CPU", "backfill_cpu", "s"),
    ("  runs", "backfill_runs", ""),
    ("daemon: freshness, first round, CPU", "freshness_first_cpu", "s"),
    ("  each further round, CPU", "freshness_cpu", "s"),
    ("daemon: sensors that skip, a round, CPU", "idle_round_cpu", "s"),
    ("daemon: a tick with runs for some accounts, CPU", "tick_cpu", "s"),
    ("  runs", "tick_runs", ""),
    ("a run of an account's week, CPU", "run_cpu", "s"),
)


def main() -> None:
    """Measure, a few at a time, the largest first; print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=[1, 30, 1000])
    counts = parser.parse_args().accounts
    cases = [
        (design, count)
        for count, design in product(sorted(counts, reverse=True), DESIGNS)
        if not DESIGNS[design].locations or count <= MOST_LOCATIONS
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = dict(zip(cases, pool.map(measure, cases), strict=True))
    for line in table(found):
        print(line)


def measure(case: Case) -> Figures:
    """Fresh processes: one that loads, one that serves."""
    figures = ask("load", case)
    if isinstance(figures["load_cpu"], float):
        figures |= ask("serve", case)
    print(json.dumps({"case": case, **figures}), file=sys.stderr, flush=True)
    return figures


def ask(what: str, case: Case) -> Figures:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.accounts.measure", what]
    try:
        answer = subprocess.run(
            [*command, case[0], str(case[1])],
            check=True,
            stdout=subprocess.PIPE,
            timeout=LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return {}
    figures: Figures = json.loads(answer.stdout.splitlines()[-1])
    return figures


def table(found: dict[Case, Figures]) -> list[str]:
    """Markdown: a row a figure, a column a design and number of accounts."""
    cases = sorted(found, key=lambda case: (list(DESIGNS).index(case[0]), case[1]))
    titles = [f"{DESIGNS[design].title}, {count:,}" for design, count in cases]
    lines = [
        "| | " + " | ".join(titles) + " |",
        "|---" * (len(cases) + 1) + "|",
    ]
    for title, name, unit in ROWS:
        cells = [shown(found[case].get(name), unit) for case in cases]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def shown(figure: float | str | None, unit: str) -> str:
    if figure is None:
        return "-"
    if isinstance(figure, str):
        return figure
    digits = ".3g" if abs(figure) < 1000 else ",.0f"
    return f"{figure:{digits}} {unit}".strip()


if __name__ == "__main__":
    main()
