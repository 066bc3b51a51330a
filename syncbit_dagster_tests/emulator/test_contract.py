"""Every field of every answer stands in the API's discovery document, with the right JSON type."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.emulator.google_health.data_types import DATA_TYPES
from syncbit_dagster.emulator.google_health.rules import DataType, Operation
from syncbit_dagster_tests.emulator.api import windows

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster_tests.emulator.api import Api

pytestmark = pytest.mark.recordings

DAY = ("2026-11-13T23:00:00Z", "2026-11-14T23:00:00Z")
JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


@pytest.fixture
def contract(recordings: Path) -> Path:
    return recordings / "contracts" / "google_health_api"


@pytest.fixture
def schemas(contract: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((contract / "discovery_health.v4.json").read_text())
    schemas: dict[str, Any] = found["schemas"]
    return schemas


def check(value: Any, schema: dict[str, Any], schemas: dict[str, Any], path: str) -> None:
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    if schema["type"] == "object":
        assert isinstance(value, dict), path
        for name, below in value.items():
            assert name in schema["properties"], f"{path}.{name}"
            check(below, schema["properties"][name], schemas, f"{path}.{name}")
    elif schema["type"] == "array":
        assert isinstance(value, list), path
        for below in value:
            check(below, schema["items"], schemas, path)
    elif value != "NaN":
        assert isinstance(value, JSON_TYPES[schema["type"]]), f"{path}: {value!r}"
        assert value in schema.get("enum", [value]), f"{path}: {value!r}"


@pytest.mark.parametrize("data_type", DATA_TYPES.values(), ids=DATA_TYPES)
def test_points_and_windows(shared_api: Api, schemas: dict[str, Any], data_type: DataType) -> None:
    answers = {
        "ListDataPointsResponse": shared_api.points(data_type.id, pageSize=30),
        "ReconcileDataPointsResponse": shared_api.points(data_type.id, ":reconcile", pageSize=31),
        "RollUpDataPointsResponse": shared_api.roll_up(data_type.id, *DAY),
        "DailyRollUpDataPointsResponse": shared_api.daily(
            data_type.id, date(2026, 11, 12), date(2026, 11, 20)
        ),
    }
    for (name, answer), operation in zip(answers.items(), Operation, strict=True):
        if operation in data_type.operations:
            assert answer.json(), name
            check(answer.json(), {"$ref": name}, schemas, name)


def test_the_account(shared_api: Api, schemas: dict[str, Any]) -> None:
    for path, name in {
        "settings": "Settings",
        "profile": "Profile",
        "identity": "Identity",
        "pairedDevices": "ListPairedDevicesResponse",
    }.items():
        check(shared_api.get(path).json(), {"$ref": name}, schemas, name)


@pytest.mark.parametrize(
    "recorded",
    [
        "active_energy_burned",
        "active_zone_minutes",
        "daily_oxygen_saturation",
        "daily_resting_heart_rate",
        "distance",
        "heart_rate_sample",
        "steps",
    ],
)
def test_points_have_the_shape_of_recorded_ones(
    shared_api: Api, contract: Path, recorded: str
) -> None:
    """Same fields at the same places, same JSON types."""
    (folder,) = contract.glob("real_django*")
    real = json.loads((folder / f"{recorded}.json").read_text())
    kind = recorded.removesuffix("_sample").replace("_", "-")
    found = [point for page in shared_api.walk_some(kind) for point in page]
    shapes = {_shape(point) for point in found}
    assert _shape(real) in shapes


def _shape(value: Any, path: str = "") -> frozenset[tuple[str, str]]:
    if isinstance(value, dict):
        parts = (_shape(below, f"{path}.{name}") for name, below in value.items())
        return frozenset().union(*parts) if value else frozenset({(path, "{}")})
    kind = "number" if isinstance(value, int | float) else type(value).__name__
    return frozenset({(path, kind)})


def test_windows_have_the_shape_of_recorded_ones(shared_api: Api, contract: Path) -> None:
    (folder,) = contract.glob("real_google-health-cli*")
    real = json.loads((folder / "steps_rollup.json").read_text())["rollupDataPoints"][0]
    found = windows(shared_api.daily("steps", date(2026, 11, 13), date(2026, 11, 15)))
    assert {_shape(window) for window in found} == {_shape(real)}


def test_refusals_have_the_shape_of_known_ones(shared_api: Api, contract: Path) -> None:
    known = json.loads(
        (contract / "synthetic_errors_allenporter" / "unauthenticated.json").read_text()
    )
    token, shared_api.token = shared_api.token, ""
    try:
        answer = shared_api.points("steps").json()
    finally:
        shared_api.token = token
    for body in (known, answer):
        body["error"].pop("message")
    assert answer == known
