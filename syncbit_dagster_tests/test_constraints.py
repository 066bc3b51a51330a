"""``constraints.txt`` holds the exact version of everything that is installed, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from syncbit_dagster_tests.dependencies import ROOT, closure

LINES = [
    line
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[\w.!+]+)")


def pins() -> dict[str, str]:
    matches = [match for line in LINES if (match := PIN.fullmatch(line))]
    return {canonicalize_name(match["name"]): match["version"] for match in matches}


def test_a_line_is_a_name_and_a_version_and_no_address() -> None:
    assert [line for line in LINES if not PIN.fullmatch(line)] == []


def test_no_package_is_pinned_twice() -> None:
    assert len(pins()) == len(LINES)


def test_all_that_is_installed_for_the_project_is_pinned_as_it_is() -> None:
    found = closure("dev", "docs", "postgres", "server")
    assert not found.missing
    # pip brings it, and an environment has its own.
    installed = {name: one.version for name, one in found.installed.items() if name != "setuptools"}
    assert len(installed) > 100
    pinned = pins()
    assert {name: (version, pinned.get(name)) for name, version in installed.items()} == {
        name: (version, version) for name, version in installed.items()
    }


def test_the_tool_that_audits_is_pinned_too() -> None:
    assert {"pip-audit", "pip-requirements-parser", "cyclonedx-python-lib"} <= pins().keys()


def test_what_the_package_imports_is_required_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
    required = {canonicalize_name(Requirement(line).name) for line in lines}
    modules = set()
    for path in (ROOT / "syncbit_dagster").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.split(".")[0])
    modules -= {*sys.stdlib_module_names, "syncbit_dagster"}
    packages = metadata.packages_distributions()
    imported = {canonicalize_name(packages[module][0]) for module in modules}
    assert imported - required == set()
    # Programs of Dagster, the zones' files, a driver that SQLAlchemy imports.
    unseen = {"dagster-dg-cli", "dagster-webserver", "psycopg", "tzdata"}
    assert required - imported == unseen
