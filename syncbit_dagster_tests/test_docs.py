"""The documentation against the code it describes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

from syncbit_dagster.cli.main import COMMANDS
from syncbit_dagster.config import VARIABLES
from syncbit_dagster.sources.fitbit_web import scopes as fitbit_web
from syncbit_dagster.sources.google_health import scopes as google_health
from syncbit_dagster_tests.conftest import LONG
from syncbit_dagster_tests.documentation.pages import (
    DOCS,
    PAGES,
    ROOT,
    anchors,
    links,
    prose,
)

README = (ROOT / "README.md").read_text()
SECURITY = (DOCS / "security.md").read_text()
TESTS = ROOT / "syncbit_dagster_tests"
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
VARIABLE = re.compile(r"`((?:FITBIT|GOOGLE|VICTORIA|COLLECT|INTRADAY)_[A-Z_]+[A-Z])(?:=[^`]*)?`")
FILE = re.compile(r"`((?:syncbit_dagster|syncbit_dagster_tests|scripts|deploy)/[\w./-]+)`")


def test_the_references_are_up_to_date() -> None:
    script = [sys.executable, "-m", "scripts.write_docs", "--check"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in links(page):
            if not target.startswith("http"):
                file, _, anchor = target.partition("#")
                there = (page.parent / file).resolve() if file else page
                assert there.exists(), f"{page.name}: {target}"
                assert there.is_relative_to(ROOT), f"{page.name}: {target}"
                assert not anchor or anchor in anchors(there), f"{page.name}: {target}"


def test_what_is_named_exists() -> None:
    known = {row.name for row in VARIABLES} | {"VICTORIA_METRICS_BIN"}
    wrong = []
    for page in PAGES:
        text = page.read_text()
        targets = set(re.findall(r"\bmake ([a-z-]+)\b(?=[^a-z]*[`#\n])", text)) - TARGETS
        commands = set(re.findall(r"`syncbit ([a-z]+)", text)) - set(COMMANDS)
        files = {name for name in FILE.findall(prose(text)) if not (ROOT / name).exists()}
        variables = set(VARIABLE.findall(text)) - known
        wrong += [(page.name, one) for one in (*targets, *commands, *files, *variables)]
    named = re.findall(r"(?:syncbit_dagster_tests|scripts)/[\w./]+", MAKEFILE)
    wrong += [("Makefile", name) for name in named if not (ROOT / name).exists()]
    assert wrong == []


def test_the_readme_begins_with_two_commands_and_names_each_of_ours() -> None:
    block = re.search(r"```sh\n(.*?)```", README, re.DOTALL)
    assert block is not None
    lines = [line.split("#")[0].split() for line in block[1].splitlines()]
    assert lines == [["make", "demo"], ["make", "test"]]
    assert [command for command in COMMANDS if f"| `syncbit {command}" not in README] == []


def test_the_tree_of_the_architecture_is_that_of_the_package() -> None:
    page = (DOCS / "architecture.md").read_text()
    named = re.findall(r"^\| `(\w+)/` \|", page, re.MULTILINE)
    package = (ROOT / "syncbit_dagster").iterdir()
    assert sorted(named) == sorted(path.name for path in package if (path / "__init__.py").exists())
    # The way of a day names files that exist.
    files = re.findall(r"`(\w+/[\w/]+\.py)`", page.partition("## One day")[2].partition("\n## ")[0])
    assert len(files) > 15
    assert [file for file in files if not (ROOT / "syncbit_dagster" / file).exists()] == []


def test_every_proof_of_the_page_on_security_exists() -> None:
    proofs = re.findall(r"`([\w/]+\.py)::(\w+)`", SECURITY)
    assert proofs
    tests = {file: (TESTS / file).read_text() for file, _ in proofs}
    assert [name for file, name in proofs if f"\ndef {name}(" not in tests[file]] == []


def test_nothing_is_asked_for_that_is_not_needed() -> None:
    assert len(google_health.SCOPES) == 5
    assert all(scope.endswith(".readonly") for scope in google_health.SCOPES)
    assert not {"location", "nutrition", "social"} & set(fitbit_web.SCOPES)
    assert len(fitbit_web.SCOPES) == 10


def test_the_files_that_begin_first_exist_once() -> None:
    assert [name for name in LONG if not (TESTS / name).is_file()] == []
    assert max(Counter(LONG).values()) == 1
