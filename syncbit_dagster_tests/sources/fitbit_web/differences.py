"""How the samples of one person differ between the Fitbit Web API and the Google Health API.

The rows of the table in ``docs/providers.md``; everything that is not in it is the same.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """What may differ, with the reason as the documentation gives it.

    Attributes:
        metrics: names without ``fitbit_``; label values after a space.
        reason: a sentence for the documentation.
        low, high: bounds of the Web API's value minus Google's, where both have one.
        zeros_here: the Web API has zeros where Google has no sample.
        alone: either may have a sample where the other has none.
    """

    metrics: tuple[str, ...]
    reason: str
    low: float = 0
    high: float = 0
    zeros_here: bool = False
    alone: bool = False


DIFFERENCES = (
    Difference(
        ("calories_total",),
        "The Web API rounds a day's calories to whole kilocalories.",
        low=-0.5,
        high=0.5,
    ),
    Difference(
        ("active_calories",),
        "The Web API's are the difference of two rounded numbers.",
        low=-1,
        high=1,
    ),
    Difference(
        ("vo2_max",),
        "The Web API gives a range of whole numbers on days without a run by GPS; its middle is "
        "taken.",
        low=-0.5,
        high=0.5,
    ),
    Difference(("bmi",), "The Web API rounds it to two decimals.", low=-0.005, high=0.005),
    Difference(
        ("heart_rate_intraday",),
        "The Web API rounds the mean of an interval to whole beats.",
        low=-0.5,
        high=0.5,
    ),
    Difference(
        ("active_minutes very_active",),
        "On a worn day without such minutes the Web API says 0; Google lists only the levels that "
        "there were.",
        zeros_here=True,
    ),
    Difference(
        (
            "heart_rate_zone_minutes fat_burn",
            "heart_rate_zone_minutes cardio",
            "heart_rate_zone_minutes peak",
            "heart_rate_zone_calories fat_burn",
            "heart_rate_zone_calories cardio",
            "heart_rate_zone_calories peak",
        ),
        "Of a zone that the heart rate did not reach the Web API says 0; Google does not list it.",
        zeros_here=True,
    ),
    Difference(
        (
            "active_zone_minutes fat_burn",
            "active_zone_minutes cardio",
            "active_zone_minutes peak",
        ),
        "The Web API says 0 on days without any, also on days without the device; Google has no "
        "sample.",
        zeros_here=True,
    ),
    Difference(
        ("steps_intraday", "distance_intraday", "floors_intraday", "elevation_intraday"),
        "The Web API fills intervals without the device with 0, which nothing in the answer tells "
        "from rest; Google has no sample.",
        zeros_here=True,
    ),
    Difference(
        ("sleep_minutes_total", "sleep_stage_minutes light"),
        "The Web API takes short awakenings out of the stage around them; Google leaves them in.",
        low=-30,
        high=0,
    ),
    Difference(
        ("sleep_stage_minutes wake", "sleep_awakenings"),
        "The Web API counts short awakenings; Google counts stretches of being awake, those of "
        "sleeps without stages among them.",
        low=0,
        high=30,
        alone=True,
    ),
    Difference(
        ("sleep_efficiency_percent",),
        "The Web API gives its own whole number; from Google it is computed, with short "
        "awakenings as sleep.",
        low=-10,
        high=0.5,
    ),
)
