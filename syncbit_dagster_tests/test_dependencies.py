"""Each package that the project needs is pinned, and has a licence that somebody has looked at."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = [
    line
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
PIN = re.compile(r"([A-Za-z0-9][\w.-]*)==([\w.!+]+)")

# Identifiers of SPDX. Whoever passes these packages on keeps their notices: the wheels hold them.
PERMISSIVE = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0"),
    *("PSF-2.0", "Zlib"),
}
# What ties those who pass on the package itself. MPL binds changes of its own files, which are
# installed unchanged; the drivers are optional, unchanged, and replaceable by any other build.
WITH_CONDITIONS = {
    **dict.fromkeys(("certifi", "orjson", "tqdm"), "MPL-2.0"),
    **dict.fromkeys(("psycopg", "psycopg-binary"), "LGPL-3.0-only"),
    "psycopg2-binary": "LGPL-3.0-or-later",
}
# How packages spell it that give no SPDX expression. A bare BSD is one of two, both allowed.
SPELLINGS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License Version 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD 3-Clause": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def needed(*extras: str) -> dict[str, metadata.Distribution]:
    """What the package and some of its extras need on this system, and what that needs in turn.

    ``pyproject.toml`` is read, not the metadata of an editable install, which may be older.
    """
    optional = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in optional[extra])]
    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, str]] = set()
    while lines:
        requirement = Requirement(lines.pop())
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras} - {one for known, one in seen if known == name}:
            seen.add((name, extra))
            if name == "syncbit-dagster":
                lines += optional.get(extra, [])
            else:
                found[name] = metadata.distribution(name)  # what is missing is an error
                lines += [
                    line.partition(";")[0]
                    for line in found[name].requires or []
                    if (marker := Requirement(line).marker) is None
                    or marker.evaluate({"extra": extra})
                ]
    return found


def test_a_line_is_a_name_and_a_version_and_no_address() -> None:
    assert [line for line in LINES if not PIN.fullmatch(line)] == []
    assert len({canonicalize_name(line.split("==")[0]) for line in LINES}) == len(LINES)


def test_all_that_is_installed_for_the_project_is_pinned_as_it_is() -> None:
    pins = dict(line.split("==", 1) for line in LINES)
    pinned = {str(canonicalize_name(name)): version for name, version in pins.items()}
    # pip brings setuptools, and an environment has its own.
    found = needed("dev", "docs", "postgres", "server")
    installed = {name: one.version for name, one in found.items() if name != "setuptools"}
    assert len(installed) > 100
    assert {name: pinned.get(name) for name in installed} == installed
    audits = {"pip-audit", "pip-requirements-parser", "cyclonedx-python-lib"}
    assert audits <= pinned.keys()


def test_what_the_package_imports_is_required_and_nothing_else() -> None:
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["postgres"]]
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


def licences_of(about: Message) -> set[str]:
    """The SPDX identifiers that a package names, whether it asks for all or offers a choice."""
    classifiers = {
        one.rpartition(" :: ")[2]
        for one in about.get_all("Classifier") or []
        if one.startswith("License ::") and one != "License :: OSI Approved"
    }
    expression, words = ({*_split(about.get(key))} for key in ("License-Expression", "License"))
    return {SPELLINGS.get(name, name) for name in expression or classifiers or words}


def _split(expression: str | None) -> set[str]:
    return {part.strip("() ") for part in re.split(r" (?:AND|OR) ", expression or "")} - {""}


def is_looked_at(name: str, about: Message) -> bool:
    found = licences_of(about)
    return bool(found) and found <= PERMISSIVE | {WITH_CONDITIONS.get(name, "")}


def test_the_licence_is_one_that_was_looked_at() -> None:
    """A package that is not: read its licence and add a row above, or do without it."""
    installed = needed("postgres", "server")
    assert installed.keys() >= {"dagster", "duckdb", "kubernetes", *WITH_CONDITIONS}
    unknown = {}
    for name, one in installed.items():
        keys = ("License-Expression", "License", "Classifier")
        about = _message(*((key, v) for key in keys for v in one.metadata.get_all(key) or []))
        if not is_looked_at(name, about):
            unknown[name] = licences_of(about)
    assert unknown == {}


@pytest.mark.parametrize(
    ("key", "value", "is_known"),
    [
        ("License-Expression", "BSD-3-Clause AND (Apache-2.0 OR MIT)", True),
        ("Classifier", "License :: OSI Approved :: MIT License", True),
        ("License", "do what you want", False),
        ("License-Expression", "AGPL-3.0-only", False),
        ("License-Expression", "MIT AND GPL-2.0-only", False),
        ("Classifier", "License :: Other/Proprietary License", False),
        ("Name", "says nothing", False),
    ],
)
def test_how_packages_say_it(key: str, value: str, *, is_known: bool) -> None:
    assert is_looked_at("some-package", _message((key, value))) == is_known


def _message(*fields: tuple[str, str]) -> Message:
    message = Message()
    for key, value in fields:
        message[key] = str(value).partition("\n")[0]
    return message
