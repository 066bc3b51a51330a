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
WORN = "2026-11-02/2026-11-09"

PATHS = [
    *(("1", f"activities/date/{day}") for day in (DAY, BEFORE)),
    *(
        ("1", f"activities/{name}/date/{DAYS}")
        for name in (
            *("steps", "distance", "calories", "activityCalories", "floors", "elevation"),
            *("caloriesBMR", "minutesSedentary", "minutesLightlyActive"),
            *("minutesFairlyActive", "minutesVeryActive", "heart", "active-zone-minutes"),
        )
    ),
    *(
        ("1", f"activities/{name}/date/{DAY}/1d/15min")
        for name in ("steps", "distance", "calories", "floors", "elevation", "heart")
    ),
    ("1", f"activities/steps/date/{DAY}/1d/1min/time/08:00/09:00"),
    ("1", f"activities/heart/date/{DAY}/{DAY}/1sec"),
    ("1.2", f"sleep/date/{DAY}"),
    ("1.2", f"sleep/date/{DAYS}"),
    *(("1", f"{name}/date/{DAY}") for name in ("spo2", "hrv", "br", "temp/skin", "cardioscore")),
    *(("1", f"{name}/date/{DAYS}") for name in ("spo2", "hrv", "br", "temp/skin", "cardioscore")),
    ("1", f"spo2/date/{BEFORE}"),
    *(("1", f"body/log/{name}/date/{DAY}") for name in ("weight", "fat")),
    *(("1", f"body/log/{name}/date/{DAYS}") for name in ("weight", "fat")),
    *(("1", f"body/{name}/date/{DAYS}") for name in ("weight", "fat", "bmi")),
    ("1", "devices"),
    ("1", "profile"),
]


@pytest.fixture
def described(recordings: Path) -> Description:
    return description(recordings)


@pytest.mark.parametrize(("version", "path"), PATHS)
def test_answers_fit_the_description(
    shared_web: WebApi, described: Description, version: str, path: str
) -> None:
    answer = shared_web.json(path, version=version)
    assert answer
    described.check(f"/{version}/user/-/{path}.json", answer)


def test_tokens_fit_the_description(web: WebApi, described: Description) -> None:
    described.check_named("Oauth2Token", web.log_in())
    known = web.session.post(
        f"{web.emulator.url}/1.1/oauth2/introspect",
        data={"token": web.token},
        headers={"Authorization": f"Bearer {web.token}"},
        timeout=30,
    )
    described.check_named("Oauth2Introspect", known.json())


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("activities/steps/date/today/1d", {"activities-steps": [{"dateTime": 5}]}),
        ("activities/steps/date/today/1d", {"activities-paces": []}),
        ("activities/steps/date/today/1d", {"activities-steps": [{"value": 5}]}),
        ("activities/date/today", {"summary": {"steps": "5"}}),
        ("hrv/date/today", {"hrv": [{"value": {"rmssd": 5}}]}),
        ("spo2/date/today/today", {"spo2": []}),
        ("devices", [{"type": "WATCH"}]),
    ],
)
def test_the_check_itself(described: Description, path: str, answer: object) -> None:
    """It would find what is wrong."""
    with pytest.raises(ValidationError):
        described.check(f"/1/user/-/{path}.json", answer)


def shape(value: Any, path: str = "") -> frozenset[str]:
    """Every field's place and JSON type, lists flattened."""
    if isinstance(value, dict):
        parts = [shape(below, f"{path}.{name}") for name, below in value.items()]
        return frozenset().union(*parts)
    if isinstance(value, list):
        return frozenset().union(*(shape(below, f"{path}[]") for below in value))
    kind = "number" if type(value) in (int, float) else type(value).__name__
    return frozenset({f"{path} {kind}"})


NETWORK = "fitbit_net_SampleData"
SHIMMER = "openmhealth_shimmer"
JHUDSL = "jhudsl_fitbitr_2017"

