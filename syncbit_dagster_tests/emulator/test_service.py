"""What surrounds the data: account, partial and compressed answers, switches for tests."""

from __future__ import annotations

import queue
import socket
import threading
from datetime import date
from typing import TYPE_CHECKING

import pytest
import requests
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.emulator.google_health import wire
from syncbit_dagster.emulator.google_health.errors import ApiRefusal
from syncbit_dagster.emulator.google_health.filters import parse_instant
from syncbit_dagster.emulator.google_health.partial import apply_mask, parse_mask
from syncbit_dagster.emulator.server import running_emulator, serve_forever
from syncbit_dagster_tests.emulator.api import Api, reason

if TYPE_CHECKING:
    from syncbit_dagster.emulator.synthetic import SyntheticPerson

DAY = ("2026-11-12T00:00:00Z", "2026-11-13T00:00:00Z")
STEPS_DAY = (
    'steps.interval.civil_start_time >= "2026-11-12" AND '
    'steps.interval.civil_start_time < "2026-11-13"'
)


def test_the_account(shared_api: Api, person: SyntheticPerson) -> None:
    assert shared_api.get("settings").json()["timeZone"] == "Europe/Berlin"
    started = shared_api.get("profile").json()["membershipStartDate"]
    assert date(**started) == person.first_day
    assert set(shared_api.get("identity").json()) == {"name", "healthUserId", "legacyUserId"}


def test_partial_answers(shared_api: Api) -> None:
    mask = "dataPoints(steps(count,interval/startTime)),nextPageToken"
    full = shared_api.points("steps", filter=STEPS_DAY, pageSize=50)
    part = shared_api.points("steps", filter=STEPS_DAY, pageSize=50, fields=mask)
    assert set(part.json()) == {"dataPoints", "nextPageToken"}
    expected = [
        {
            "steps": {
                "count": steps["count"],
                "interval": {"startTime": steps["interval"]["startTime"]},
            }
        }
        for steps in (point["steps"] for point in full.json()["dataPoints"])
    ]
    assert part.json()["dataPoints"] == expected
    assert len(part.content) < len(full.content) / 3
    token = full.json()["nextPageToken"]
    rest = shared_api.points("steps", filter=STEPS_DAY, pageSize=50, pageToken=token, fields=mask)
    assert rest.status_code == 200  # a mask is no part of the request that a token belongs to
    only = shared_api.points("steps", filter=STEPS_DAY, pageSize=50, fields="dataPoints/dataSource")
    assert set(only.json()) == {"dataPoints"}
    url = f"{shared_api.emulator.url}/v4/users/me/dataTypes/steps/dataPoints:rollUp"
    bounds = {"startTime": DAY[0], "endTime": DAY[1]}
    body = {"range": bounds, "windowSize": "3600s", "pageSize": 24}
    answer = shared_api.session.post(
        url,
        json=body,
        params={"fields": "rollupDataPoints(startTime)"},
        headers={"Authorization": f"Bearer {shared_api.token}"},
    )
    assert {tuple(point) for point in answer.json()["rollupDataPoints"]} == {("startTime",)}


@pytest.mark.parametrize("mask", ["a(b", "a)", "a,,b", ",a", "a(b))", "a/", "a b", "a;b"])
def test_masks_that_cannot_be_read(mask: str) -> None:
    with pytest.raises(ApiRefusal):
        parse_mask(mask)


def test_masks() -> None:
    assert parse_mask("a(b,c/d),e") == {"a": {"b": {}, "c": {"d": {}}}, "e": {}}
    value = {"a": [{"b": 1, "c": {"d": 2, "x": 3}, "y": 4}, {"y": 5}], "e": {"f": 6}, "z": 7}
    assert apply_mask(value, parse_mask("a(b,c/d),e")) == {
        "a": [{"b": 1, "c": {"d": 2}}, {}],
        "e": {"f": 6},
    }


def test_answers_are_compressed_on_request(shared_api: Api) -> None:
    packed = shared_api.roll_up("steps", *DAY)
    assert packed.headers["Content-Encoding"] == "gzip"
    shared_api.session.headers["Accept-Encoding"] = "identity"
    try:
        plain = shared_api.roll_up("steps", *DAY)
    finally:
        shared_api.session.headers["Accept-Encoding"] = "gzip"
    assert "Content-Encoding" not in plain.headers
    assert plain.json() == packed.json()


def test_ordered_failures(api: Api) -> None:
    api.emulator.fail_next(503, times=2, retry_after="7")
    api.emulator.fail_next(500, body={"error": {"code": 500, "status": "INTERNAL"}})
    answers = [api.get("identity") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 503, 500, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert "Retry-After" not in answers[2].headers
    assert answers[2].json() == {"error": {"code": 500, "status": "INTERNAL"}}


def test_requests_for_data_are_counted(api: Api) -> None:
    api.get("settings")
    api.roll_up("steps", *DAY)
    api.points("floors")
    prefix = "/v4/users/me"
    assert api.emulator.calls == [
        ("GET", f"{prefix}/settings", 200),
        ("POST", f"{prefix}/dataTypes/steps/dataPoints:rollUp", 200),
        ("GET", f"{prefix}/dataTypes/floors/dataPoints", 400),
    ]
    api.emulator.calls.clear()
    api.log_in()
    assert api.emulator.calls == []


def test_the_port_is_free_again(person: SyntheticPerson) -> None:
    with running_emulator(person) as emulator:
        port = int(emulator.url.rsplit(":", 1)[1])
        assert reason(requests.get(f"{emulator.url}/v4/users/me/identity", timeout=5))[0] == 401
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    with running_emulator(person, port=port) as emulator:
        assert emulator.url.endswith(f":{port}")


def test_serving_in_the_foreground(
    person: SyntheticPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts requests when it says so, and ends like any uvicorn server."""
    made: list[uvicorn.Server] = []
    run = uvicorn.Server.run

    def remember(self: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        made.append(self)
        run(self, sockets)

    monkeypatch.setattr(uvicorn.Server, "run", remember)
    urls: queue.Queue[str] = queue.Queue()
    thread = threading.Thread(target=serve_forever, args=(person, 0, urls.put), daemon=True)
    thread.start()
    url = urls.get(timeout=10)
    assert requests.get(f"{url}/v4/users/me/identity", timeout=5).status_code == 401
    made[0].should_exit = True
    thread.join(10)
    assert not thread.is_alive()


@given(milliseconds=st.integers(0, 4_102_444_800_000))
def test_instants_read_back_the_same(milliseconds: int) -> None:
    assert parse_instant(wire.instant(milliseconds).strip('"')) == milliseconds


def test_the_wire_form_of_values() -> None:
    assert wire.int64(42) == '"42"'
    assert [wire.double(value) for value in (1.0, 0.1, float("nan"))] == ["1.0", "0.1", '"NaN"']
    assert [wire.duration(value) for value in (1_800_000, -14_400_000, 1_576_800, 500)] == [
        '"1800s"',
        '"-14400s"',
        '"1576.800s"',
        '"0.500s"',
    ]
    assert wire.civil(0) == '{"date":{"year":1970,"month":1,"day":1},"time":{}}'
    late = '{"hours":23,"minutes":59,"seconds":1,"nanos":5000000}'
    assert wire.civil(86_341_005) == f'{{"date":{{"year":1970,"month":1,"day":1}},"time":{late}}}'
