"""What ``adding-a-metric.md`` says, done word for word on a copy of the project."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.dagster_process import clean_environment
from syncbit_dagster_tests.documentation.pages import DOCS, ROOT, blocks

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "adding-a-metric.md"
# The page's blocks, in order: the file, and how the line of the table begins.
PLACES = (
    ("syncbit_dagster/catalog/metrics.py", "METRICS: "),
    ("syncbit_dagster/quality/ranges.py", "RANGES: "),
    ("syncbit_dagster_tests/test_catalog.py", "CONTRACT = "),
)
TESTS = ("syncbit_dagster_tests/test_catalog.py", "syncbit_dagster_tests/quality/test_samples.py")
DAYS = DayRange(date(2025, 1, 2), date(2025, 1, 14))
PERSON = SyntheticPerson(zone=ZoneInfo("Europe/Berlin"), first_day=date(2025, 1, 1), seed=7)
# Run in the copy: materialize the metric's asset, print the store's values by day.
MATERIALIZE = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
import dagster as dg
from syncbit_dagster.catalog import METRICS
from syncbit_dagster.core.samples import from_series
from syncbit_dagster.factories import open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.defs.running import materialize
from syncbit_dagster_tests.documentation.test_adding_a_metric import DAYS, PERSON
from syncbit_dagster_tests.emulated import emulated_account

(row,) = (one for one in METRICS if one.name == sys.argv[1])
now = datetime(2025, 1, 20, tzinfo=UTC)
with (
    emulated_account(PERSON, Path(sys.argv[2]), now=lambda: now) as account,
    dg.DagsterInstance.ephemeral() as instance,
):
    settings = account.settings()
    assert materialize(settings, [row.asset], DAYS, instance).success
    held, days = open_store(settings), (DAYS.start(PERSON.zone), DAYS.end(PERSON.zone))
    frame = from_series(held.read(Slice((row.name,), settings.account.labels, *days)))
days = frame["timestamp"].dt.tz_convert(PERSON.zone).dt.strftime("%Y-%m-%d %H:%M")
print(json.dumps(dict(zip(days, frame["value"].tolist()))))
"""


def run(copy: Path, *command: str) -> str:
    environment = clean_environment({"PYTHONPATH": str(copy)})
    environment.pop("PYTEST_XDIST_WORKER", None)  # a run of its own
    done = subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_one_row_is_all_it_takes(tmp_path: Path) -> None:
    """Its samples are those of the person, references and dashboards have it, all rules hold."""
    copy = tmp_path / "copy"
    for name in ("syncbit_dagster", "syncbit_dagster_tests", "scripts", "tools", "docs"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    rows = blocks(PAGE, "python")
    for row, (file, table) in zip(rows, PLACES, strict=True):
        assert f"`{file}`" in PAGE.read_text()
        text = (copy / file).read_text()
        begin = re.search(rf"^{re.escape(table)}.*[({{]\n", text, re.MULTILINE)
        assert begin
        (copy / file).write_text(text[: begin.end()] + row.text + text[begin.end() :])
    (metric,) = set(re.findall(r"\bfitbit_\w+", "".join(row.text for row in rows)))
    assert metric not in {row.name for row in METRICS}  # nobody has added it meanwhile

    found = json.loads(run(copy, "-c", MATERIALIZE, metric, str(tmp_path)).splitlines()[-1])
    truth = {
        f"{day} 00:00": usual
        for day in DAYS
        if (usual := PERSON.daily(day).skin_temperature_baseline) is not None
        and not math.isnan(usual)
    }
    assert len(truth) < len(DAYS)  # on the first days there is none yet, which is no zero
    assert found == pytest.approx(truth)

    run(copy, "-m", "scripts.write_docs")
    assert f"| `{metric}` |" in (copy / "docs/metrics.md").read_text()
    dashboards = (copy / "deploy/grafana/dashboards").glob("*.json")
    assert any(metric in path.read_text() for path in dashboards)
    run(copy, "-m", "pytest", "-q", *TESTS)


def test_the_vocabulary_is_that_of_the_catalogue() -> None:
    rows = re.findall(r"^\| (?:a sum|one|of|the last) .*$", PAGE.read_text(), re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", "".join(rows)))
    assert len(rows) == 6
    places = [(row.google_health, row.fitbit_web, row.takeout) for row in METRICS]
    assert named <= {type(place).__name__ for three in places for place in three if place}
