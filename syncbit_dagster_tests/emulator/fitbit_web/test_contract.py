"""Every answer fits Fitbit's description, and has the shape of real answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import ValidationError  # type: ignore[import-untyped]

from syncbit_dagster_tests.emulator.fitbit_web.swagger import Description, description

if TYPE_CHECKING:
    from pathlib import Path

    import requests

    from syncbit_dagster_tests.emulator.fitbit_web.api import WebApi

pytestmark = pytest.mark.recordings

DAY, DAYS, BEFORE = "2026-11-13", "2026-11-02/2026-11-13", "2024-01-01"
SERIES = "steps distance calories activityCalories floors elevation caloriesBMR minutesSedentary"
SERIES += " minutesLightlyActive minutesFairlyActive minutesVeryActive heart active-zone-minutes"
NIGHTLY = ("spo2", "hrv", "br", "temp/skin", "cardioscore", "body/log/weight")
PATHS = [
    *(f"activities/date/{day}" for day in (DAY, BEFORE)),
    *(f"activities/{name}/date/{DAYS}" for name in SERIES.split()),
    *(f"activities/{name}/date/{DAY}/1d/15min" for name in (*SERIES.split()[:3], "heart")),
    f"activities/steps/date/{DAY}/1d/1min/time/08:00/09:00",
    f"activities/heart/date/{DAY}/{DAY}/1sec",
    *(f"{name}/date/{days}" for name in NIGHTLY for days in (DAY, DAYS)),
    *(f"sleep/date/{days}" for days in (DAY, DAYS)),
    *(f"spo2/date/{BEFORE}", "devices", "profile"),
]


def version_of(path: str) -> str:
    return "1.2" if path.startswith("sleep") else "1"


@pytest.fixture
def described(recordings: Path) -> Description:
    return description(recordings)


def test_answers_fit_the_description(web: WebApi, described: Description) -> None:
    for path in PATHS:
        version = version_of(path)
        answer = web.json(path, version=version)
        assert answer, path
        described.check(f"/{version}/user/-/{path}.json", answer)
    described.check_named("Oauth2Token", web.log_in())


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("activities/steps/date/today/1d", {"activities-steps": [{"dateTime": 5}]}),
        ("activities/steps/date/today/1d", {"activities-paces": []}),
        ("activities/date/today", {"summary": {"steps": "5"}}),
        ("devices", [{"type": "WATCH"}]),
    ],
)
def test_the_check_would_find_what_is_wrong(
    described: Description, path: str, answer: object
) -> None:
    with pytest.raises(ValidationError):
        described.check(f"/1/user/-/{path}.json", answer)


def shape(value: Any, path: str = "") -> frozenset[str]:
    """Every field's place and JSON type, lists flattened."""
    if isinstance(value, dict):
        return frozenset().union(*(shape(below, f"{path}.{name}") for name, below in value.items()))
    if isinstance(value, list):
        return frozenset().union(*(shape(below, f"{path}[]") for below in value))
    kind = "number" if type(value) in (int, float) else type(value).__name__
    return frozenset({f"{path} {kind}"})


NETWORK, SHIMMER, JHUDSL = "fitbit_net_SampleData", "openmhealth_shimmer", "jhudsl_fitbitr_2017"

# A recorded or documented answer, and the path to the same here.
SAMPLES = {
    f"{NETWORK}/TimeSeries-ActivitiesSteps": f"activities/steps/date/{DAYS}",
    f"{NETWORK}/TimeSeries-ActivitiesDistance": f"activities/distance/date/{DAYS}",
    f"{NETWORK}/GetHeartRateTimeSeries": "activities/heart/date/2026-11-02/2026-11-09",
    f"{NETWORK}/ActiveZoneMinutes": f"activities/active-zone-minutes/date/{DAYS}",
    f"{NETWORK}/IntradayActivitiesCalories": f"activities/calories/date/{DAY}/1d/1min",
    f"{NETWORK}/GetHeartRateIntradayTimeSeries": f"activities/heart/date/{DAY}/1d/1min",
    f"{JHUDSL}/hrQuery.response": f"activities/heart/date/{DAY}/1d/1min/time/00:00/23:59",
    f"{JHUDSL}/stepsQuery.response": f"activities/steps/date/{DAY}/1d/1min/time/00:00/23:59",
    f"{NETWORK}/GetHRVSummaryByInterval": f"hrv/date/{DAYS}",
    f"{NETWORK}/GetBreathingRateSummaryByInterval": f"br/date/{DAYS}",
    f"{NETWORK}/GetCardioScoreSummaryByInterval": f"cardioscore/date/{DAYS}",
    f"{NETWORK}/GetSpO2SummaryByDate": f"spo2/date/{DAY}",
    f"{NETWORK}/GetSpO2SummaryByInterval": f"spo2/date/{DAYS}",
    f"{NETWORK}/GetWeight": f"body/log/weight/date/{DAYS}",
    f"{NETWORK}/GetDevices-Double": "devices",
    "zokioki_fitbit_api/devices_list": "devices",
    f"{SHIMMER}/fitbit-sleep-date-empty-sleep-list": f"sleep/date/{BEFORE}",
    f"{SHIMMER}/fitbit-sleep-date-range-empty-sleep-list": f"sleep/date/{BEFORE}/{BEFORE}",
}
# What only ours has: other clients read it, but it is in none of these few samples.
PEAK = ".activities-active-zone-minutes[].value.peakActiveZoneMinutes number"
ADDED = {f"{NETWORK}/ActiveZoneMinutes": {PEAK}, f"{NETWORK}/GetWeight": {".weight[].fat number"}}


