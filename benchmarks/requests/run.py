"""How many requests a window of days takes: ours as the emulator counts them, beside the floor.

    python -m benchmarks.requests.run [--quick]

The floor is arithmetic from each API's caps alone (``floors.py``). `--quick` leaves out the ten
years. Other programs' counts for a year are from their code (requests a day x 365, or their chunk
sizes), at the time they spoke an API.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from benchmarks.requests import floors
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import ASSETS, asset_named
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_REFRESH_TOKEN as FITBIT_REFRESH_TOKEN
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.emulator.server import RunningEmulator
    from syncbit_dagster.sources.base import Source

ZONE = ZoneInfo("Europe/Berlin")
LAST = date(2026, 6, 30)
# The middle of an hour: at its edges, the budget of the Web API waits some seconds for the clocks.
NOW = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
PERSON = SyntheticPerson(zone=ZONE, first_day=date(2016, 1, 1), seed=1)
UNLIMITED = 100_000

DAILY = tuple(asset.name for asset in ASSETS if asset.group == "daily")
DAILY_AND_DEVICES = (*DAILY, "devices")
BOTH = ("activity_summary", "heart_rate")
INTRADAY = (
    "intraday_steps",
    "intraday_calories",
    "intraday_distance",
    "intraday_floors",
    "intraday_heart_rate",
)
OTHERS = {
    "SyncBit daemon, Web API, by its code": "2,920 a year (8 a day)",
    "fitbit-grafana in Google mode, by its code": "4,834 a year",
}


def main() -> None:
    """Print one line a window."""
    lengths = [1, 14, 30, 365] + ([] if "--quick" in sys.argv else [3652])
    print(f"{'Google Health API':36}{'ours':>7}{'floor':>7}{'ratio':>7}{'seconds':>9}")
    for length in lengths:
        sleeps = sum(len(PERSON.sleep(day)) for day in window(length))
        floor = floors.google_daily(length, sleeps)
        report(f"{length} days, all daily + devices", "demo", length, DAILY_AND_DEVICES, floor)
    year = window(365)
    minutes = int((year.end(ZONE) - year.start(ZONE)) / timedelta(minutes=1))
    floor = floors.google_windows(minutes, len(INTRADAY))
    report("365 days, 5 x 1 minute", "demo", 365, INTRADAY, floor)

    print(f"{'Fitbit Web API':36}{'ours':>7}{'floor':>7}{'ratio':>7}{'seconds':>9}")
    floor = floors.web_summary_or_series(1)
    report("1 day, activity and heart rate", "fitbit_web", 1, BOTH, floor)
    for length in lengths:
        floor = floors.web_daily(length)
        report(f"{length} days, all daily", "fitbit_web", length, DAILY, floor)
    report("7 days, 5 x 1 minute", "fitbit_web", 7, INTRADAY, 7 * len(INTRADAY))
    for name, count in OTHERS.items():
        print(f"{name}: {count}")


def window(length: int) -> DayRange:
    return DayRange(LAST - timedelta(days=length - 1), LAST)


def report(title: str, provider: str, length: int, assets: Sequence[str], floor: int) -> None:
    """Fetch a window, and compare the emulator's count with the floor."""
    started = time.perf_counter()
    count = requests_for(provider, window(length), assets)
    took = time.perf_counter() - started
    print(f"{title:36}{count:7}{floor:7}{count / floor:7.2f}{took:9.1f}")


def requests_for(provider: str, days: DayRange, assets: Sequence[str]) -> int:
    """How many requests the emulator saw."""
    # Unlimited quota: counted are requests, not seconds. No empty first pages: the API gives them
    # now and then, they can be planned by nobody, and the floor does not know them either.
    with (
        running_emulator(
            PERSON,
            now=lambda: NOW,
            quota_per_minute=UNLIMITED,
            quota_per_hour=UNLIMITED,
            has_empty_pages=False,
        ) as emulator,
        tempfile.TemporaryDirectory() as directory,
    ):
        source = source_of(provider, emulator, Path(directory))
        for asset in map(asset_named, assets):
            if asset.is_partitioned:
                list(source.fetch(asset, days))
            else:
                source.fetch_current(asset)
        source.close()
        return len(emulator.calls) + len(emulator.fitbit_web.calls)


def source_of(provider: str, emulator: RunningEmulator, directory: Path) -> Source:
    """A source with a token of the emulator's."""
    settings = load_settings(
        {
            "SYNCBIT_PROVIDER": provider,
            "SYNCBIT_REQUESTS_PER_MINUTE": str(UNLIMITED),
            "SYNCBIT_REQUESTS_PER_HOUR": str(UNLIMITED),
            "DATA_DIR": str(directory),
            "SYNCBIT_TIMEZONE": ZONE.key,
            "BACKFILL_START_DATE": str(PERSON.first_day),
            "INTRADAY_DETAIL_LEVEL": "1min",
            "GOOGLE_HEALTH_URL": emulator.url,
            "GOOGLE_TOKEN_URL": f"{emulator.url}/token",
            "FITBIT_CLIENT_ID": "demo-client",
            "FITBIT_API_URL": emulator.url,
            "FITBIT_TOKEN_URL": f"{emulator.url}/oauth2/token",
        }
    )
    refresh = {"demo": DEMO_REFRESH_TOKEN, "fitbit_web": FITBIT_REFRESH_TOKEN}[provider]
    settings.account.tokens.save(Token(access_token="", refresh_token=refresh, expires_at=0))
    return open_source(settings)


if __name__ == "__main__":
    main()
