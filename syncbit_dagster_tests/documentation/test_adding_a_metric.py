"""What ``adding-a-metric.md`` says, done word for word on a copy of the project."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.catalog import METRICS
from syncbit_dagster_tests.dagster_process import clean_environment
from syncbit_dagster_tests.documentation.new_metric import DAYS, PERSON
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
TESTS = ("syncbit_dagster_tests/test_catalog.py", "syncbit_dagster_tests/quality/test_ranges.py")


def run(copy: Path, *command: str) -> str:
    environment = clean_environment({"PYTHONPATH": str(copy)})
    environment.pop("PYTEST_XDIST_WORKER", None)  # a run of its own
    done = subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the page's rows in it."""
    root = tmp_path_factory.mktemp("copy")
    for name in ("syncbit_dagster", "syncbit_dagster_tests", "scripts", "tools", "docs"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    rows = blocks(PAGE, "python")
    for row, (file, table) in zip(rows, PLACES, strict=True):
        path = root / file
        assert f"`{file}`" in PAGE.read_text()
        begin = re.search(rf"^{re.escape(table)}.*[({{]\n", path.read_text(), re.MULTILINE)
        assert begin
        text = f"{begin.string[: begin.end()]}{row.text}{begin.string[begin.end() :]}"
        path.write_text(text)
    return root


@pytest.fixture(scope="module")
def metric() -> str:
    """The page's metric, which nobody has added meanwhile."""
    (name,) = set(re.findall(r"\bfitbit_\w+", "".join(b.text for b in blocks(PAGE, "python"))))
    assert isinstance(name, str)
    assert name not in {row.name for row in METRICS}
    return name


def test_the_new_samples_are_those_of_the_person(copy: Path, metric: str, tmp_path: Path) -> None:
    module = "syncbit_dagster_tests.documentation.new_metric"
    found = json.loads(run(copy, "-m", module, metric, str(tmp_path)).splitlines()[-1])
    assert found["package"] == str(copy / "syncbit_dagster")
    truth = {
        f"{day} 00:00": usual
        for day in DAYS
        if (usual := PERSON.daily(day).skin_temperature_baseline) is not None
        and not math.isnan(usual)
    }
    assert len(truth) < len(DAYS)  # on the first days there is none yet, which is no zero
    assert found["values"] == pytest.approx(truth)


def test_reference_and_dashboards_have_the_new_row(copy: Path, metric: str) -> None:
    run(copy, "-m", "scripts.write_docs")
    assert f"| `{metric}` |" in (copy / "docs/metrics.md").read_text()
    dashboards = (copy / "deploy/grafana/dashboards").glob("*.json")
    assert any(metric in path.read_text() for path in dashboards)


def test_the_rules_of_the_catalogue_hold(copy: Path) -> None:
    run(copy, "-m", "pytest", "-q", *TESTS)


def test_the_vocabulary_is_that_of_the_catalogue() -> None:
    rows = re.findall(r"^\| (?:a sum|one|of|the last) .*$", PAGE.read_text(), re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", "".join(rows)))
    assert len(rows) == 6
    used = {
        type(place).__name__
        for row in METRICS
        for place in (row.google_health, row.fitbit_web, row.takeout)
        if place is not None
    }
    assert named <= used
