"""Fitbit's API description, and a check of answers against its schemas.

The description lies with the recordings. It says little that is required and nothing that is
forbidden, so the check forbids every field that it does not name, except those that real answers
have: where the two disagree, the answers are right.
"""

from __future__ import annotations

import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterator

_DESCRIPTION = Path("contracts", "fitbit_web_api", "fitbit-web-api-openapi-fixed.json")

_NAMED_BY_ANSWERS_ONLY: dict[str, dict[str, Any]] = {
    "ActivitySummary": {
        "heartRateZones": {"type": "array", "items": {"$ref": "#/components/schemas/HeartRateZone"}}
    },
    "GetVo2MaxSummaryResponse": {
        "cardioScore": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/CardioScoreSummary"},
        }
    },
    "WeightLog": {"fat": {"type": "number"}},
}
"""Fields of recorded or documented answers that the description lacks."""

_OTHER_SHAPES: dict[str, dict[str, Any]] = {
    "/1/user/-/spo2/date/{date}.json": {"$ref": "#/components/schemas/SpO2Summary"},
    "/1/user/-/spo2/date/{startDate}/{endDate}.json": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/SpO2Summary"},
    },
}
"""Answers that are shaped otherwise than described."""


class Description:
    """The paths and schemas of the description."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = copy.deepcopy(document["components"])
        schemas = self._components["schemas"]
        for name, fields in _NAMED_BY_ANSWERS_ONLY.items():
            assert not set(fields) & set(schemas[name]["properties"]), name
            schemas[name]["properties"] |= fields
        _forbid_others(schemas)
        # "steps" also fits "{resource-path}", so the path with the fewest parameters comes first.
        self._schemas = [
            (re.compile(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(path))), schema)
            for path, schema in sorted(
                _described_answers(document["paths"]), key=lambda row: row[0].count("{")
            )
        ]

    def check(self, path: str, answer: object) -> None:
        """An answer to a path against the schema of that path."""
        self.check_schema(
            next(schema for form, schema in self._schemas if form.fullmatch(path)), answer
        )

    def check_schema(self, schema: dict[str, Any], answer: object) -> None:
        """An answer against a schema of the description."""
        Draft202012Validator(schema | {"components": self._components}).validate(answer)

    def check_named(self, name: str, answer: object) -> None:
        """An answer against a schema by its name."""
        self.check_schema({"$ref": f"#/components/schemas/{name}"}, answer)


def _described_answers(paths: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every path that can be read, and the schema of what comes."""
    for path, methods in paths.items():
        success = methods.get("get", {}).get("responses", {}).get("200", {})
        described = success.get("content", {}).get("application/json", {}).get("schema")
        if described is not None:
            yield path, _OTHER_SHAPES.get(path, described)


def _forbid_others(schema: Any) -> None:
    """Let no object have a field that its schema does not name."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("type") == "object":
            schema["additionalProperties"] = False
        for below in schema.values():
            _forbid_others(below)
    elif isinstance(schema, list):
        for below in schema:
            _forbid_others(below)


@cache
def description(recordings: Path) -> Description:
    """The description in a folder of recordings."""
    return Description(json.loads((recordings / _DESCRIPTION).read_text()))
