"""Take the README's pictures: the demo in a headless Chromium, nothing drawn by hand.

Needs Debian's chromium, and playwright (`make screenshots` installs it). The pictures land in
docs/images.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.cli.emulator import synthetic_person
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.civil import DayRange, civil_day
from syncbit_dagster.core.samples import to_series
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.factories import offered_assets, open_source, open_store
from syncbit_dagster.report import make_report, write_report
from syncbit_dagster.report.key_figures import period_before
from syncbit_dagster.stores.base import Slice

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PORT = 3987
URL = f"http://127.0.0.1:{PORT}"
START_SECONDS = 180
SETTLE_MILLISECONDS = 4_000  # graphs lay themselves out, images load
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> None:
    """Start the demo, take the pictures, stop the demo."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is not installed: apt-get install chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        demo = subprocess.Popen(
            [sys.executable, "-m", "syncbit_dagster.cli.main", "demo", "--port", str(PORT)],
            cwd=directory,
        )
        try:
            wait_for_the_ui(demo)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                take_pictures(browser.new_page(viewport={"width": 1440, "height": 560}))
                take_report_pictures(browser, make_report_file(Path(directory)))
                browser.close()
        finally:
            demo.terminate()
            demo.wait(30)


def wait_for_the_ui(demo: subprocess.Popen[bytes]) -> None:
    """Return when the webserver answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and demo.poll() is None:
        try:
            urllib.request.urlopen(f"{URL}/server_info", timeout=5)  # noqa: S310 - our own server
        except (urllib.error.URLError, ConnectionError):
            time.sleep(1)
        else:
            return
    sys.exit("The demo's UI did not start.")


PICTURES = {
    "asset-graph": (
        "/locations/syncbit_dagster.definitions/asset-groups/daily/lineage",
        "heart_rate",
    ),
    "heart-rate-partition": ("/assets/intraday_heart_rate?view=events", "plot"),
    "partitions": ("/assets/activity_summary?view=partitions", "Missing"),
}


def take_pictures(page: Page) -> None:
    """The asset graph, one asset's newest partition with its plot, its partitions."""
    for name, (path, text) in PICTURES.items():
        # The UI keeps a connection open, so its pages never finish loading.
        page.goto(URL + path, wait_until="domcontentloaded")
        page.get_by_text(text).first.wait_for()
        page.wait_for_timeout(SETTLE_MILLISECONDS)
        page.screenshot(path=IMAGES / f"{name}.png")


# Name: preferred colours, width and height, and whether it is a phone.
REPORT_PICTURES = {
    "report-light": ("light", 1400, 1500, False),
    "report-dark": ("dark", 1400, 1500, False),
    "report-phone": ("light", 390, 1500, True),
}
REPORT_DAYS = 30


def make_report_file(directory: Path) -> Path:
    """A report of the demo person's last days, with all assets."""
    now = datetime.now(UTC)
    person = synthetic_person(now.date())
    last = civil_day(now, person.zone) - timedelta(days=1)
    days = DayRange(last - timedelta(days=REPORT_DAYS - 1), last)
    fetched = DayRange(period_before(days).first, last)  # what the key figures are compared with
    with running_emulator(person) as emulator:
        settings = load_settings(
            {
                "SYNCBIT_PROVIDER": "demo",
                "DATA_DIR": str(directory / "report"),
                "FITBIT_USER_ID": "demo",
                "SYNCBIT_TIMEZONE": person.zone.key,
                "GOOGLE_HEALTH_URL": emulator.url,
                "GOOGLE_TOKEN_URL": f"{emulator.url}/token",
            }
        )
        account = settings.account
        account.tokens.save(Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0))
        with closing(open_source(settings)) as source, closing(open_store(settings)) as store:
            for asset in offered_assets(settings):
                names = tuple(dict.fromkeys(row.name for row in metrics_of(asset.name)))
                for batch in source.fetch(asset, fetched) if asset.is_partitioned else ():
                    start, end = batch.days.start(account.zone), batch.days.end(account.zone)
                    target = Slice(names, account.labels, start, end)
                    store.replace(target, to_series(batch.samples))
            report = make_report(store, account.labels, account.zone, days, now)
    file = directory / "report.html"
    write_report(report, file)
    return file


def take_report_pictures(browser: Browser, file: Path) -> None:
    """The top of the report: wide in light and dark, and on a phone."""
    for name, (colours, width, height, is_phone) in REPORT_PICTURES.items():
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=colours,
            is_mobile=is_phone,
            has_touch=is_phone,
            device_scale_factor=2 if is_phone else 1,
        )
        page = context.new_page()
        page.goto(file.as_uri())
        page.locator("html[data-drawn]").wait_for(timeout=START_SECONDS * 1_000)
        page.screenshot(path=IMAGES / f"{name}.png")
        context.close()


if __name__ == "__main__":
    main()
