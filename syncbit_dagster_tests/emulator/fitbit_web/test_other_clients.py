"""Clients that other people wrote for the real service read the emulator.

Both have the service's address built in, so their sessions are sent elsewhere.
"""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import fitbit  # type: ignore[import-untyped]
import pytest
from fitbit.exceptions import (  # type: ignore[import-untyped]
    HTTPBadRequest,
    HTTPForbidden,
    HTTPNotFound,
    HTTPTooManyRequests,
    HTTPUnauthorized,
)
from fitbit_api import FitbitClient, RateLimitException  # type: ignore[import-untyped]
from requests_oauthlib import OAuth2Session

from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from syncbit_dagster.emulator.fitbit_web.scopes import SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.emulator.synthetic import SyntheticPerson
    from syncbit_dagster_tests.emulator.fitbit_web.api import Json, WebApi

REAL = "https://api.fitbit.com"
DAY, FIRST = "2026-11-13", "2026-11-02"
REDIRECT = "http://localhost:8080/callback"


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """oauthlib sends tokens over https only, unless told otherwise."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def python_fitbit(web: WebApi, system: str, tokens: list[Json]) -> Any:
    """The client ``fitbit``, whose addresses are attributes."""
    client = fitbit.Fitbit(
        DEMO_CLIENT_ID,
        DEMO_CLIENT_SECRET,
        access_token=web.token,
        refresh_token=web.refresh_token,
        refresh_cb=tokens.append,
        system=system,
    )
    client.API_ENDPOINT = web.emulator.url
    client.client.refresh_token_url = f"{web.emulator.url}/oauth2/token"
    return client


@pytest.fixture
def reader(shared_web: WebApi) -> Iterator[Any]:
    client = python_fitbit(shared_web, fitbit.Fitbit.METRIC, [])
    with closing(client.client.session):
        yield client


def test_profile_and_devices(reader: Any, shared_web: WebApi) -> None:
    assert reader.user_profile_get() == shared_web.json("profile")
    assert reader.get_devices() == shared_web.json("devices")


def test_summary_and_series(reader: Any, shared_web: WebApi) -> None:
    assert reader.activities(date(2026, 11, 13)) == shared_web.json(f"activities/date/{DAY}")
    for resource in ("activities/steps", "activities/heart", "body/weight"):
        found = reader.time_series(resource, base_date=FIRST, end_date=DAY)
        assert found == shared_web.json(f"{resource}/date/{FIRST}/{DAY}")
        week = reader.time_series(resource, base_date=DAY, period="7d")
        assert week == shared_web.json(f"{resource}/date/{DAY}/7d")


def test_values_within_the_day(reader: Any, shared_web: WebApi) -> None:
    for resource, level in (("steps", "1min"), ("heart", "1sec"), ("calories", "15min")):
        name = f"activities/{resource}"
        found = reader.intraday_time_series(name, DAY, level)
        assert found == shared_web.json(f"{name}/date/{DAY}/1d/{level}")
        window = reader.intraday_time_series(name, DAY, level, "10:00", "11:30")
        path = f"{name}/date/{DAY}/1d/{level}/time/10:00/11:30"
        assert window == shared_web.json(path)


def test_sleep(reader: Any, shared_web: WebApi) -> None:
    """This client is older than version 1.2 of sleep."""
    reader.API_VERSION = 1.2
    found = reader.get_sleep(datetime(2026, 11, 13))  # noqa: DTZ001 - a day
    assert found == shared_web.json(f"sleep/date/{DAY}", version="1.2")
    assert found["sleep"]


def test_body_logs(reader: Any, shared_web: WebApi) -> None:
    month = {"base_date": DAY, "period": "1m"}
    assert reader.get_bodyweight(**month) == shared_web.json(f"body/log/weight/date/{DAY}/1m")
    week = {"base_date": FIRST, "end_date": DAY}
    found = reader.get_bodyfat(**week)
    assert found == shared_web.json(f"body/log/fat/date/{FIRST}/{DAY}")
    assert found["fat"]


def test_its_units(shared_web: WebApi) -> None:
    """It asks for American units unless told otherwise."""
    client = python_fitbit(shared_web, fitbit.Fitbit.US, [])
    with closing(client.client.session):
        (found,) = client.time_series("activities/distance", base_date=DAY, period="1d").values()
    (metric,) = shared_web.json(f"activities/distance/date/{DAY}/1d").values()
    miles, kilometers = float(found[0]["value"]), float(metric[0]["value"])
    assert miles == pytest.approx(kilometers / 1.609344, abs=1e-4)


def test_its_errors(web: WebApi) -> None:
    switches = web.emulator.fitbit_web
    switches.untick("heartrate")
    web.log_in()
    client = python_fitbit(web, fitbit.Fitbit.METRIC, [])
    with closing(client.client.session):
        with pytest.raises(HTTPForbidden, match="permission to access heartrate data"):
            client.time_series("activities/heart", period="1d")
        with pytest.raises(HTTPBadRequest, match="Invalid time series resource path"):
            client.time_series("activities/superjump", period="1d")
        with pytest.raises(HTTPBadRequest, match="Invalid period: max"):
            client.get_bodyweight(period="max")
        with pytest.raises(HTTPNotFound, match="could not be found"):
            client.food_units()
        while web.get("devices").status_code == 200:
            pass
        with pytest.raises(HTTPTooManyRequests) as caught:
            client.get_devices()
        assert caught.value.retry_after_secs == 3600
        switches.revoke()
        with pytest.raises(HTTPUnauthorized, match="Access token invalid"):
            client.get_devices()


def test_it_refreshes_its_tokens(web: WebApi) -> None:
    tokens: list[Json] = []
    client = python_fitbit(web, fitbit.Fitbit.METRIC, tokens)
    web.emulator.fitbit_web.expire_access_tokens()
    with closing(client.client.session):
        assert len(client.get_devices()) == 2
        assert len(tokens) == 1
        web.emulator.fitbit_web.expire_access_tokens()
        assert len(client.get_devices()) == 2
    assert len({token["refresh_token"] for token in tokens}) == 2


class Redirected(OAuth2Session):
    """A session that goes to the emulator wherever it is sent."""

    url = ""

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        return super().request(method, url.replace(REAL, self.url), *args, **kwargs)


def fitbit_api_client(web: WebApi, **token: object) -> Any:
    """The client ``fitbit-api``, whose session can be replaced."""

    class Session(Redirected):
        url = web.emulator.url

    class Client(FitbitClient):  # type: ignore[misc]
        _OAuth2Session = Session

    tokens = {"access_token": web.token, "refresh_token": web.refresh_token} | token
    return Client.create_using_token(
        tokens, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, REDIRECT, scope=list(SCOPES)
    )


@pytest.fixture
def other_reader(shared_web: WebApi) -> Iterator[Any]:
    client = fitbit_api_client(shared_web)
    with closing(client.session):
        yield client


def test_the_other_client(other_reader: Any, shared_web: WebApi, person: SyntheticPerson) -> None:
    """Every method of it that the emulator has an answer to."""
    first, last = datetime(2026, 11, 2), datetime(2026, 11, 13)  # noqa: DTZ001 - days
    days = f"date/{FIRST}/{DAY}"
    calls = {
        f"activities/date/{DAY}": other_reader.get_activities_by_date(last),
        f"activities/steps/{days}": other_reader.get_activities_resource_by_date_range(
            "steps", first, last
        ),
        f"activities/floors/date/{DAY}/1m": other_reader.get_activities_resource_by_date_period(
            "floors", last, "1m"
        ),
        f"activities/calories/date/{DAY}/1d/15min": (
            other_reader.get_activities_resource_by_date_intraday("calories", last, "15min")
        ),
        # The one method that takes a day as text.
        f"activities/heart/{days}": other_reader.get_heart_by_date_range(FIRST, last),
        f"activities/heart/date/{DAY}/1d/1sec": other_reader.get_heart_by_date_intraday(
            last, "1sec"
        ),
        f"body/log/weight/{days}": other_reader.get_weight_by_date_range(first, last),
        f"body/log/fat/date/{DAY}": other_reader.get_body_fat_by_date(last),
        f"body/bmi/{days}": other_reader.get_body_resource_by_date_range("bmi", first, last),
        "devices": other_reader.get_devices(),
        "profile": other_reader.get_profile(),
    }
    for path, found in calls.items():
        assert found == shared_web.json(path), path
    sleep = other_reader.get_sleep_by_date_range(first, last)
    assert sleep == shared_web.json(f"sleep/{days}", version="1.2")
    made = [each for day in range(2, 14) for each in person.sleep(date(2026, 11, day))]
    assert len(sleep["sleep"]) == len(made)


def test_the_other_client_refreshes_its_tokens(web: WebApi) -> None:
    """By its own clock, before it asks."""
    client = fitbit_api_client(web, expires_at=1)
    with closing(client.session):
        assert len(client.get_devices()) == 2
        assert client.session.token["refresh_token"] != web.refresh_token


def test_the_other_client_waits_for_the_hour(web: WebApi) -> None:
    while web.get("devices").status_code == 200:
        pass
    client = fitbit_api_client(web)
    with closing(client.session), pytest.raises(RateLimitException) as caught:
        client.get_devices()
    assert caught.value.retry_after == "3600"
