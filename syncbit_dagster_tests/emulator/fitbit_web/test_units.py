"""The header Accept-Language decides about units, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from syncbit_dagster_tests.emulator.fitbit_web.api import WebApi

DAY = "2026-10-02"
# Kilometres, metres, kilograms, centimetres, kelvins in the units of each value of the header.
UNITS = {
    "en_US": (0.621371, 3.28084, 2.204623, 0.393701, 1.8),
    "en_GB": (1, 1, 0.157473, 1, 1),
    "de_DE": (1, 1, 1, 1, 1),
    "en-US": (1, 1, 1, 1, 1),
}


def measured(web: WebApi, **headers: str) -> list[float]:
    """Two distances, two elevations, two weights, a height, a difference of temperature."""
    # requests sends no Accept-Language of its own.
    assert "Accept-Language" not in web.session.headers

    def last(path: str) -> Any:
        (entries,) = web.json(path, **headers).values()
        return entries[-1]

    summary = web.json(f"activities/date/{DAY}", **headers)["summary"]
    return [
        float(last(f"activities/distance/date/{DAY}/1d")["value"]),
        next(each["distance"] for each in summary["distances"] if each["activity"] == "total"),
        float(last(f"activities/elevation/date/{DAY}/1d")["value"]),
        summary["elevation"],
        last(f"body/log/weight/date/{DAY}/1m")["weight"],
        float(last(f"body/weight/date/{DAY}/1d")["value"]),
        web.json("profile", **headers)["user"]["height"],
        last(f"temp/skin/date/2026-09-20/{DAY}")["value"]["nightlyRelative"],
    ]


@pytest.mark.parametrize("language", UNITS)
def test_units(shared_web: WebApi, language: str) -> None:
    metric = measured(shared_web)
    distance, elevation, weight, height, temperature = UNITS[language]
    factors = [
        *(distance, distance),
        *(elevation, elevation),
        *(weight, weight),
        height,
        temperature,
    ]
    found = measured(shared_web, Accept_Language=language)
    for value, unit, factor in zip(metric, found, factors, strict=True):
        assert value != 0
        assert unit == pytest.approx(value * factor, abs=0.06)
        assert (unit == value) == (factor == 1)


def test_units_within_the_day(shared_web: WebApi) -> None:
    for resource, factor in {"distance": 0.621371, "elevation": 3.28084, "steps": 1}.items():
        path = f"activities/{resource}/date/{DAY}/1d/15min"
        metric, american = (
            sum(point["value"] for point in points)
            for points in (
                shared_web.json(path, **headers)[f"activities-{resource}-intraday"]["dataset"]
                for headers in ({}, {"Accept_Language": "en_US"})
            )
        )
        assert american == pytest.approx(metric * factor, rel=1e-4)
        assert metric > 0


def test_what_has_no_unit_stays(shared_web: WebApi) -> None:
    for path in (
        f"activities/calories/date/{DAY}/1d",
        f"activities/heart/date/{DAY}/1d",
        f"body/bmi/date/{DAY}/1d",
        f"cardioscore/date/{DAY}",
    ):
        american = shared_web.json(path, Accept_Language="en_US")
        assert american == shared_web.json(path)
