"""What can be asked for: one row each, with its scope. Order matters: the first fit answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from syncbit_dagster.emulator.fitbit_web import (
    account,
    activity,
    body,
    intraday,
    nightly,
    scopes,
    sleep,
)

if TYPE_CHECKING:
    from syncbit_dagster.emulator.fitbit_web.request import Answer

_USER = "/1/user/{user}"
_ACTIVITIES = f"{_USER}/activities"
_ONE_DAY = "date/{day}.json"
_DAYS = "date/{first}/{second}.json"
_INTRADAY = "date/{first}/{second}/{level}.json"
_INTRADAY_TIMES = "date/{first}/{second}/{level}/time/{start}/{end}.json"


class Endpoint(NamedTuple):
    """A path, the scope that it needs, and what answers."""

    path: str
    scope: str
    answer: Answer


def _both(path: str, scope: str, answer: Answer) -> tuple[Endpoint, Endpoint]:
    """One day and some days, with the same answer."""
    return (
        Endpoint(f"{_USER}/{path}/{_ONE_DAY}", scope, answer),
        Endpoint(f"{_USER}/{path}/{_DAYS}", scope, answer),
    )


ENDPOINTS = (
    Endpoint(f"{_ACTIVITIES}/{_ONE_DAY}", scopes.ACTIVITY, activity.summary),
    Endpoint(f"{_ACTIVITIES}/heart/{_DAYS}", scopes.HEART_RATE, activity.heart_series),
    Endpoint(f"{_ACTIVITIES}/heart/{_INTRADAY}", scopes.HEART_RATE, intraday.heart),
    Endpoint(f"{_ACTIVITIES}/heart/{_INTRADAY_TIMES}", scopes.HEART_RATE, intraday.heart),
    Endpoint(
        f"{_ACTIVITIES}/active-zone-minutes/{_DAYS}",
        scopes.ACTIVITY,
        activity.active_zone_minutes,
    ),
    Endpoint(f"{_ACTIVITIES}/{{resource}}/{_DAYS}", scopes.ACTIVITY, activity.series),
    Endpoint(f"{_ACTIVITIES}/{{resource}}/{_INTRADAY}", scopes.ACTIVITY, intraday.activity),
    Endpoint(f"{_ACTIVITIES}/{{resource}}/{_INTRADAY_TIMES}", scopes.ACTIVITY, intraday.activity),
    Endpoint(f"/1.2/user/{{user}}/sleep/{_ONE_DAY}", scopes.SLEEP, sleep.day_logs),
    Endpoint(f"/1.2/user/{{user}}/sleep/{_DAYS}", scopes.SLEEP, sleep.range_logs),
    Endpoint(f"{_USER}/spo2/{_ONE_DAY}", scopes.OXYGEN_SATURATION, nightly.oxygen_of_a_day),
    Endpoint(f"{_USER}/spo2/{_DAYS}", scopes.OXYGEN_SATURATION, nightly.oxygen),
    *_both("hrv", scopes.HEART_RATE, nightly.listed("hrv", nightly.variability)),
    *_both("br", scopes.RESPIRATORY_RATE, nightly.listed("br", nightly.breathing_rate)),
    *_both(
        "temp/skin",
        scopes.TEMPERATURE,
        nightly.listed("tempSkin", nightly.skin_temperature, logType="dedicated_temp_sensor"),
    ),
    *_both(
        "cardioscore",
        scopes.CARDIO_FITNESS,
        nightly.listed("cardioScore", nightly.cardio_score),
    ),
    *_both("body/log/weight", scopes.WEIGHT, body.weight_log),
    Endpoint(f"{_USER}/devices.json", scopes.SETTINGS, account.devices),
    Endpoint(f"{_USER}/profile.json", scopes.PROFILE, account.profile),
)
