"""What each answer that is not 200 means, and that nobody reads a token in it."""

from __future__ import annotations

import json
import logging
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.sources.errors import (
    NothingThereError,
    PermissionMissingError,
    ProviderRetiredError,
    QuotaExceededError,
    RequestRefusedError,
    SourceError,
    SourceUnavailableError,
    UnexpectedResponseError,
)
from syncbit_dagster_tests.sources.fitbit_web.fake_api import (
    TOKEN,
    connected,
    fake_api,
    json_answer,
)

if TYPE_CHECKING:
    from pathlib import Path

DAYS = DayRange(date(2026, 6, 1), date(2026, 6, 7))
NIGHTLY = (
    "oxygen_saturation",
    "breathing_rate",
    "heart_rate_variability",
    "skin_temperature",
    "cardio_fitness",
)
OTHERS = (
    "activity_summary",
    "heart_rate",
    "active_zone_minutes",
    "sleep",
    "body",
    "intraday_steps",
)


def body(kind: str, message: str = "") -> dict[str, Any]:
    return {"errors": [{"errorType": kind, "fieldName": "n/a", "message": message}]}


def error_of(directory: Path, status: int, content: bytes, asset: str = "sleep") -> SourceError:
    """What fetching ends in where every request is answered like this."""
    with fake_api(lambda _: (status, content)) as api, connected(api.url, directory) as source:
        with pytest.raises(SourceError) as caught:
            list(source.fetch(asset_named(asset), DAYS))
        return caught.value


@pytest.mark.parametrize(
    ("status", "kind", "error", "words"),
    [
        (400, "validation", RequestRefusedError, "report this as a defect"),
        (403, "insufficient_scope", PermissionMissingError, "tick every box"),
        (403, "insufficient_permissions", PermissionMissingError, "type Personal"),
        (403, "something new", PermissionMissingError, "403 without a reason"),
        (404, "not_found", NothingThereError, "404 not_found"),
        (410, "request", ProviderRetiredError, "SYNCBIT_PROVIDER=google_health"),
        (422, "validation", RequestRefusedError, "422 validation"),
        (302, "request", RequestRefusedError, "302 request"),
        (520, "system", SourceUnavailableError, "try again later"),
    ],
)
def test_each_refusal_has_its_error(
    tmp_path: Path, status: int, kind: str, error: type[SourceError], words: str
) -> None:
    caught = error_of(tmp_path, status, json.dumps(body(kind)).encode())
    assert isinstance(caught, error)
    assert words in str(caught)
    assert "GET /1.2/user/-/sleep/date/2026-06-01/2026-06-07.json" in str(caught)


def test_what_is_final_is_asked_once(tmp_path: Path) -> None:
    for status in (400, 403, 404, 410, 422):
        with (
            fake_api(lambda _: json_answer(body("request"), status)) as api,  # noqa: B023
            connected(api.url, tmp_path) as source,
        ):
            with pytest.raises(SourceError):
                list(source.fetch(asset_named("sleep"), DAYS))
            assert len(api.sent) == 1


@pytest.mark.parametrize("asset", NIGHTLY)
def test_a_night_that_is_not_there_is_no_data(tmp_path: Path, asset: str) -> None:
    with (
        fake_api(lambda _: json_answer(body("not_found"), 404)) as api,
        connected(api.url, tmp_path) as source,
    ):
        (batch,) = source.fetch(asset_named(asset), DAYS)
    assert (len(batch.samples), batch.requests, batch.days) == (0, 1, DAYS)


@pytest.mark.parametrize("asset", OTHERS)
def test_anything_else_that_is_not_there_is_a_refusal(tmp_path: Path, asset: str) -> None:
    content = json.dumps(body("not_found")).encode()
    assert isinstance(error_of(tmp_path, 404, content, asset), RequestRefusedError)


