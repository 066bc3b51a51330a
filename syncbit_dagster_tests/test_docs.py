"""The documentation against the code it describes."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.cli.main import COMMANDS
from syncbit_dagster.config import VARIABLES
from syncbit_dagster_tests.documentation.pages import (
    DOCS,
    PAGES,
    ROOT,
    anchors,
    blocks,
    links,
    prose,
)

if TYPE_CHECKING:
    from pathlib import Path

TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
VARIABLE = re.compile(r"`((?:FITBIT|GOOGLE|VICTORIA|COLLECT|INTRADAY)_[A-Z_]+)(?:=[^`]*)?`")
OF_THE_TESTS = {"VICTORIA_METRICS_BIN"}


def test_the_references_are_up_to_date() -> None:
    script = [sys.executable, "-m", "scripts.write_docs", "--check"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        if not target.startswith("http"):
            file, _, anchor = target.partition("#")
            there = (page.parent / file).resolve() if file else page
            assert there.exists(), target
            assert there.is_relative_to(ROOT), target
            assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_and_commands_exist(page: Path) -> None:
    text = page.read_text()
    assert set(re.findall(r"\bmake ([a-z-]+)\b(?=[^a-z]*[`#\n])", text)) <= TARGETS
    assert set(re.findall(r"`syncbit ([a-z]+)", text)) <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(
        r"`((?:syncbit_dagster|syncbit_dagster_tests|scripts|deploy)/[\w./-]+)`",
        prose(page.read_text()),
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_begins_with_two_commands() -> None:
    block = re.search(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    assert [line.split("#")[0].split() for line in block[1].splitlines()] == [
        ["make", "demo"],
        ["make", "test"],
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_names_each_command(command: str) -> None:
    assert f"| `syncbit {command}" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_variables_that_are_named_exist(page: Path) -> None:
    named = set(VARIABLE.findall(page.read_text()))
    known = {row.name for row in VARIABLES} | OF_THE_TESTS
    assert [name for name in named - known if not name.endswith("_")] == []


def test_the_tree_of_the_architecture_is_that_of_the_package() -> None:
    (tree,) = (one.text for one in blocks(DOCS / "architecture.md", "") if "catalog/" in one.text)
    named = re.findall(r"^(\w+)/ ", tree, re.MULTILINE)
    package = (ROOT / "syncbit_dagster").iterdir()
    assert sorted(named) == sorted(path.name for path in package if (path / "__init__.py").exists())
