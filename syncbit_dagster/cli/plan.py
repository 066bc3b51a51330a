"""Say how many requests and how much time a backfill will take, or how far the history is."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from syncbit_dagster.cli.table import print_table
from syncbit_dagster.config import load_account
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.factories import offered_assets, open_source

if TYPE_CHECKING:
    import argparse

    from syncbit_dagster.quota.quota import Quota

HELP = "requests and minutes of a backfill"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DAY")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DAY")
    parser.add_argument("--select", help="assets, separated by commas; default: all but intraday")
    parser.add_argument(
        "--watch",
        action="store_true",
        help="instead of a range, say how far the history is, until every day is there",
    )


def run(arguments: argparse.Namespace) -> int:
    settings = load_account(arguments.account)
    if arguments.watch:
        # Here, because Dagster takes a second to load, which a plan can do without.
        from syncbit_dagster.defs.watch import open_instance, watch

        with open_instance() as instance:
            watch(settings, instance, partial(print, flush=True))
        return 0
    if arguments.first is None or arguments.last is None:
        raise ConfigError(
            "A plan needs --from DAY and --to DAY, such as --from 2025-01-01 --to 2025-12-31, or "
            "--watch."
        )
    if arguments.last < arguments.first:
        raise ConfigError(f"--to {arguments.last} is before --from {arguments.first}; swap them.")
    days = DayRange(arguments.first, arguments.last)
    offered = {asset.name: asset for asset in offered_assets(settings)}
    names = (
        [name.strip() for name in arguments.select.split(",")]
        if arguments.select
        else [name for name, asset in offered.items() if not asset.is_intraday]
    )
    for name in names:
        if name not in offered:
            raise ConfigError(f"There is no asset {name!r}; there are {', '.join(offered)}.")
    source = open_source(settings)
    planned = {name: source.plan(offered[name], days) for name in names}
    together = source.plan_together([offered[name] for name in names], days)
    covered = source.covered
    source.close()
    if settings.is_offline:
        print(f"The export covers {covered or 'no day'}; reading it sends no request.")
        return 0
    rows = [(name, one.least, one.most) for name, one in planned.items()]
    least, most = together.least, together.most
    print_table(("asset", "requests", "at most"), [*rows, ("together", least, most)])
    quota = settings.account.quota
    print(
        f"{len(days)} days. Lists may have further pages, up to the number on the right. "
        f"The budget of {quota} takes {_minutes(least, quota)} to {_minutes(most, quota)} minutes."
    )
    return 0


def _minutes(requests: int, quota: Quota) -> int:
    """The budget is granted at once, and then again a window later."""
    return max(0, -(-requests // quota.requests) - 1) * quota.seconds // 60