def recorded(recordings: Path, sample: str) -> Any:
    file = recordings / "contracts" / "fitbit_web_api" / f"{sample}.json"
    content = json.loads(file.read_text(encoding="utf-8-sig"))
    return content["body"] if sample.startswith(JHUDSL) else content


def test_answers_have_the_shape_of_real_ones(shared_web: WebApi, recordings: Path) -> None:
    for sample, path in SAMPLES.items():
        real = shape(recorded(recordings, sample))
        found = shape(shared_web.json(path, version=version_of(path)))
        assert real <= found, sample
        assert found - real == ADDED.get(sample, set()), sample
    summary = shape(recorded(recordings, f"{NETWORK}/GetActivities")["summary"])
    assert summary == shape(shared_web.json(f"activities/date/{DAY}")["summary"])


def test_sleep_logs_have_the_shape_of_real_ones(shared_web: WebApi, recordings: Path) -> None:
    """A real classic log, and a documented one with stages, which misspells a field."""
    logs = shared_web.json("sleep/date/2026-08-01/2026-11-08", version="1.2")["sleep"]
    ours = {log["type"]: shape(log) for log in logs}
    classic = recorded(recordings, f"{SHIMMER}/fitbit-sleep-date")["sleep"]
    text = json.dumps(recorded(recordings, f"{NETWORK}/GetSleep")["sleep"][0])
    staged = json.loads(text.replace('"datetime"', '"dateTime"'))
    for kind, real in (("stages", staged), *(("classic", log) for log in classic)):
        assert ours[kind] - shape(real) == {".logType str"}  # recorded in exports, and described
        assert shape(real) <= ours[kind]


def test_refusals_are_those_that_people_saw(web: WebApi, recordings: Path) -> None:
    """Status, fields, types and, without what they echo, the sentences."""
    folder = recordings / "contracts" / "fitbit_web_api" / "errors_real"
    known = {
        (each["status"], error["errorType"]): each["body"]
        for each in json.loads((folder / "fitbit_errors.json").read_text())
        if each["recorded_real"] and isinstance(each["body"], dict) and "errors" in each["body"]
        for error in each["body"]["errors"]
    }
    switches, refresh = web.emulator.fitbit_web, {"grant_type": "refresh_token"}
    switches.fail_next(500)
    refused: list[tuple[requests.Response, str]] = [
        (web.get("devices"), ""),
        (web.get("activities/superjump/date/2017-07-31/1d/1min/time/00:00/23:59"), ""),
        (web.post("oauth2/token", refresh | {"refresh_token": "old"}), "old"),
        (web.post("oauth2/token", refresh), ""),
    ]
    switches.expire_access_tokens()
    refused.append((web.get("devices"), web.token))
    switches.untick("sleep")
    web.log_in()
    refused.append((web.get("sleep/date/today", version="1.2"), ""))
    refused.append(([web.get("devices") for _ in range(150)][-1], ""))
    assert len({answer.status_code for answer, _ in refused}) == 5
    for answer, echoed in refused:
        (error,) = answer.json()["errors"]
        real = json.dumps(known[answer.status_code, error["errorType"]], sort_keys=True)
        for mark in ("<REDACTED_JWT>", "<REDACTED>"):
            real = real.replace(mark, echoed)
        assert json.dumps(answer.json(), sort_keys=True) == real