def test_a_page_of_html_is_no_answer(tmp_path: Path) -> None:
    page = b"<!DOCTYPE html><title>We are fixing things</title>"
    assert isinstance(error_of(tmp_path, 200, page), UnexpectedResponseError)
    assert isinstance(error_of(tmp_path, 503, page), SourceUnavailableError)


def test_nothing_of_a_body_is_ever_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = "eyJhbGciOiJIUzI1NiJ9.secret"
    caplog.set_level(logging.DEBUG)
    for status in (400, 401, 403, 404, 410, 422, 429, 500):
        for kind in ("expired_token", f"Access token expired: {secret}"):
            content = json.dumps(body(kind, f"Access token expired: {secret}")).encode()
            error = error_of(tmp_path, status, content)
            assert secret not in f"{error} {error!r} {error.__cause__} {error.__context__}"
    assert caplog.records
    assert secret not in caplog.text
    assert TOKEN not in caplog.text


# Answers that people saw, as far as they are about requests for data.


@pytest.mark.recordings
def test_real_refusals(recordings: Path, tmp_path: Path) -> None:
    file = recordings / "contracts/fitbit_web_api/errors_real/fitbit_errors.json"
    expected = {
        (400, "invalid_grant"): RequestRefusedError,  # at the token endpoint: "authorize again"
        (400, "invalid_request"): RequestRefusedError,
        (400, "validation"): RequestRefusedError,
        (401, "expired_token"): SourceError,  # refreshed first, and that endpoint answers the same
        (401, "validation"): SourceError,
        (403, "insufficient_scope"): PermissionMissingError,
        (403, "insufficient_permissions"): PermissionMissingError,
        (429, "system"): QuotaExceededError,
        (429, "request"): QuotaExceededError,
        (429, None): QuotaExceededError,
        (500, "request"): SourceUnavailableError,
        (504, None): SourceUnavailableError,
        (520, None): SourceUnavailableError,
    }
    seen = set()
    for number, recorded in enumerate(json.loads(file.read_text())):
        if recorded["status"] == 200:  # shapes of data: test_recorded_answers.py
            continue
        content = recorded["body"]
        kind = content["errors"][0]["errorType"] if isinstance(content, dict) else None
        raw = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        error = error_of(tmp_path / str(number), recorded["status"], raw)
        assert isinstance(error, expected[recorded["status"], kind]), recorded
        seen.add((recorded["status"], kind))
    assert seen == set(expected)


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("file", "status", "error"),
    [
        ("fitbit_net_SampleData/ApiError-Request-BadRequest.json", 400, RequestRefusedError),
        ("fitbit_net_SampleData/ApiError-Request-Forbidden.json", 403, PermissionMissingError),
        ("fitbit_net_SampleData/ApiError-Request-StaleToken.json", 401, SourceError),
        ("fitbit_net_SampleData/ApiError-Request-Unauthorized.json", 401, SourceError),
        ("fitbit_net_SampleData/ApiError.json", 429, QuotaExceededError),
        ("jhudsl_fitbitr_2017/bad400Query.response.json", 400, RequestRefusedError),
    ],
)
def test_refusals_of_other_clients(
    recordings: Path, tmp_path: Path, file: str, status: int, error: type[SourceError]
) -> None:
    content = (recordings / "contracts/fitbit_web_api" / file).read_text("utf-8-sig")
    answer = json.loads(content)
    assert isinstance(
        error_of(tmp_path, status, json.dumps(answer.get("body", answer)).encode()), error
    )


def test_a_refused_token_is_not_sent_again(tmp_path: Path) -> None:
    """It is renewed first; where the token endpoint does not work either, that may pass."""
    with (
        fake_api(lambda _: json_answer(body("expired_token"), 401)) as api,
        connected(api.url, tmp_path) as source,
        pytest.raises(SourceUnavailableError),
    ):
        list(source.fetch(asset_named("sleep"), DAYS))
    assert len(api.sent) == 1