# A recorded or documented answer, and the path to the same here.
SAMPLES = {
    f"{NETWORK}/TimeSeries-ActivitiesSteps": f"activities/steps/date/{DAYS}",
    f"{NETWORK}/TimeSeries-ActivitiesDistance": f"activities/distance/date/{DAYS}",
    f"{NETWORK}/GetHeartRateTimeSeries": f"activities/heart/date/{WORN}",
    f"{NETWORK}/ActiveZoneMinutes": f"activities/active-zone-minutes/date/{DAYS}",
    f"{NETWORK}/IntradayActivitiesSteps": f"activities/steps/date/{DAY}/1d/1min",
    f"{NETWORK}/IntradayActivitiesCalories": f"activities/calories/date/{DAY}/1d/1min",
    f"{NETWORK}/GetHeartRateIntradayTimeSeries": f"activities/heart/date/{DAY}/1d/1min",
    f"{SHIMMER}/fitbit-activities-heart-1d-1m-intraday": (
        f"activities/heart/date/{DAY}/1d/1min/time/08:00/09:00"
    ),
    f"{JHUDSL}/hrQuery.response": f"activities/heart/date/{DAY}/1d/1min/time/00:00/23:59",
    f"{JHUDSL}/stepsQuery.response": f"activities/steps/date/{DAY}/1d/1min/time/00:00/23:59",
    f"{NETWORK}/GetHRVSummaryByDate": f"hrv/date/{DAY}",
    f"{NETWORK}/GetHRVSummaryByInterval": f"hrv/date/{DAYS}",
    f"{NETWORK}/GetBreathingRateSummaryByDate": f"br/date/{DAY}",
    f"{NETWORK}/GetBreathingRateSummaryByInterval": f"br/date/{DAYS}",
    f"{NETWORK}/GetCardioScoreSummaryByDate": f"cardioscore/date/{DAY}",
    f"{NETWORK}/GetCardioScoreSummaryByInterval": f"cardioscore/date/{DAYS}",
    f"{NETWORK}/GetSpO2SummaryByDate": f"spo2/date/{DAY}",
    f"{NETWORK}/GetSpO2SummaryByInterval": f"spo2/date/{DAYS}",
    f"{NETWORK}/GetWeight": f"body/log/weight/date/{DAYS}",
    f"{NETWORK}/GetFat": f"body/log/fat/date/{DAYS}",
    f"{SHIMMER}/fitbit-body-log-weight": f"body/log/weight/date/{DAYS}",
    f"{NETWORK}/GetDevices-Double": "devices",
    "zokioki_fitbit_api/devices_list": "devices",
}

