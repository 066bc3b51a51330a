"""Every request that the source sends, against Fitbit's own description of the API."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.catalog import ASSETS, Asset, asset_named
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.sources.errors import SourceError
from syncbit_dagster.sources.fitbit_web.scopes import SCOPES
from syncbit_dagster_tests.sources.fitbit_web.fake_api import (
    TOKEN,
    Sent,
    connected,
    fake_api,
    json_answer,
)

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]

ONE_DAY = DayRange(date(2024, 2, 29), date(2024, 2, 29))
LONG = DayRange(date(2020, 2, 29), date(2024, 3, 31))
# Scopes in Fitbit's description are wider than what the reference says of each endpoint.
SCOPE_OF = {
    "activity_summary": "activity",
    "heart_rate": "heartrate",
    "active_zone_minutes": "activity",
    "sleep": "sleep",
    "oxygen_saturation": "oxygen_saturation",
    "breathing_rate": "respiratory_rate",
    "heart_rate_variability": "heartrate",
    "skin_temperature": "temperature",
    "cardio_fitness": "cardio_fitness",
    "body": "weight",
    "intraday_heart_rate": "heartrate",
    "devices": "settings",
}


@pytest.fixture
def description(recordings: Path) -> Json:
    """Fitbit's description of the API."""
    file = recordings / "contracts/fitbit_web_api/fitbit-web-api-openapi-fixed.json"
    found: Json = json.loads(file.read_text())
    return found


def sent_for(asset: Asset, days: DayRange, directory: Path) -> list[Sent]:
    """What is sent for an asset; the answers do not matter."""
    with (
        fake_api(lambda path: json_answer(_empty(path))) as api,
        connected(api.url, directory) as source,
    ):
        if asset.is_partitioned:
            list(source.fetch(asset, days))
        else:
            source.fetch_current(asset)
    return api.sent


def _empty(path: str) -> Any:
    """The answer of an account that has nothing."""
    parts = path.split("/")
    if "spo2" in path or path.endswith("devices.json"):
        return []
    name = f"activities-{parts[5]}" if "activities" in path else ""
    if re.fullmatch(r".*/activities/date/[^/]+", path):
        return {"activities": [], "goals": {}, "summary": {}}
    lists = {
        "temp": "tempSkin",
        "cardioscore": "cardioScore",
        "body": parts[6] if len(parts) > 6 else "",
    }
    key = name or lists.get(parts[4], parts[4])
    return {key: [], f"{key}-intraday": {}}


def template_of(description: Json, path: str) -> tuple[str, Json, dict[str, str]]:
    """The documented path that a request calls, its GET and the values in the path."""
    for template, methods in description["paths"].items():
        pieces = re.split(r"\{([\w-]+)\}", template)  # fixed text and names in turns
        names = pieces[1::2]
        match = re.fullmatch("([^/]+?)".join(map(re.escape, pieces[::2])), path)
        if match is None or "get" not in methods:
            continue
        values = dict(zip(names, match.groups(), strict=True))
        if fits(methods["get"], values):
            return template, methods["get"], values
    raise AssertionError(f"GET {path} is not documented")


def fits(method: Json, values: dict[str, str]) -> bool:
    """Whether each value is one of those that are documented, and dates are dates."""
    for parameter in method.get("parameters", []):
        value = values.get(parameter["name"])
        if value is None:
            continue
        if "date" in parameter["name"].lower() and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return False
        if value not in parameter["schema"].get("enum", [value]):
            return False
        if parameter["name"] == "period" and value not in (
            "1d",
            "7d",
            "30d",
            "1w",
            "1m",
            "3m",
            "6m",
            "1y",
        ):
            return False
    return True


@pytest.mark.recordings
@pytest.mark.parametrize("days", [ONE_DAY, LONG], ids=str)
@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_requests_are_as_documented(
    description: Json, tmp_path: Path, asset: Asset, days: DayRange
) -> None:
    days = days if not asset.is_intraday else days.chunks(3)[0]
    sent = sent_for(asset, days, tmp_path)
    assert sent
    (flow,) = description["components"]["securitySchemes"]["oauth2"]["flows"].values()
    for request in sent:
        _, method, values = template_of(description, request.path)
        required = {one["name"] for one in method.get("parameters", []) if one.get("required")}
        assert required <= set(values)
        assert "?" not in request.path
        documented = {scope for one in method["security"] for scope in one["oauth2"]}
        assert SCOPE_OF.get(asset.name, "activity") in documented
    assert set(SCOPES) <= set(flow["scopes"])


@pytest.mark.recordings
def test_the_profile_is_as_documented(description: Json, tmp_path: Path) -> None:
    with (
        fake_api(
            lambda path: json_answer([] if "devices" in path else {"user": {"timezone": "UTC"}})
        ) as api,
        connected(api.url, tmp_path) as source,
    ):
        source.profile()
    assert [template_of(description, one.path)[0] for one in api.sent] == [
        "/1/user/-/profile.json",
        "/1/user/-/devices.json",
    ]


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_nothing_but_the_path_and_the_token_decides_the_answer(
    tmp_path: Path, asset: Asset
) -> None:
    """No Accept-Language: with it, distances come in miles or weights in stones."""
    for request in sent_for(asset, ONE_DAY, tmp_path):
        names = {name.lower() for name in request.headers}
        assert names <= {
            "host",
            "user-agent",
            "accept",
            "accept-encoding",
            "connection",
            "authorization",
        }
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert "language" not in " ".join(names)


def test_the_scopes_are_those_of_the_assets() -> None:
    assert {"profile", *SCOPE_OF.values()} == set(SCOPES)
    assert len(set(SCOPES)) == len(SCOPES)


def test_broken_json_is_an_error(tmp_path: Path) -> None:
    with (
        fake_api(lambda _: (200, b'{"sleep": [')) as api,
        connected(api.url, tmp_path) as source,
        pytest.raises(SourceError, match="no JSON"),
    ):
        list(source.fetch(asset_named("sleep"), ONE_DAY))
