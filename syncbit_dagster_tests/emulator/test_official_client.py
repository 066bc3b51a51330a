"""The API's official client, built from the official document, reads the emulator."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document  # type: ignore[import-untyped]
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]

from syncbit_dagster_tests.emulator.api import civil
from syncbit_dagster_tests.emulator.contract import discovery_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.emulator.synthetic import SyntheticPerson
    from syncbit_dagster_tests.emulator.api import Api

FIRST, END = date(2026, 11, 2), date(2026, 11, 20)


def parent(data_type: str) -> str:
    return f"users/me/dataTypes/{data_type}"


@pytest.fixture(scope="module")
def users(shared_api: Api) -> Iterator[Any]:
    service = build_from_document(
        discovery_document(),
        credentials=Credentials(shared_api.token),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": shared_api.emulator.url},
    )
    with closing(service):
        yield service.users()


def walk(method: Any, following: Any, **asked: Any) -> list[dict[str, Any]]:
    """All pages, by the client's own way to the next one."""
    request = method(**asked)
    pages = []
    while request is not None:
        pages.append(request.execute())
        request = following(request, pages[-1])
    return pages


@pytest.mark.parametrize("data_type", ["steps", "sleep", "weight"])
@pytest.mark.parametrize("name", ["list", "reconcile"])
def test_points(users: Any, shared_api: Api, data_type: str, name: str) -> None:
    points = users.dataTypes().dataPoints()
    member = {
        "steps": "interval.civil_start_time",
        "sleep": "interval.civil_end_time",
        "weight": "sample_time.civil_time",
    }[data_type]
    text = f'{data_type}.{member} >= "{FIRST}" AND {data_type}.{member} < "{END}"'
    size = 10_000 if data_type == "steps" else 5
    pages = walk(
        getattr(points, name),
        getattr(points, f"{name}_next"),
        parent=parent(data_type),
        filter=text,
        pageSize=size,
    )
    found = [point for page in pages for point in page.get("dataPoints", [])]
    method = "" if name == "list" else ":reconcile"
    ours = shared_api.walk(data_type, method, filter=text, pageSize=size)
    assert found == [point for page in ours for point in page]
    assert len(pages) > 1 or data_type == "steps"


def test_one_point(users: Any, shared_api: Api) -> None:
    text = f'sleep.interval.civil_end_time >= "{FIRST}"'
    newest, *_ = shared_api.all_points("sleep", filter=text)
    assert users.dataTypes().dataPoints().get(name=newest["name"]).execute() == newest


def test_roll_up(users: Any, shared_api: Api) -> None:
    start, end = "2026-11-11T23:00:00Z", "2026-11-12T23:00:00Z"
    body: dict[str, Any] = {
        "range": {"startTime": start, "endTime": end},
        "windowSize": "60s",
        "pageSize": 500,
    }
    roll_up = users.dataTypes().dataPoints().rollUp
    found: list[Any] = []
    while True:
        answer = roll_up(parent=parent("heart-rate"), body=body).execute()
        found += answer.get("rollupDataPoints", [])
        if "nextPageToken" not in answer:
            break
        body["pageToken"] = answer["nextPageToken"]
    at_once = shared_api.roll_up("heart-rate", start, end).json()
    assert found == at_once["rollupDataPoints"]


def test_daily_roll_up(users: Any, shared_api: Api) -> None:
    body = {"range": {"start": civil(FIRST), "end": civil(END)}}
    for data_type in ("steps", "weight"):
        request = users.dataTypes().dataPoints().dailyRollUp(parent=parent(data_type), body=body)
        assert request.execute() == shared_api.daily(data_type, FIRST, END).json()


def test_devices(users: Any) -> None:
    devices = users.pairedDevices()
    pages = walk(devices.list, devices.list_next, parent="users/me", pageSize=1)
    found = [device for page in pages for device in page["pairedDevices"]]
    assert [device["deviceType"] for device in found] == ["TRACKER", "SCALE"]
    assert len(pages) == 2
    assert devices.get(name=found[1]["name"]).execute() == found[1]


def test_the_account(users: Any, person: SyntheticPerson) -> None:
    assert users.getSettings(name="users/me/settings").execute()["timeZone"] == person.zone.key
    assert "healthUserId" in users.getIdentity(name="users/me/identity").execute()
    assert "membershipStartDate" in users.getProfile(name="users/me/profile").execute()


def test_a_refusal_is_understood(users: Any) -> None:
    with pytest.raises(HttpError, match="floors does not support list") as caught:
        users.dataTypes().dataPoints().list(parent=parent("floors")).execute()
    assert caught.value.status_code == 400
