"""Say how many requests and how much time a backfill will take, before it runs."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from syncbit_dagster.civil import DayRange
from syncbit_dagster.cli.table import print_table
from syncbit_dagster.config import load_settings
from syncbit_dagster.errors import ConfigError
from syncbit_dagster.opening import offered_assets, open_source

if TYPE_CHECKING:
    import argparse

HELP = "requests and minutes of a backfill"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
    parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True)
    parser.add_argument("--select", help="assets, separated by commas; default: the daily ones")


def run(arguments: argparse.Namespace) -> int:
    settings = load_settings()
    if arguments.last < arguments.first:
        raise ConfigError(f"--to {arguments.last} is before --from {arguments.first}; swap them.")
    days = DayRange(arguments.first, arguments.last)
    offered = {asset.name: asset for asset in offered_assets(settings)}
    names = (
        [name.strip() for name in arguments.select.split(",")]
        if arguments.select
        else [name for name, asset in offered.items() if asset.group == "daily"]
    )
    for name in names:
        if name not in offered:
            raise ConfigError(f"There is no asset {name!r}; there are {', '.join(offered)}.")
    source = open_source(settings)
    rows = [(name, source.plan(offered[name], days)) for name in names]
    source.close()
    total = sum(requests for _, requests in rows)
    print_table(("asset", "requests"), [*rows, ("all", total)])
    quota = settings.account.quota
    # The budget is granted at once and then again a window later.
    minutes = max(0, -(-total // quota.requests) - 1) * quota.seconds / 60
    print(f"{len(days)} days. At {quota} the budget alone takes {minutes:.0f} minutes.")
    return 0
