"""The packages that the project needs, as they are installed here."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.utils import NormalizedName

ROOT = Path(__file__).parents[1]
OURSELVES = "syncbit-dagster"


class Closure(NamedTuple):
    """Requirements and what they require in turn.

    Attributes:
        installed: distributions by their normalized names.
        missing: names that something requires here and that are not installed.
    """

    installed: dict[NormalizedName, metadata.Distribution]
    missing: set[NormalizedName]


def closure(*extras: str) -> Closure:
    """What the package and some of its extras need on this system.

    ``pyproject.toml`` is read, not the metadata of an editable install, which may be older.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = Closure({}, set())
    seen: set[tuple[NormalizedName, str]] = set()
    open_ones = list(_parsed(project["dependencies"]))
    for extra in extras:
        open_ones += _parsed(project["optional-dependencies"][extra])
    while open_ones:
        requirement = open_ones.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            if name == OURSELVES:
                open_ones += _parsed(project["optional-dependencies"].get(extra, []))
            else:
                open_ones += _required(found, name, extra)
    return found


def _required(found: Closure, name: NormalizedName, extra: str) -> list[Requirement]:
    try:
        found.installed[name] = distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        found.missing.add(name)
        return []
    return [
        one
        for one in _parsed(distribution.requires or [])
        if one.marker is None or one.marker.evaluate({"extra": extra})
    ]


def _parsed(lines: Iterable[str]) -> Iterator[Requirement]:
    return map(Requirement, lines)
