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
PARENT = "users/me/dataTypes/"


@pytest.fixture(scope="module")
def users(shared_api: Api) -> Iterator[Any]:
    service = build_from_document(
        discovery_document(),
        credentials=Credentials(shared_api.token),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": shared_api.emulator.url},
    )
    with closing(service):
        yield service.users()


def walk(resource: Any, name: str, **asked: Any) -> list[dict[str, Any]]:
    """All pages, by the client's own way to the next one."""
    request = getattr(resource, name)(**asked)
    pages = []
    while request is not None:
        pages.append(request.execute())
        request = getattr(resource, f"{name}_next")(request, pages[-1])
    return pages


@pytest.mark.parametrize(
    ("data_type", "member", "size"),
    [
        ("steps", "interval.civil_start_time", 1000),
        ("sleep", "interval.civil_end_time", 5),
        ("weight", "sample_time.civil_time", 5),
    ],
)
def test_points(users: Any, shared_api: Api, data_type: str, member: str, size: int) -> None:
    points = users.dataTypes().dataPoints()
    text = f'{data_type}.{member} >= "{FIRST}" AND {data_type}.{member} < "{END}"'
    for name, method in (("list", ""), ("reconcile", ":reconcile")):
        pages = walk(points, name, parent=PARENT + data_type, filter=text, pageSize=size)
        found = [point for page in pages for point in page.get("dataPoints", [])]
        assert found == shared_api.all_points(data_type, method, filter=text, pageSize=size)
        assert len(pages) > 1
    if data_type != "steps":
        newest = shared_api.all_points(data_type, filter=text)[0]
        assert points.get(name=newest["name"]).execute() == newest


def test_roll_ups(users: Any, shared_api: Api) -> None:
    points = users.dataTypes().dataPoints()
    span = ("2026-11-11T23:00:00Z", "2026-11-12T23:00:00Z")
    body: dict[str, Any] = {
        "range": dict(zip(("startTime", "endTime"), span, strict=True)),
        "windowSize": "60s",
        "pageSize": 500,
        "pageToken": "",
    }
    found: list[Any] = []
    while body["pageToken"] is not None:
        answer = points.rollUp(parent=f"{PARENT}heart-rate", body=body).execute()
        found += answer.get("rollupDataPoints", [])
        body["pageToken"] = answer.get("nextPageToken")
    assert found == shared_api.roll_up("heart-rate", *span).json()["rollupDataPoints"]
    days = {"range": {"start": civil(FIRST), "end": civil(END)}}
    for data_type in ("steps", "weight"):
        request = points.dailyRollUp(parent=PARENT + data_type, body=days)
        assert request.execute() == shared_api.daily(data_type, FIRST, END).json()


def test_account_and_devices(users: Any, person: SyntheticPerson) -> None:
    assert users.getSettings(name="users/me/settings").execute()["timeZone"] == person.zone.key
    assert "healthUserId" in users.getIdentity(name="users/me/identity").execute()
    started = users.getProfile(name="users/me/profile").execute()["membershipStartDate"]
    assert date(**started) == person.first_day
    devices = users.pairedDevices()
    pages = walk(devices, "list", parent="users/me", pageSize=1)
    (tracker,), (scale,) = (page["pairedDevices"] for page in pages)
    assert (tracker["deviceType"], scale["deviceType"]) == ("TRACKER", "SCALE")
    assert devices.get(name=scale["name"]).execute() == scale


def test_a_refusal_is_understood(users: Any) -> None:
    with pytest.raises(HttpError, match="floors does not support list") as caught:
        users.dataTypes().dataPoints().list(parent=f"{PARENT}floors").execute()
    assert caught.value.status_code == 400
