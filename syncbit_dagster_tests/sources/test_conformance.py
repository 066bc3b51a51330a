"""Every request that the source sends, against the official discovery document."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.catalog import ASSETS, Asset
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.quota import Budget
from syncbit_dagster.sources.google_health import GoogleHealthSource
from syncbit_dagster.sources.google_health.client import GoogleHealthClient
from syncbit_dagster.sources.google_health.refusals import refusal
from syncbit_dagster.sources.google_health.scopes import SCOPES
from syncbit_dagster.sources.http import ApiClient
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster_tests.emulated import emulated_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PERSON = SyntheticPerson(zone=ZoneInfo("America/New_York"), first_day=date(2025, 1, 1), seed=3)
DAYS = DayRange(date(2025, 2, 20), date(2025, 3, 31))
Json = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    method: str
    path: str
    params: Json = field(default_factory=dict)
    body: Json = field(default_factory=dict)


class RecordingApi(ApiClient):
    """Keeps every request that it sends."""

    def record(self) -> None:
        self.requests: list[Sent] = []

    def get(self, path: str, params: Any = None) -> Json:
        self.requests.append(Sent("GET", path, params=dict(params or {})))
        return super().get(path, params)

    def get_page(self, path: str, params: Any) -> Json:
        self.requests.append(Sent("GET", path, params=dict(params)))
        return super().get_page(path, params)

    def post(self, path: str, body: Any) -> Json:
        self.requests.append(Sent("POST", path, body=dict(body)))
        return super().post(path, body)


@pytest.fixture(scope="module")
def document() -> Json:
    """The API's own description, from the package of its official client."""
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    found: Json = json.loads((folder / "health.v4.json").read_text())
    return found


@pytest.fixture
def source(tmp_path: Path) -> Iterator[GoogleHealthSource]:
    with emulated_account(
        PERSON, tmp_path, now=lambda: datetime(2025, 6, 1, tzinfo=UTC)
    ) as account:
        own = account.settings().account
        api = RecordingApi(own.api_url, AccessTokens(own), Budget(own.quota), refusal)
        api.record()
        yield GoogleHealthSource(own, GoogleHealthClient(api), lambda _: 300)
        api.close()


def methods(node: Json) -> Iterator[Json]:
    """All methods of a discovery document."""
    for resource in node.get("resources", {}).values():
        yield from resource.get("methods", {}).values()
        yield from methods(resource)


def method_of(document: Json, sent: Sent) -> Json:
    """The documented method that a request calls."""
    for method in methods(document):
        pattern = re.sub(r"\{\+?\w+\}", "[^:]+", method["flatPath"])
        if method["httpMethod"] == sent.method and re.fullmatch(pattern, sent.path.lstrip("/")):
            return method
    raise AssertionError(f"{sent.method} {sent.path} is not documented")


def assert_known_fields(document: Json, body: Json, schema: str) -> None:
    """A body has only documented fields, as deep as it goes."""
    properties = document["schemas"][schema]["properties"]
    for name, value in body.items():
        assert name in properties, f"{schema}.{name}"
        if isinstance(value, dict):
            assert_known_fields(document, value, properties[name]["$ref"])


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_requests_are_as_documented(
    document: Json, source: GoogleHealthSource, asset: Asset
) -> None:
    if asset.is_partitioned:
        list(source.fetch(asset, DAYS))
    else:
        source.fetch_current(asset)
    api = source.client.api
    assert isinstance(api, RecordingApi)
    assert api.requests
    for sent in api.requests:
        method = method_of(document, sent)
        assert set(sent.params) <= set(method["parameters"]) | set(document["parameters"])
        assert set(method["scopes"]) & set(SCOPES)
        if sent.body:
            assert_known_fields(document, sent.body, method["request"]["$ref"])


def test_every_reading_is_asked_for_as_documented(
    document: Json, source: GoogleHealthSource
) -> None:
    raw = GoogleHealthSource(source.account, source.client, lambda _: 1)
    asset = next(asset for asset in ASSETS if asset.name == "intraday_heart_rate")
    list(raw.fetch(asset, DayRange(DAYS.first, DAYS.first)))
    api = source.client.api
    assert isinstance(api, RecordingApi)
    assert len(api.requests) > 1  # several pages, walked to the end
    for sent in api.requests:
        method = method_of(document, sent)
        assert set(sent.params) <= set(method["parameters"]) | set(document["parameters"])
    tokens = [sent.params.get("pageToken") for sent in api.requests]
    assert len(set(tokens)) == len(tokens)


def test_the_scopes_we_ask_for_are_documented_and_only_read(document: Json) -> None:
    known = document["auth"]["oauth2"]["scopes"]
    assert set(SCOPES) <= set(known)
    assert all(scope.endswith(".readonly") for scope in SCOPES)