# What only ours has: other clients read it, but it is in none of these few samples.
ADDED = {
    f"{NETWORK}/ActiveZoneMinutes": {
        ".activities-active-zone-minutes[].value.peakActiveZoneMinutes number"
    },
    f"{NETWORK}/GetWeight": {".weight[].fat number"},
    f"{SHIMMER}/fitbit-body-log-weight": {".weight[].fat number", ".weight[].source str"},
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_answers_have_the_shape_of_real_ones(
    shared_web: WebApi, recordings: Path, sample: str
) -> None:
    real = shape(recorded(recordings, sample))
    found = shape(shared_web.json(SAMPLES[sample]))
    assert real <= found
    assert found - real == ADDED.get(sample, set())


def recorded(recordings: Path, sample: str) -> Any:
    file = recordings / "contracts" / "fitbit_web_api" / f"{sample}.json"
    content = json.loads(file.read_text(encoding="utf-8-sig"))
    return content["body"] if sample.startswith(JHUDSL) else content


def test_the_summary_has_the_shape_of_a_real_one(shared_web: WebApi, recordings: Path) -> None:
    """Without logged activities, of which this person has none."""
    real = recorded(recordings, f"{NETWORK}/GetActivities")
    found = shared_web.json(f"activities/date/{DAY}")
    assert shape(real["summary"]) == shape(found["summary"])
    assert shape(found["goals"]) - shape(real["goals"]) == {".floors number"}
    names = [each["activity"] for each in real["summary"]["distances"]]
    assert [each["activity"] for each in found["summary"]["distances"]] == names[:7]


def test_sleep_logs_have_the_shape_of_real_ones(shared_web: WebApi, recordings: Path) -> None:
    """A real classic log, and a documented one with stages, which misspells a field."""
    logs = shared_web.json("sleep/date/2026-08-01/2026-11-08", version="1.2")["sleep"]
    by_type = {log["type"]: log for log in logs}
    added = {".logType str"}  # recorded in exports, and described
    classic = recorded(recordings, f"{SHIMMER}/fitbit-sleep-date")
    day = shared_web.json(f"sleep/date/{by_type['classic']['dateOfSleep']}", version="1.2")
    for log in classic["sleep"]:
        assert shape(by_type["classic"]) - shape(log) == added
        assert shape(log) <= shape(by_type["classic"])
    assert shape(classic["summary"]) <= shape(day["summary"])
    text = json.dumps(recorded(recordings, f"{NETWORK}/GetSleep")["sleep"][0])
    staged = json.loads(text.replace('"datetime"', '"dateTime"'))
    assert shape(by_type["stages"]) - shape(staged) == added
    assert shape(staged) <= shape(by_type["stages"])


def test_no_sleep_is_told_as_in_reality(shared_web: WebApi, recordings: Path) -> None:
    for name, path in {
        "fitbit-sleep-date-empty-sleep-list": f"sleep/date/{BEFORE}",
        "fitbit-sleep-date-range-empty-sleep-list": f"sleep/date/{BEFORE}/{BEFORE}",
    }.items():
        real = recorded(recordings, f"{SHIMMER}/{name}")
        assert shared_web.json(path, version="1.2") == real


def test_the_profile_says_nothing_of_its_own(shared_web: WebApi, recordings: Path) -> None:
    real = shape(recorded(recordings, f"{JHUDSL}/userQuery.response"))
    assert shape(shared_web.json("profile")) <= real | shape(
        recorded(recordings, f"{NETWORK}/UserProfile")
    )


def test_refusals_are_those_that_people_saw(web: WebApi, recordings: Path) -> None:
    """Status, fields, types and, without what they echo, the sentences."""
    folder = recordings / "contracts" / "fitbit_web_api" / "errors_real"
    known = {
        (each["status"], error["errorType"]): each["body"]
        for each in json.loads((folder / "fitbit_errors.json").read_text())
        if each["recorded_real"] and isinstance(each["body"], dict) and "errors" in each["body"]
        for error in each["body"]["errors"]
    }
    switches = web.emulator.fitbit_web
    switches.fail_next(500)
    refused: list[tuple[requests.Response, str]] = [
        (web.get("devices"), ""),
        (web.get("activities/superjump/date/2017-07-31/1d/1min/time/00:00/23:59"), ""),
        (
            web.post("oauth2/token", {"grant_type": "refresh_token", "refresh_token": "old"}),
            "old",
        ),
        (web.post("oauth2/token", {"grant_type": "refresh_token"}), ""),
    ]
    switches.expire_access_tokens()
    refused.append((web.get("devices"), web.token))
    switches.untick("sleep")
    web.log_in()
    refused.append((web.get("sleep/date/today", version="1.2"), ""))
    for _ in range(150):
        last = web.get("devices")
    refused.append((last, ""))
    assert len({answer.status_code for answer, _ in refused}) == 5
    for answer, echoed in refused:
        (error,) = answer.json()["errors"]
        real = json.dumps(known[answer.status_code, error["errorType"]], sort_keys=True)
        for mark in ("<REDACTED_JWT>", "<REDACTED>"):
            real = real.replace(mark, echoed)
        assert json.dumps(answer.json(), sort_keys=True) == real
