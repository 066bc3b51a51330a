"""How many requests a window of days takes: ours as the emulator counts them, beside the floor.

    python -m benchmarks.requests.run [--quick]

The floor is arithmetic from the API's caps alone, written here once more: a roll-up covers 90 or 14
days and 10,000 windows, a page of a daily list 5,000 points, a page of sleeps 25. `--quick` leaves
out the ten years. Other programs' counts for a year are from their code (requests a day x 365, or
their chunk sizes), at the time they spoke an API.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from math import ceil
from pathlib import Path
from zoneinfo import ZoneInfo

from syncbit_dagster.account import Token
from syncbit_dagster.catalog import ASSETS, asset_named
from syncbit_dagster.civil import DayRange
from syncbit_dagster.config import load_settings
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.opening import open_source

ZONE = ZoneInfo("Europe/Berlin")
LAST = date(2026, 6, 30)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
PERSON = SyntheticPerson(zone=ZONE, first_day=date(2016, 1, 1), seed=1)

LONG_TYPES, SHORT_TYPES, LISTS = 8, 3, 9
INTRADAY = (
    "intraday_steps",
    "intraday_calories",
    "intraday_distance",
    "intraday_floors",
    "intraday_heart_rate",
)
OTHERS = {
    "SyncBit daemon, by its code": "2,920 a year (8 a day)",
    "fitbit-grafana in Google mode, by its code": "4,834 a year",
}


def daily_floor(days: int, sleeps: int) -> int:
    """Requests for all daily assets and the devices: no smaller number can cover the window."""
    roll_ups = LONG_TYPES * ceil(days / 90) + SHORT_TYPES * ceil(days / 14)
    return roll_ups + LISTS * ceil(days / 5000) + max(1, ceil(sleeps / 25)) + 1


def intraday_floor(days: DayRange) -> int:
    """Requests for one-minute windows of five data types."""
    minutes = int((days.end(ZONE) - days.start(ZONE)) / timedelta(minutes=1))
    return len(INTRADAY) * ceil(minutes / 10_000)


def main() -> None:
    """Print one line a window."""
    windows = [1, 14, 30, 365] + ([] if "--quick" in sys.argv else [3652])
    print(f"{'window':32}{'ours':>7}{'floor':>7}{'ratio':>7}{'seconds':>9}")
    with tempfile.TemporaryDirectory() as directory:
        for days in windows:
            report(f"{days} days, all daily + devices", days, daily_names(), Path(directory))
        report("365 days, 5 x 1 minute", 365, INTRADAY, Path(directory))
    for name, count in OTHERS.items():
        print(f"{name}: {count}")


def daily_names() -> tuple[str, ...]:
    return tuple(asset.name for asset in ASSETS if not asset.is_intraday)


def report(title: str, length: int, assets: tuple[str, ...], directory: Path) -> None:
    """Fetch a window and compare the emulator's count with the floor."""
    days = DayRange(LAST - timedelta(days=length - 1), LAST)
    started = time.perf_counter()
    requests, sleeps = count(days, assets, directory)
    floor = intraday_floor(days) if assets == INTRADAY else daily_floor(length, sleeps)
    took = time.perf_counter() - started
    print(f"{title:32}{requests:7}{floor:7}{requests / floor:7.2f}{took:9.1f}")


def count(days: DayRange, assets: tuple[str, ...], directory: Path) -> tuple[int, int]:
    """The requests that the emulator saw, and the sleeps that end in the window."""
    # Unlimited quota: counted are requests, not seconds. No empty first pages: the API gives them
    # now and then, they can be planned by nobody, and the floor does not know them either.
    with running_emulator(
        PERSON, now=lambda: NOW, quota_per_minute=10**6, has_empty_pages=False
    ) as emulator:
        settings = load_settings(
            {
                "SYNCBIT_PROVIDER": "demo",
                "SYNCBIT_REQUESTS_PER_MINUTE": str(10**6),
                "DATA_DIR": str(directory),
                "SYNCBIT_TIMEZONE": ZONE.key,
                "INTRADAY_DETAIL_LEVEL": "1min",
                "GOOGLE_HEALTH_URL": emulator.url,
                "GOOGLE_TOKEN_URL": f"{emulator.url}/token",
            }
        )
        settings.account.tokens.save(
            Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
        )
        source = open_source(settings)
        for name in assets:
            asset = asset_named(name)
            if asset.is_partitioned:
                list(source.fetch(asset, days))
            else:
                source.fetch_current(asset)
        source.close()
        sleeps = sum(len(PERSON.sleep(day)) for day in days)
        return len(emulator.calls), sleeps


if __name__ == "__main__":
    main()
