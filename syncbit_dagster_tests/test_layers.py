"""The house's walls: which folder may know which, read from the code's own imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "syncbit_dagster"

GROUND = {"civil", "errors", "samples"}
# A folder or module of the package, and what of the package it may import.
MAY_KNOW: dict[str, set[str]] = {
    "civil": set(),
    "errors": set(),
    "samples": {"errors"},
    "catalog": set(),
    "gaps": {"civil"},
    "progress": {"account"},
    "settled": {"civil", "samples"},
    "account": GROUND,
    "quota": {"civil", "errors", "account"},
    "stores": GROUND,
    "sources": GROUND | {"account", "catalog", "quota"},
    "own_metrics": GROUND | {"account", "progress", "sources", "stores"},
    "checks": GROUND | {"account", "sources"},
    "quality": GROUND | {"catalog", "gaps"},
    "report": GROUND | {"catalog", "gaps", "stores"},
    "dashboards": {"catalog"},
    "emulator": {"civil", "errors"},
    "config": GROUND | {"account", "catalog", "stores"},
    "migration": GROUND | {"account", "catalog", "stores"},
    "opening": GROUND | {"account", "catalog", "config", "quota", "sources", "stores"},
    "defs": GROUND
    | {"account", "catalog", "checks", "config", "gaps", "opening", "own_metrics", "quality"}
    | {"progress", "report", "settled", "sources", "stores"},
    "definitions": GROUND | {"catalog", "config", "defs", "opening"},
    "cli": GROUND
    | {"account", "catalog", "checks", "config", "defs", "emulator", "migration", "opening"}
    | {"quota", "report", "sources", "stores"},
}
MAY_KNOW_DAGSTER = {"defs", "definitions"}


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Every module that a file imports, for types alone included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides its direction"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_room_is_in_the_plan() -> None:
    assert {room(path) for path in modules()} == set(MAY_KNOW)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_plan(path: Path) -> None:
    own = room(path)
    rooms = {
        name.split(".")[1]
        for name in imported(path)
        if name.startswith("syncbit_dagster.") and name.count(".")
    }
    assert rooms - {own} <= MAY_KNOW[own]
    if own not in MAY_KNOW_DAGSTER:
        assert not any(name.split(".")[0].startswith("dagster") for name in imported(path))


def test_one_source_does_not_know_another() -> None:
    folders = [path.name for path in (PACKAGE / "sources").iterdir() if path.is_dir()]
    for path in (PACKAGE / "sources").rglob("*/*.py"):
        others = set(folders) - {path.parent.name, "__pycache__"}
        for name in imported(path):
            assert not any(name.startswith(f"syncbit_dagster.sources.{other}") for other in others)
