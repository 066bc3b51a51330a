"""The page in a real browser that has no network: every plot is drawn, and nothing is refused."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster_tests.report.builders import JUNE, daily, every_day, figures_of, report_of

if TYPE_CHECKING:
    from pathlib import Path

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-extensions"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"),
    *("--virtual-time-budget=60000", "--dump-dom"),
)


ONE_DAY = DayRange(JUNE.first, JUNE.first)


@pytest.mark.parametrize(
    ("days", "width", "colours"),
    [(JUNE, 1400, ()), (JUNE, 1400, ("--force-dark-mode",)), (JUNE, 390, ()), (ONE_DAY, 1400, ())],
)
def test_every_plot_is_drawn_and_nothing_is_asked_for(
    tmp_path: Path, days: DayRange, width: int, colours: tuple[str, ...]
) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium: apt-get install chromium")
    series = [
        daily("fitbit_steps_total", every_day(days, 1000)),
        daily("fitbit_resting_heart_rate_bpm", every_day(days, 50, 0.1)),
        daily("fitbit_sleep_stage_minutes", every_day(days, 60), labels={"stage": "deep"}),
    ]
    html = report_of(series, days).html
    file = tmp_path / "report.html"
    file.write_text(html)
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run(
        [chromium, *FLAGS, *colours, f"--window-size={width},900", profile, file.as_uri()],
        capture_output=True,
        text=True,
        check=False,
    )
    plots = len(figures_of(html))
    assert f'data-drawn="{plots}"' in done.stdout, done.stderr[-2000:]
    body = done.stdout[done.stdout.index("<body") :]
    # Each plot's first drawing, and its bars in it, none of which is a hairline.
    assert len(re.findall(r'<svg class="main-svg"', body)) >= plots
    assert len(re.findall(r'class="point"', body)) >= 2 * len(days)
    widths = [
        abs(float(right) - float(left))
        for left, right in re.findall(
            r'class="point"><path d="M([\d.]+),[\d.]+V[\d.]+H([\d.]+)', body
        )
    ]
    assert widths
    assert min(widths) > 3
    spoken = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    assert spoken == []  # no refused request, no error of a script
