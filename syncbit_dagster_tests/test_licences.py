"""Every package that a user installs with this one has a licence that somebody has looked at."""

from __future__ import annotations

import re
from email.message import Message
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster_tests.dependencies import closure

if TYPE_CHECKING:
    from collections.abc import Mapping

# Identifiers of SPDX. Whoever passes these packages on keeps their notices: the wheels hold them.
PERMISSIVE = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "PSF-2.0",
    "Zlib",
}
# What ties those who pass on the package itself, by package: why that is no trouble here.
FILES_AS_THEY_ARE = "binds changes of its own files; they are installed unchanged"
A_LIBRARY_OF_ITS_OWN = (
    "an optional driver in a wheel of its own, unchanged, and replaceable by any other build"
)
WITH_CONDITIONS = {
    "certifi": ("MPL-2.0", FILES_AS_THEY_ARE),
    "orjson": ("MPL-2.0", FILES_AS_THEY_ARE),
    "tqdm": ("MPL-2.0", FILES_AS_THEY_ARE),
    "psycopg": ("LGPL-3.0-only", A_LIBRARY_OF_ITS_OWN),
    "psycopg-binary": ("LGPL-3.0-only", A_LIBRARY_OF_ITS_OWN),
    "psycopg2-binary": ("LGPL-3.0-or-later", A_LIBRARY_OF_ITS_OWN),
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
INSTALLED = closure("postgres", "server")


class UnknownLicenceError(Exception):
    """A package says nothing that the tables above know."""


def licences_of(about: Message) -> set[str]:
    """The SPDX identifiers that a package names, whether it asks for all or offers a choice.

    Raises:
        UnknownLicenceError: it names none, or one in words that :data:`SPELLINGS` lacks.
    """
    words = about.get("License-Expression") or ""
    classifiers = {
        one.rpartition(" :: ")[2]
        for one in about.get_all("Classifier") or []
        if one.startswith("License ::") and one != "License :: OSI Approved"
    }
    named = _split(words) or classifiers or _split(about.get("License") or "")
    known = {SPELLINGS.get(name, name) for name in named}
    legal = PERMISSIVE | {licence for licence, _ in WITH_CONDITIONS.values()}
    if not known or not known <= legal:
        raise UnknownLicenceError(
            f"{about['Name']} names the licences {sorted(known)}, which are not in the tables "
            "of this test; read them and add a row, or do without the package"
        )
    return known


def _split(expression: str) -> set[str]:
    return {part.strip("() ") for part in re.split(r" (?:AND|OR) ", expression)} - {""}


@pytest.mark.parametrize("name", sorted(INSTALLED.installed))
def test_the_licence_is_one_that_was_looked_at(name: str) -> None:
    about = INSTALLED.installed[name].metadata  # type: ignore[index]
    message = Message()
    for key in ("Name", "License-Expression", "License", "Classifier"):
        for value in about.get_all(key) or []:
            message[key] = value
    conditions, _ = WITH_CONDITIONS.get(name, ("", ""))
    assert licences_of(message) <= PERMISSIVE | {conditions}


def test_everything_that_is_required_is_installed_and_looked_at() -> None:
    assert not INSTALLED.missing
    assert INSTALLED.installed.keys() >= {
        "dagster",
        "duckdb",
        "kubernetes",
        "psycopg",
        "sqlalchemy",
    }


def test_the_table_names_no_package_that_is_not_used() -> None:
    assert WITH_CONDITIONS.keys() <= INSTALLED.installed.keys()


@pytest.mark.parametrize(
    ("about", "licences"),
    [
        (
            {"License-Expression": "MPL-2.0 AND (Apache-2.0 OR MIT)"},
            {"MPL-2.0", "Apache-2.0", "MIT"},
        ),
        ({"License": "BSD 3-Clause OR Apache-2.0"}, {"BSD-3-Clause", "Apache-2.0"}),
        ({"License": "Dual", "Classifier": "License :: OSI Approved :: MIT License"}, {"MIT"}),
    ],
)
def test_how_packages_say_it(about: Mapping[str, str], licences: set[str]) -> None:
    assert licences_of(_message(about)) == licences


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"License": "do what you want"},
        {"License-Expression": "AGPL-3.0-only"},
        {"License-Expression": "MIT AND GPL-2.0-only"},
        {"Classifier": "License :: Other/Proprietary License"},
    ],
)
def test_an_unknown_licence_is_refused_with_the_way_out(about: Mapping[str, str]) -> None:
    with pytest.raises(UnknownLicenceError, match=r"some-package names the licences.* add a row"):
        licences_of(_message(about))


def _message(about: Mapping[str, str]) -> Message:
    message = Message()
    message["Name"] = "some-package"
    for key, value in about.items():
        message[key] = value
    return message
