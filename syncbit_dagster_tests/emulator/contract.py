"""The API's official discovery document, and a check of answers against its schemas.

The document is a file inside the package google-api-python-client, so that every clone has it.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_LOOKED_AT = 20
"""Long lists repeat themselves: so many points at either end are checked."""

_DOCUMENT = Path("discovery_cache", "documents", "health.v4.json")
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


@cache
def discovery_document() -> dict[str, Any]:
    """The document, read as a plain file: nothing of the package is imported."""
    package = find_spec("googleapiclient")
    assert package is not None
    assert package.origin is not None
    document: dict[str, Any] = json.loads((Path(package.origin).parent / _DOCUMENT).read_text())
    return document


@cache
def _methods() -> list[tuple[str, re.Pattern[str], str]]:
    """Verb, path and schema of the answer of every method, resources and their parts alike."""
    found = []
    resources = list(discovery_document()["resources"].values())
    while resources:
        resource = resources.pop()
        resources += resource.get("resources", {}).values()
        for method in resource.get("methods", {}).values():
            path = re.sub(r"\\{\w+\\}", "[^/:]+", re.escape(f"/{method['flatPath']}"))
            found.append((method["httpMethod"], re.compile(path), method["response"]["$ref"]))
    return found


def check_response(verb: str, path: str, answer: object) -> None:
    """An answer against the schema that the document names for this method."""
    (schema,) = (ref for known, form, ref in _methods() if known == verb and form.fullmatch(path))
    check_answer(answer, schema)


def check_answer(answer: object, schema: str) -> None:
    """Every field stands in the schema, with the right JSON type and, of an enum, a known value."""
    _check(answer, {"$ref": schema}, schema)


def _check(value: Any, schema: dict[str, Any], path: str) -> None:
    schema = discovery_document()["schemas"][schema["$ref"]] if "$ref" in schema else schema
    if schema["type"] == "object":
        assert isinstance(value, dict), path
        for name, below in value.items():
            assert name in schema["properties"], f"{path}.{name}"
            _check(below, schema["properties"][name], f"{path}.{name}")
    elif schema["type"] == "array":
        assert isinstance(value, list), path
        for below in value[:_LOOKED_AT] + value[_LOOKED_AT:][-_LOOKED_AT:]:
            _check(below, schema["items"], path)
    elif value != "NaN":
        assert isinstance(value, _JSON_TYPES[schema["type"]]), f"{path}: {value!r}"
        assert isinstance(value, bool) == (schema["type"] == "boolean"), f"{path}: {value!r}"
        assert value in schema.get("enum", [value]), f"{path}: {value!r}"
