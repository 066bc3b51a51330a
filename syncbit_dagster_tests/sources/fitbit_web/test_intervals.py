"""Values within a day: what they stand for, and what an answer without them means."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.sources.errors import PermissionMissingError, UnexpectedResponseError
from syncbit_dagster.sources.fitbit_web.parse import parse
from syncbit_dagster.sources.fitbit_web.plan import (
    IntradayRequest,
    Request,
)
from syncbit_dagster_tests.sources.fitbit_web.answers import (
    FIRST,
    NEW_YORK,
    ONE_DAY,
    read_here,
)


def intervals(
    resource: str, labels: dict[str, Any], other: dict[str, Any] | None = None
) -> tuple[Request, dict[str, Any]]:
    dataset = [{"time": f"{label}:00", "value": value} for label, value in labels.items()]
    content = {"dataset": dataset, "datasetInterval": 5, "datasetType": "minute"}
    name = f"activities-{resource}"
    answer = {name: [{"dateTime": "2026-06-01", "value": "1"}], f"{name}-intraday": content}
    return IntradayRequest(resource, ONE_DAY, 300), answer | (other or {})


def test_intervals_stand_at_their_start() -> None:
    found = read_here("intraday_steps", intervals("steps", {"00:00": 7, "00:05": 0, "23:55": 52}))
    assert found == {"steps_intraday": {FIRST: 7, FIRST + 300: 0, FIRST + 86_100: 52}}


def test_a_heart_rate_or_calories_of_zero_are_no_value() -> None:
    labels = {"00:00": 0, "00:05": 61}
    heart = read_here("intraday_heart_rate", intervals("heart", labels))
    calories = read_here("intraday_calories", intervals("calories", labels))
    assert heart == {"heart_rate_intraday": {FIRST + 300: 61}}
    assert calories == {"calories_intraday": {FIRST + 300: 61}}


def test_a_day_that_the_account_has_not_is_filled_with_zeros_and_has_no_samples() -> None:
    assert (
        read_here("intraday_steps", intervals("steps", {"00:00": 0}, {"activities-steps": []}))
        == {}
    )


def test_intervals_are_missing_for_apps_that_may_not_have_them() -> None:
    request, answer = intervals("heart", {"00:00": 60})
    del answer["activities-heart-intraday"]
    with pytest.raises(PermissionMissingError, match="type Personal"):
        read_here("intraday_heart_rate", (request, answer))


@pytest.mark.parametrize(
    "other",
    [
        {"activities-steps": [{"dateTime": "2026-06-02", "value": "1"}]},
        {
            "activities-steps-intraday": {
                "dataset": [],
                "datasetInterval": 1,
                "datasetType": "minute",
            }
        },
        {"activities-steps-intraday": {"dataset": [], "datasetInterval": 5, "datasetType": "hour"}},
    ],
)
def test_another_day_or_interval_than_asked_for_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedResponseError, match="/activities/steps/date/2026-06-01"):
        read_here("intraday_steps", intervals("steps", {"00:00": 7}, other))


def test_a_day_whose_clocks_go_back_is_noted_where_the_hour_is_named_once() -> None:
    day = date(2026, 11, 1)
    labels = [f"{n // 60:02}:{n % 60:02}:00" for n in range(0, 1440, 5)]
    request = IntradayRequest("steps", DayRange(day, day), 300)

    def notes(names: list[str]) -> dict[date, str]:
        dataset = [{"time": name, "value": 1} for name in names]
        answer = {
            "activities-steps": [{"dateTime": str(day), "value": "288"}],
            "activities-steps-intraday": {
                "dataset": dataset,
                "datasetInterval": 5,
                "datasetType": "minute",
            },
        }
        parsed = parse(request, answer, [], NEW_YORK)
        return parsed.notes

    (note,) = notes(labels).values()
    assert "12 values stand in its first pass" in note
    assert notes(labels[:24] + labels[12:]) == {}
