"""Make a report of some days: one HTML file with plots and numbers, for any browser, offline."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from syncbit_dagster.config import load_account
from syncbit_dagster.core.civil import DayRange, civil_day, real_clock
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.factories import open_store

if TYPE_CHECKING:
    import argparse

EARLIEST = date(2000, 1, 1)  # years before the first Fitbit
HELP = "a report of some days as one HTML file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from", dest="first", metavar="D", help="first day; default: six days before the last"
    )
    parser.add_argument("--to", dest="last", metavar="D", help="last day; default: today")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        default=Path("report.html"),
        help="default: report.html",
    )


def run(arguments: argparse.Namespace) -> int:
    # Here, because plotly takes 0.3 s to load, and the other commands draw nothing.
    from syncbit_dagster.report import make_report, write_report

    settings = load_account(arguments.account)
    account, now = settings.account, real_clock()
    days = _days(arguments.first, arguments.last, civil_day(now, account.zone))
    with closing(open_store(settings)) as store:
        report = make_report(store, account.labels, account.zone, days, now)
    write_report(report, arguments.output)
    size = len(report.html.encode()) / 1e6
    print(
        f"{arguments.output}: {report.days_with_data} of {len(days)} days have data, {size:.1f} MB."
    )
    return 0


def _days(first: str | None, last: str | None, today: date) -> DayRange:
    end = _day("--to", last) if last else today
    start = _day("--from", first) if first else end - timedelta(days=6)
    if end < start:
        raise ConfigError(f"--to {end} is before --from {start}; swap them.")
    if start < EARLIEST:
        raise ConfigError(f"--from {start} is before all Fitbits; use a day from {EARLIEST} on.")
    if end > today:
        raise ConfigError(f"--to {end} lies in the future; use a day until {today}.")
    return DayRange(start, end)


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{option} {text!r} is no day; write it as YYYY-MM-DD, such as 2026-03-31."
        ) from None
