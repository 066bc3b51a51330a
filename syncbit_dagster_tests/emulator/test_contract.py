"""Every answer fits the API's discovery document, and recorded answers have the same shape.

The client of these tests checks each answer that it gets against the document.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.emulator.google_health.data_types import DATA_TYPES
from syncbit_dagster.emulator.google_health.rules import Operation
from syncbit_dagster_tests.emulator.api import reason, windows
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


def test_a_type_answers_its_operations_and_no_others(shared_api: Api) -> None:
    ask: dict[Operation, Callable[[str], requests.Response]] = {
        Operation.LIST: lambda name: shared_api.points(name, pageSize=30),
        Operation.RECONCILE: lambda name: shared_api.points(name, ":reconcile", pageSize=31),
        Operation.ROLL_UP: lambda name: shared_api.roll_up(name, *DAY),
        Operation.DAILY_ROLL_UP: lambda name: shared_api.daily(
            name, date(2026, 11, 8), date(2026, 11, 20)
        ),
        Operation.GET: lambda name: shared_api.points(name, "/1"),
    }
    for data_type in DATA_TYPES.values():
        for operation, send in ask.items():
            answer, what = send(data_type.id), f"{operation} of {data_type.id}"
            if operation not in data_type.operations:
                assert reason(answer) == (400, "UNSUPPORTED_DATA_TYPE_ACTION"), what
            elif operation is Operation.GET:
                assert reason(answer) == (404, None), what
            else:
                assert answer.json(), what


def test_types_that_live_accounts_saw_refuse() -> None:
    """The facts behind the table, said once more in another form."""

    def without(operation: Operation) -> set[str]:
        return {t.id for t in DATA_TYPES.values() if operation not in t.operations}

    daily = {name for name in DATA_TYPES if name.startswith("daily-")}
    calories = {"total-calories", "calories-in-heart-rate-zone"}
    assert without(Operation.LIST) == {"floors", *calories}
    assert without(Operation.ROLL_UP) == daily | {"sleep", "height"}
    short = {t.id for t in DATA_TYPES.values() if t.rollup and t.rollup.cap_days == 14}
    assert short == {"heart-rate", "active-minutes", *calories}


def test_a_point_has_one_name_whichever_method_tells_it(shared_api: Api) -> None:
    for data_type in [t.id for t in DATA_TYPES.values() if Operation.GET in t.operations]:
        text = 'sleep.interval.civil_end_time >= "2026-11-01"' if data_type == "sleep" else ""
        listed, reconciled = (
            shared_api.all_points(data_type, how, filter=text)[-1] for how in ("", ":reconcile")
        )
        assert reconciled.pop("dataPointName") == listed["name"]
        assert reconciled == {key: listed[key] for key in listed.keys() - {"name", "dataSource"}}
        _, _, path = listed["name"].split("/", 2)
        assert shared_api.get(path).json() == listed


@pytest.mark.parametrize(
    "wrong",
    [
        {"dataPoints": {}},
        {"datapoints": []},
        {"dataPoints": [{"steps": {"count": 5}}]},
        {"dataPoints": [{"weight": {"weightGrams": "5"}}]},
        {"dataPoints": [{"sleep": {"type": "DEEP"}}]},
    ],
)
def test_the_check_would_find_what_is_wrong(wrong: object) -> None:
    with pytest.raises(AssertionError):
        check_answer(wrong, "ListDataPointsResponse")


@pytest.mark.recordings
def test_points_have_the_shape_of_recorded_ones(shared_api: Api, contract: Path) -> None:
    """Same fields at the same places, same JSON types."""
    (folder,) = contract.glob("real_django*")
    for recorded, data_type in {
        **{name: name for name in ("active_energy_burned", "active_zone_minutes", "distance")},
        **{name: name for name in ("daily_oxygen_saturation", "daily_resting_heart_rate", "steps")},
        "heart_rate_sample": "heart_rate",
        "sleep_stages": "sleep",
        "weight_manual": "weight",
    }.items():
        real = json.loads((folder / f"{recorded}.json").read_text())
        found: list[Any] = []
        token: str | None = ""
        while token is not None and not found:  # a page may be empty
            page = shared_api.points(data_type.replace("_", "-"), pageSize=1000, pageToken=token)
            found, token = page.json().get("dataPoints", []), page.json().get("nextPageToken")
        assert _shape(real) in {_shape(point) for point in found}, recorded


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
def test_a_refusal_is_a_known_one(api: Api, contract: Path) -> None:
    folder = contract / "synthetic_errors_allenporter"
    known = json.loads((folder / "unauthenticated.json").read_text())
    api.token = ""
    answer = api.points("steps").json()
    for body in (known, answer):
        body["error"].pop("message")
    assert answer == known
