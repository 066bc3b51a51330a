"""Run the emulator of the provider's API as a program: a synthetic person, or a real export."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syncbit_dagster.config import DEMO_URL, load_settings
from syncbit_dagster.core.civil import ONE_DAY
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.emulator.odd import load_case
from syncbit_dagster.emulator.server import serve_forever
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.emulator.takeout import TakeoutPerson

if TYPE_CHECKING:
    import argparse

    from syncbit_dagster.emulator.person import Person

HELP = "the provider's API as a program on this machine"
DEMO_ZONE = ZoneInfo("Europe/Berlin")
DEMO_YEARS = 3
DEMO_SEED = 1
ODD_DAYS_AGO = 10

_PROVIDERS = ("google_health", "fitbit_web")
"""Both are served on one address; their paths do not meet."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--provider", choices=_PROVIDERS, default=_PROVIDERS[0])
    parser.add_argument(
        "--takeout", type=Path, metavar="DIR", help="serve this Google Takeout export"
    )
    parser.add_argument(
        "--odd",
        metavar="NAME",
        help=f"answer oddly, as the case of this name does {ODD_DAYS_AGO} days ago",
    )
    parser.add_argument(
        "--port", type=int, default=int(DEMO_URL.rsplit(":", 1)[1]), help="0 for a free one"
    )


def run(arguments: argparse.Namespace) -> int:
    def say_ready(url: str) -> None:
        print(f"The emulator serves {arguments.provider} on {url}", flush=True)

    today = datetime.now(UTC).date()
    odd = load_case(arguments.odd, today - ODD_DAYS_AGO * ONE_DAY) if arguments.odd else None
    if odd:
        print(f"On {odd.day}: {odd.content['about']}", flush=True)
    serve_forever(_person(arguments.takeout), arguments.port, say_ready, odd=odd)
    return 0


def synthetic_person(today: date) -> SyntheticPerson:
    """The person of the demo: some years of data until today."""
    first_day = today.replace(month=1, day=1) - timedelta(days=365 * (DEMO_YEARS - 1))
    return SyntheticPerson(zone=DEMO_ZONE, first_day=first_day, seed=DEMO_SEED)


def _person(takeout: Path | None) -> Person:
    if takeout is None:
        return synthetic_person(date.today())  # noqa: DTZ011 - any day of this year does
    account = load_settings().account
    if account.zone_is_assumed:
        raise ConfigError(
            "An export does not say its time zone; set SYNCBIT_TIMEZONE to the zone that the "
            "account had, such as America/Chicago."
        )
    return TakeoutPerson(takeout, account.zone)
