"""The deployment files as values: compose services with anchors and variables resolved, steps."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")
_EXEC_FORMS = {"CMD", "ENTRYPOINT", "HEALTHCHECK"}


@cache
def compose() -> dict[str, Any]:
    """The compose file as an engine without any variable set sees it."""
    loaded: dict[str, Any] = _resolved(yaml.safe_load((ROOT / "compose.yaml").read_text()))
    return loaded


def _resolved(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _resolved(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_resolved(one) for one in value]
    return interpolated(value, {}) if isinstance(value, str) else value


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """Each ``${NAME:-default}`` replaced; an unset one without a default is an error."""

    def value(match: re.Match[str]) -> str:
        found = variables.get(match["name"]) or match["default"]
        assert found is not None, f"{match['name']} has no default: `docker compose up` needs one"
        return found

    return _VARIABLE.sub(value, text)


def service(name: str) -> dict[str, Any]:
    """One service of the compose file."""
    found: dict[str, Any] = compose()["services"][name]
    return found


def mounts(name: str) -> dict[str, str]:
    """Where a service sees what: target to source, a path of the project or a volume's name."""
    pairs = (one.split(":")[:2] for one in service(name).get("volumes", []))
    return {target: source for source, target in pairs}


def probe(name: str) -> list[str]:
    """The command of a service's health check."""
    test = service(name)["healthcheck"]["test"]
    return ["sh", "-c", test[1]] if test[0] == "CMD-SHELL" else list(test[1:])


@dataclass(frozen=True)
class Step:
    """One instruction of the Dockerfile; ``text`` is what follows its name, on one line."""

    name: str
    text: str

    def words(self) -> list[str]:
        """The words of an instruction, from its JSON form where it has one."""
        if self.name in _EXEC_FORMS and "[" in self.text:
            parsed: list[str] = json.loads(self.text[self.text.index("[") :])
            return parsed
        return shlex.split(self.text)


def dockerfile() -> list[Step]:
    """The instructions in their order, with the defaults of ARG filled in."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    steps, arguments = [], dict[str, str]()
    for line in text.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        name, _, rest = line.partition(" ")
        if name == "ARG":
            key, _, default = rest.partition("=")
            arguments[key] = default
        if name == "FROM":
            rest = interpolated(rest, arguments)
        steps.append(Step(name, re.sub(r"\s+", " ", rest).strip()))
    return steps


def image_environment() -> dict[str, str]:
    """What ENV of the last stage sets."""
    found: dict[str, str] = {}
    for step in dockerfile():
        if step.name == "FROM":
            found = {}
        elif step.name == "ENV":
            found |= dict(word.split("=", 1) for word in step.words())
    return found
