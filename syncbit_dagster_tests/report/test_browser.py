"""The page in a real browser that has no network: every plot is drawn, and nothing is refused."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster_tests.report.builders import JUNE, daily, every_day, figures_of, report_of

if TYPE_CHECKING:
    from pathlib import Path

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-extensions"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"),
    *("--virtual-time-budget=60000", "--dump-dom"),
)


@pytest.mark.parametrize(
    ("width", "colours"), [(1400, ()), (1400, ("--force-dark-mode",)), (390, ())]
)
def test_every_plot_is_drawn_and_nothing_is_asked_for(
    tmp_path: Path, width: int, colours: tuple[str, ...]
) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium: apt-get install chromium")
    series = [
        daily("fitbit_steps_total", every_day(JUNE, 1000)),
        daily("fitbit_resting_heart_rate_bpm", every_day(JUNE, 50, 0.1)),
        daily("fitbit_sleep_stage_minutes", every_day(JUNE, 60), labels={"stage": "deep"}),
    ]
    html = report_of(series).html
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
    # Each plot's first drawing, and its bars or cells in it.
    assert len(re.findall(r'<svg class="main-svg"', body)) >= plots
    assert len(re.findall(r'class="point"', body)) >= 2 * len(JUNE)
    spoken = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    assert spoken == []  # no refused request, no error of a script
