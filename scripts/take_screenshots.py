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
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

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
    with tempfile.TemporaryDirectory() as directory:
        demo = subprocess.Popen(
            [sys.executable, "-m", "syncbit_dagster.cli.main", "demo", "--port", str(PORT)],
            cwd=directory,
        )
        try:
            wait_for_the_ui(demo)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                take_pictures(browser.new_page(viewport={"width": 1440, "height": 560}))
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


if __name__ == "__main__":
    main()
