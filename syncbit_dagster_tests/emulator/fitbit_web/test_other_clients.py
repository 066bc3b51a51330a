"""A client that other people wrote for the real service reads the emulator."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import fitbit  # type: ignore[import-untyped]
import pytest
from fitbit.exceptions import (  # type: ignore[import-untyped]
    HTTPBadRequest,
    HTTPForbidden,
    HTTPTooManyRequests,
    HTTPUnauthorized,
)

from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET

if TYPE_CHECKING:
    from syncbit_dagster_tests.emulator.fitbit_web.api import Json, WebApi

DAY, FIRST = "2026-11-13", "2026-11-02"
START, END = datetime(2026, 11, 2), datetime(2026, 11, 13)  # noqa: DTZ001 - days
DAYS = f"date/{FIRST}/{DAY}"


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """oauthlib sends tokens over https only, unless told otherwise, and logs them at DEBUG."""
    caplog.set_level(logging.INFO, "requests_oauthlib")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def python_fitbit(web: WebApi, tokens: list[Json]) -> Any:
    """The client ``fitbit``, whose addresses are attributes."""
    known = {"access_token": web.token, "refresh_token": web.refresh_token}
    client = fitbit.Fitbit(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, refresh_cb=tokens.append, **known)
    client.API_ENDPOINT = web.emulator.url
    client.client.refresh_token_url = f"{web.emulator.url}/oauth2/token"
    return client


def test_python_fitbit_reads_everything(shared_web: WebApi) -> None:
    reader = python_fitbit(shared_web, [])
    steps, week = "activities/steps", {"base_date": DAY, "period": "7d"}
    with closing(reader.client.session):
        found = {
            "profile": reader.user_profile_get(),
            "devices": reader.get_devices(),
            f"activities/date/{DAY}": reader.activities(date(2026, 11, 13)),
            f"{steps}/{DAYS}": reader.time_series(steps, base_date=FIRST, end_date=DAY),
            f"activities/heart/date/{DAY}/7d": reader.time_series("activities/heart", **week),
            f"{steps}/date/{DAY}/1d/1min": reader.intraday_time_series(steps, DAY, "1min"),
            f"{steps}/date/{DAY}/1d/15min/time/10:00/11:30": reader.intraday_time_series(
                steps, DAY, "15min", "10:00", "11:30"
            ),
            f"body/log/weight/date/{DAY}/1m": reader.get_bodyweight(base_date=DAY, period="1m"),
        }
    for path, answer in found.items():
        assert answer == shared_web.json(path), path


def test_python_fitbit_understands_refusals_and_refreshes(web: WebApi) -> None:
    switches, tokens = web.emulator.fitbit_web, list[Any]()
    switches.untick("heartrate")
    web.log_in()
    client = python_fitbit(web, tokens)
    with closing(client.client.session):
        for _ in range(2):
            switches.expire_access_tokens()
            assert len(client.get_devices()) == 2
        web.token = tokens[-1]["access_token"]
        assert len({token["refresh_token"] for token in tokens}) == 2
        with pytest.raises(HTTPForbidden, match="permission to access heartrate data"):
            client.time_series("activities/heart", period="1d")
        with pytest.raises(HTTPBadRequest, match="Invalid time series resource path"):
            client.time_series("activities/superjump", period="1d")
        while web.get("devices").status_code == 200:
            pass
        with pytest.raises(HTTPTooManyRequests) as caught:
            client.get_devices()
        assert caught.value.retry_after_secs == 3600
        switches.revoke()
        with pytest.raises(HTTPUnauthorized, match="Access token invalid"):
            client.get_devices()
