"""Every answer fits the API's discovery document, and recorded answers have the same shape."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.emulator.google_health.data_types import DATA_TYPES
from syncbit_dagster.emulator.google_health.rules import DataType, Operation
from syncbit_dagster_tests.emulator.api import windows
from syncbit_dagster_tests.emulator.contract import check_answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import requests

    from syncbit_dagster_tests.emulator.api import Api

DAY = ("2026-11-13T23:00:00Z", "2026-11-14T23:00:00Z")


@pytest.fixture
def contract(recordings: Path) -> Path:
    return recordings / "contracts" / "google_health_api"


@pytest.mark.parametrize("data_type", DATA_TYPES.values(), ids=DATA_TYPES)
def test_points_and_windows(shared_api: Api, data_type: DataType) -> None:
    days = date(2026, 11, 8), date(2026, 11, 20)
    answers: dict[Operation, tuple[str, Callable[[], requests.Response]]] = {
        Operation.LIST: ("List", lambda: shared_api.points(data_type.id, pageSize=30)),
        Operation.RECONCILE: (
            "Reconcile",
            lambda: shared_api.points(data_type.id, ":reconcile", pageSize=31),
        ),
        Operation.ROLL_UP: ("RollUp", lambda: shared_api.roll_up(data_type.id, *DAY)),
        Operation.DAILY_ROLL_UP: ("DailyRollUp", lambda: shared_api.daily(data_type.id, *days)),
    }
    for operation in data_type.operations - {Operation.GET}:
        name, ask = answers[operation]
        answer = ask().json()
        assert answer, name
        check_answer(answer, f"{name}DataPointsResponse")


@pytest.mark.parametrize(
    "data_type", [t.id for t in DATA_TYPES.values() if Operation.GET in t.operations]
)
def test_single_points(shared_api: Api, data_type: str) -> None:
    """A point has one name, whichever method tells it, and ``get`` finds it."""
    text = 'sleep.interval.civil_end_time >= "2026-11-01"' if data_type == "sleep" else ""
    listed, reconciled = (
        shared_api.all_points(data_type, method, filter=text)[-1] for method in ("", ":reconcile")
    )
    assert reconciled.pop("dataPointName") == listed["name"]
    assert reconciled == {key: listed[key] for key in listed.keys() - {"name", "dataSource"}}
    _, _, path = listed["name"].split("/", 2)
    found = shared_api.get(path).json()
    assert found == listed
    check_answer(found, "DataPoint")


def test_the_account(shared_api: Api) -> None:
    for path, name in {
        "settings": "Settings",
        "profile": "Profile",
        "identity": "Identity",
        "pairedDevices": "ListPairedDevicesResponse",
        "pairedDevices/2": "PairedDevice",
    }.items():
        check_answer(shared_api.get(path).json(), name)


def test_the_check_itself() -> None:
    """It would find what is wrong."""
    answers: tuple[object, ...] = (
        {"dataPoints": {}},
        {"datapoints": []},
        {"dataPoints": [{"steps": {"count": 5}}]},
        {"dataPoints": [{"weight": {"weightGrams": "5"}}]},
        {"dataPoints": [{"sleep": {"type": "DEEP"}}]},
    )
    for wrong in answers:
        with pytest.raises(AssertionError):
            check_answer(wrong, "ListDataPointsResponse")


@pytest.mark.recordings
@pytest.mark.parametrize(
    "recorded",
    [
        "active_energy_burned",
        "active_zone_minutes",
        "daily_oxygen_saturation",
        "daily_resting_heart_rate",
        "distance",
        "heart_rate_sample",
        "sleep_stages",
        "steps",
        "weight_manual",
    ],
)
def test_points_have_the_shape_of_recorded_ones(
    shared_api: Api, contract: Path, recorded: str
) -> None:
    """Same fields at the same places, same JSON types."""
    (folder,) = contract.glob("real_django*")
    real = json.loads((folder / f"{recorded}.json").read_text())
    kind = recorded.replace("_sample", "").replace("_stages", "").replace("_manual", "")
    kind = kind.replace("_", "-")
    found = [point for page in shared_api.walk_some(kind) for point in page]
    shapes = {_shape(point) for point in found}
    assert _shape(real) in shapes


def _shape(value: Any, path: str = "") -> frozenset[tuple[str, str]]:
    if isinstance(value, dict):
        parts = (_shape(below, f"{path}.{name}") for name, below in value.items())
        return frozenset().union(*parts) if value else frozenset({(path, "{}")})
    kind = "number" if isinstance(value, int | float) else type(value).__name__
    return frozenset({(path, kind)})


@pytest.mark.recordings
def test_windows_have_the_shape_of_recorded_ones(shared_api: Api, contract: Path) -> None:
    (folder,) = contract.glob("real_google-health-cli*")
    real = json.loads((folder / "steps_rollup.json").read_text())["rollupDataPoints"][0]
    found = windows(shared_api.daily("steps", date(2026, 11, 13), date(2026, 11, 15)))
    assert {_shape(window) for window in found} == {_shape(real)}


@pytest.mark.recordings
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
