"""The data types that the emulator serves: one row each, from the API's own reference.

Operations and caps: the table of data types in the reference, corrected by what live accounts
refuse. Field names: the schemas of the API's discovery document, revision 20261030.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from syncbit_dagster.emulator import selections
from syncbit_dagster.emulator.google_health import scopes, wire
from syncbit_dagster.emulator.google_health.readings import reading_events
from syncbit_dagster.emulator.google_health.rules import (
    DailyRule,
    DataType,
    Operation,
    PointRule,
    Record,
    RollupRule,
    average,
    average_max_min,
    listed,
    scalars,
)
from syncbit_dagster.emulator.google_health.sleep import sleep_events
from syncbit_dagster.emulator.person import LIGHT, MINUTE_MS, MODERATE, VIGOROUS
from syncbit_dagster.emulator.selections import ZONES
from syncbit_dagster.emulator.server_view import Feed

if TYPE_CHECKING:
    from syncbit_dagster.emulator.google_health.rules import Format


def _named(names: tuple[str, ...], code: int) -> str:
    return f'"{names[code]}"'


_ZONE_NAMES = ("LIGHT", "MODERATE", "VIGOROUS", "PEAK")
_AZM_NAMES = ("LIGHT", "FAT_BURN", "CARDIO", "PEAK")  # nothing is earned in the first
_LEVEL_NAMES = ("SEDENTARY", "LIGHT", "MODERATE", "VIGOROUS")

_GET = frozenset({Operation.GET})
_ALL = frozenset(Operation) - _GET
_NO_LIST = _ALL - {Operation.LIST}
_ROLLUPS = frozenset({Operation.ROLL_UP, Operation.DAILY_ROLL_UP})
_POINTS = frozenset({Operation.LIST, Operation.RECONCILE})


def _counted(
    type_id: str,
    column: str,
    fields: tuple[str, str],
    operations: frozenset[Operation] = _ALL,
) -> DataType:
    """A type with true zeros: idle worn minutes count 0 in roll-ups and have no point."""
    point, total = fields
    return DataType(
        type_id,
        Record.INTERVAL,
        operations,
        scopes.ACTIVITY,
        points=PointRule(selections.moving_minutes(column), ((point, wire.int64),)),
        rollup=RollupRule(selections.worn_minutes(column), scalars((total, wire.int64))),
    )


def _daily(
    type_id: str,
    *fields: tuple[str, str, Format],
    constant: dict[str, str] | None = None,
    scope: str = scopes.METRICS,
    recording: str = "PASSIVELY_MEASURED",
) -> DataType:
    return DataType(
        type_id,
        Record.DAILY,
        _POINTS,
        scope,
        daily=DailyRule(fields, constant or {}),
        recording=recording,
    )


def _activity(
    type_id: str,
    points: PointRule | None,
    rollup: RollupRule,
    operations: frozenset[Operation] = _ALL,
    recording: str = "PASSIVELY_MEASURED",
) -> DataType:
    return DataType(
        type_id,
        Record.INTERVAL,
        operations,
        scopes.ACTIVITY,
        points=points,
        rollup=rollup,
        recording=recording,
    )


def _reading(
    type_id: str,
    kind: str,
    fields: tuple[str, str | None],
    form: Format,
    operations: frozenset[Operation],
) -> DataType:
    """A measurement of the body; its points have names, its roll-ups are averages."""
    point, average_field = fields
    rollup = None
    if average_field is not None:
        rollup = RollupRule(
            selections.readings(kind), scalars((average_field, form)), average, of=Feed.body
        )
    return DataType(
        type_id,
        Record.SAMPLE,
        operations | _GET,
        scopes.METRICS,
        events=reading_events(kind, point, form),
        rollup=rollup,
        is_worn=False,
    )


def _active_minutes(level: int) -> str:
    return f'[{{"activityLevel":"{_LEVEL_NAMES[level]}","activeMinutes":"1"}}]'


_BY_ZONE = ("timeInHeartRateZones", "heartRateZone", _ZONE_NAMES, "duration", wire.duration)

_TYPES = (
    _counted("steps", "steps", ("count", "countSum")),
    _counted("distance", "distance_mm", ("millimeters", "millimetersSum")),
    _counted("floors", "floors", ("count", "countSum"), _NO_LIST),
    _counted("altitude", "altitude_gain_mm", ("gainMillimeters", "gainMillimetersSum")),
    _activity(
        "total-calories",
        None,
        RollupRule(
            selections.known_minutes("calories_kcal"),
            scalars(("kcalSum", wire.double)),
            cap_days=14,
        ),
        _ROLLUPS,
    ),
    _activity(
        "active-energy-burned",
        PointRule(selections.moving_minutes("active_kcal"), (("kcal", wire.double),)),
        RollupRule(selections.moving_minutes("active_kcal"), scalars(("kcalSum", wire.double))),
        recording="DERIVED",
    ),
    _activity(
        "active-minutes",
        PointRule(selections.active_levels, (("activeMinutesByActivityLevel", _active_minutes),)),
        RollupRule(
            selections.spread(selections.active_levels, (LIGHT, MODERATE, VIGOROUS), 1),
            listed(
                "activeMinutesRollupByActivityLevel",
                "activityLevel",
                _LEVEL_NAMES[1:],
                "activeMinutesSum",
                wire.int64,
            ),
            cap_days=14,
        ),
    ),
    _activity(
        "active-zone-minutes",
        PointRule(
            selections.scoring_minutes,
            (("heartRateZone", partial(_named, _AZM_NAMES)), ("activeZoneMinutes", wire.int64)),
        ),
        RollupRule(
            selections.spread(selections.scoring_minutes, ZONES[1:]),
            scalars(
                ("sumInFatBurnHeartZone", wire.int64),
                ("sumInCardioHeartZone", wire.int64),
                ("sumInPeakHeartZone", wire.int64),
            ),
        ),
    ),
    _activity(
        "sedentary-period",
        PointRule(selections.in_runs(selections.sedentary_minutes)),
        RollupRule(selections.sedentary_time, scalars(("durationSum", wire.duration))),
    ),
    _activity(
        "time-in-heart-rate-zone",
        PointRule(
            selections.in_runs(selections.zone_minutes),
            (("heartRateZoneType", partial(_named, _ZONE_NAMES)),),
        ),
        RollupRule(
            selections.spread(selections.zone_minutes, ZONES, MINUTE_MS),
            listed(*_BY_ZONE),
        ),
    ),
    _activity(
        "calories-in-heart-rate-zone",
        None,
        RollupRule(
            selections.spread(selections.zone_calories, ZONES),
            listed("caloriesInHeartRateZones", "heartRateZone", _ZONE_NAMES, "kcal", wire.double),
            cap_days=14,
        ),
        _ROLLUPS,
    ),
    DataType(
        "heart-rate",
        Record.SAMPLE,
        _ALL,
        scopes.METRICS,
        points=PointRule(selections.heart_samples, (("beatsPerMinute", wire.int64),)),
        rollup=RollupRule(
            selections.heart_samples,
            scalars(
                ("beatsPerMinuteAvg", wire.double),
                ("beatsPerMinuteMax", wire.double),
                ("beatsPerMinuteMin", wire.double),
            ),
            average_max_min,
            cap_days=14,
        ),
    ),
    _daily(
        "daily-resting-heart-rate",
        ("beatsPerMinute", "resting_heart_rate", wire.int64),
        constant={"dailyRestingHeartRateMetadata": '{"calculationMethod":"WITH_SLEEP"}'},
        recording="DERIVED",
    ),
    _daily(
        "daily-heart-rate-variability",
        ("averageHeartRateVariabilityMilliseconds", "hrv_average", wire.double),
        (
            "deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds",
            "hrv_deep",
            wire.double,
        ),
    ),
    _daily(
        "daily-oxygen-saturation",
        ("averagePercentage", "oxygen_average", wire.double),
        ("lowerBoundPercentage", "oxygen_low", wire.double),
        ("upperBoundPercentage", "oxygen_high", wire.double),
    ),
    _daily("daily-respiratory-rate", ("breathsPerMinute", "respiratory_rate", wire.double)),
    _daily(
        "daily-sleep-temperature-derivations",
        ("nightlyTemperatureCelsius", "skin_temperature", wire.double),
        ("baselineTemperatureCelsius", "skin_temperature_baseline", wire.double),
    ),
    _daily("daily-vo2-max", ("vo2Max", "vo2_max", wire.double), scope=scopes.ACTIVITY),
    DataType(
        "sleep",
        Record.SLEEP,
        _POINTS | _GET,
        scopes.SLEEP,
        events=sleep_events,
        default_page=25,
        largest_page=25,
    ),
    _reading("weight", "weights", ("weightGrams", "weightGramsAvg"), wire.double, _ALL),
    _reading("body-fat", "body_fat", ("percentage", "bodyFatPercentageAvg"), wire.double, _ALL),
    _reading("height", "heights", ("heightMillimeters", None), wire.whole, _POINTS),
)

DATA_TYPES = {data_type.id: data_type for data_type in _TYPES}
