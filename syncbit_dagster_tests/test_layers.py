"""The house's walls: which folder may know which, read from the code's own imports."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import dagster as dg

PACKAGE = Path(__file__).parents[1] / "syncbit_dagster"

# A folder or module of the package, from the ground up, and what of the package it may import.
MAY_KNOW: dict[str, set[str]] = {
    "core": set(),
    "catalog": set(),
    "account.state": {"core"},
    "quota": {"core", "account.state"},
    "account": {"core", "account.state", "quota"},
    "stores": {"core", "account.state"},
    "sources": {"core", "account", "catalog", "quota"},
    "scheduling": {"core", "catalog", "quota"},
    "telemetry": {"core", "account", "quota", "scheduling", "sources", "stores"},
    "quality": {"core", "account", "catalog", "quota", "scheduling", "sources"},
    "report": {"core", "catalog", "scheduling", "stores"},
    "config": {"core", "account", "account.state", "catalog", "quota", "stores"},
    "factories": {"core", "account", "account.state", "catalog", "config", "quota", "sources"}
    | {"stores"},
    "emulator": {"core"},
    "defs": {"core", "account", "catalog", "config", "factories", "quality", "quota", "report"}
    | {"scheduling", "sources", "stores", "telemetry"},
    "definitions": {"core", "catalog", "config", "defs", "factories"},
    "cli": {"core", "account", "account.state", "catalog", "config", "defs", "emulator"}
    | {"factories", "quality", "quota", "report", "scheduling", "sources", "stores"},
}
MAY_KNOW_DAGSTER = {"defs", "definitions"}
NESTED = [room for room in MAY_KNOW if "." in room]


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def room(path: Path) -> str:
    return room_of(".".join(path.relative_to(PACKAGE).with_suffix("").parts))


def room_of(module: str) -> str:
    """The room that a module of the package is in, by its dotted name below the package."""
    return next((one for one in NESTED if f"{module}.".startswith(f"{one}.")), module.split(".")[0])


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


def test_imports_follow_the_plan() -> None:
    wrong = []
    for path in modules():
        own, names = room(path), imported(path)
        ours = {one for one in names if one.startswith("syncbit_dagster.")}
        rooms = {room_of(name.removeprefix("syncbit_dagster.")) for name in ours}
        wrong += [(path.name, one) for one in rooms - {own} - MAY_KNOW[own]]
        if own not in MAY_KNOW_DAGSTER:
            wrong += [(path.name, one) for one in names if one.startswith("dagster")]
    assert wrong == []


def test_dagster_is_known_by_its_public_face_but_in_one_folder() -> None:
    instance = PACKAGE / "defs" / "instance"
    for path in set(modules()) - {instance / "event_log.py"}:
        assert not [name for name in imported(path) if name.startswith("dagster._")], path
    for path in set(modules()) - {instance / "records.py"}:
        for name in re.findall(r"\binstance\.(\w+)\(", path.read_text()):
            method = getattr(dg.DagsterInstance, name, None)
            assert method is None or hasattr(method, "_is_public"), f"{path}: {name}"


def test_one_source_does_not_know_another() -> None:
    folders = [path.name for path in (PACKAGE / "sources").iterdir() if path.is_dir()]
    for path in (PACKAGE / "sources").rglob("*/*.py"):
        others = set(folders) - {path.parent.name, "oauth", "__pycache__"}
        for name in imported(path):
            assert not any(name.startswith(f"syncbit_dagster.sources.{other}") for other in others)
