"""The data types that the emulator serves: one row each, from the API's own reference.

Operations and caps: the table of data types in the reference, corrected by what live accounts
refuse. Field names: the schemas of the API's discovery document, revision 20261030.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from syncbit_dagster.emulator.google_health import scopes, selections, wire
from syncbit_dagster.emulator.google_health.selections import ZONES
from syncbit_dagster.emulator.person import LIGHT, MINUTE_MS, MODERATE, VIGOROUS

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from syncbit_dagster.emulator.google_health.selections import Select
    from syncbit_dagster.emulator.person import DailyValues

    Format = Callable[[Any], str]
    Reduce = Callable[[npt.NDArray[np.intp], selections.Columns], list[npt.NDArray[Any]]]


class Record(Enum):
    """How a data type lies in time, and the members by which a filter may ask for it."""

    INTERVAL = ("interval.start_time", "interval.civil_start_time")
    SAMPLE = ("sample_time.physical_time", "sample_time.civil_time")
    DAILY = ("date",)


class Operation(Enum):
    """The read methods, with the names that the refusals use."""

    LIST = "list"
    RECONCILE = "reconcile"
    ROLL_UP = "rollup"
    DAILY_ROLL_UP = "daily_rollup"


@dataclass(frozen=True)
class PointRule:
    """Single points: which ones exist, and their fields, one per column."""

    select: Select
    fields: tuple[tuple[str, Format], ...] = ()

    def render(self, values: tuple[Any, ...]) -> str:
        """The fields of one point after its time, each with a comma before it."""
        pairs = zip(self.fields, values, strict=True)
        return "".join([f',"{name}":{form(value)}' for (name, form), value in pairs])


@dataclass(frozen=True)
class DailyRule:
    """Once-a-day values: JSON field, attribute of ``DailyValues``, form. The first is required."""

    fields: tuple[tuple[str, str, Format], ...]
    constant: dict[str, str] = field(default_factory=dict)

    def render(self, values: DailyValues) -> dict[str, str] | None:
        """The fields beside the date, or ``None`` where the day has no such value."""
        found = {
            name: form(value)
            for name, attribute, form in self.fields
            if (value := getattr(values, attribute)) is not None
        }
        return found | self.constant if self.fields[0][0] in found else None


def sums(starts: npt.NDArray[np.intp], columns: selections.Columns) -> list[npt.NDArray[Any]]:
    """Add up each column over the groups that begin at ``starts``."""
    return [np.add.reduceat(column, starts) for column in columns]


def average_max_min(
    starts: npt.NDArray[np.intp], columns: selections.Columns
) -> list[npt.NDArray[Any]]:
    """Average, maximum and minimum of the one column."""
    (column,) = columns
    counts = np.diff(np.append(starts, len(column)))
    return [
        np.add.reduceat(column, starts) / counts,
        np.maximum.reduceat(column, starts),
        np.minimum.reduceat(column, starts),
    ]


@dataclass(frozen=True)
class RollupRule:
    """Windows: the rows that count, how they are reduced, and the JSON of one window's values.

    A window in which ``select`` finds nothing does not exist. ``cap_days`` bounds the range and
    also window times page size.
    """

    select: Select
    render: Callable[[tuple[Any, ...]], str]
    reduce: Reduce = sums
    cap_days: int = 90


_REMEMBERED = 50_000
"""Windows repeat a few values again and again; remembering their JSON halves a page's time."""


def _scalars(*fields: tuple[str, Format]) -> Callable[[tuple[Any, ...]], str]:
    """One field per value; zeros are left out, as proto3 does."""

    @lru_cache(maxsize=_REMEMBERED)
    def render(values: tuple[Any, ...]) -> str:
        pairs = zip(fields, values, strict=True)
        return wire.joined({name: form(value) for (name, form), value in pairs if value})

    return render


def _listed(
    list_field: str, name_field: str, names: tuple[str, ...], value_field: str, form: Format
) -> Callable[[tuple[Any, ...]], str]:
    """A list with one record per category that has a value."""

    @lru_cache(maxsize=_REMEMBERED)
    def render(values: tuple[Any, ...]) -> str:
        records = (
            f'{{"{name_field}":"{name}","{value_field}":{form(value)}}}'
            for name, value in zip(names, values, strict=True)
            if value
        )
        return f'{{"{list_field}":[{",".join(records)}]}}'

    return render


def _named(names: tuple[str, ...], code: int) -> str:
    return f'"{names[code]}"'


_ZONE_NAMES = ("LIGHT", "MODERATE", "VIGOROUS", "PEAK")
_AZM_NAMES = ("LIGHT", "FAT_BURN", "CARDIO", "PEAK")  # nothing is earned in the first
_LEVEL_NAMES = ("SEDENTARY", "LIGHT", "MODERATE", "VIGOROUS")

_ALL = frozenset(Operation)
_NO_LIST = _ALL - {Operation.LIST}
_ROLLUPS = frozenset({Operation.ROLL_UP, Operation.DAILY_ROLL_UP})
_POINTS = frozenset({Operation.LIST, Operation.RECONCILE})


@dataclass(frozen=True)
class DataType:
    """One data type of the API. ``id`` is the form in paths, with hyphens."""

    id: str
    record: Record
    operations: frozenset[Operation]
    scope: str
    points: PointRule | None = None
    daily: DailyRule | None = None
    rollup: RollupRule | None = None
    recording: str = "PASSIVELY_MEASURED"

    @property
    def body_field(self) -> str:
        """The name in JSON: camelCase."""
        first, *others = self.id.split("-")
        return first + "".join(word.capitalize() for word in others)

    @property
    def filter_name(self) -> str:
        """The name in filters: snake_case."""
        return self.id.replace("-", "_")


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
        rollup=RollupRule(selections.worn_minutes(column), _scalars((total, wire.int64))),
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
            selections.worn_minutes("calories_kcal"),
            _scalars(("kcalSum", wire.double)),
            cap_days=14,
        ),
        _ROLLUPS,
    ),
    _activity(
        "active-energy-burned",
        PointRule(selections.moving_minutes("active_kcal"), (("kcal", wire.double),)),
        RollupRule(selections.moving_minutes("active_kcal"), _scalars(("kcalSum", wire.double))),
        recording="DERIVED",
    ),
    _activity(
        "active-minutes",
        PointRule(selections.active_levels, (("activeMinutesByActivityLevel", _active_minutes),)),
        RollupRule(
            selections.spread(selections.active_levels, (LIGHT, MODERATE, VIGOROUS), 1),
            _listed(
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
            _scalars(
                ("sumInFatBurnHeartZone", wire.int64),
                ("sumInCardioHeartZone", wire.int64),
                ("sumInPeakHeartZone", wire.int64),
            ),
        ),
    ),
    _activity(
        "sedentary-period",
        PointRule(selections.in_runs(selections.sedentary_minutes)),
        RollupRule(selections.sedentary_time, _scalars(("durationSum", wire.duration))),
    ),
    _activity(
        "time-in-heart-rate-zone",
        PointRule(
            selections.in_runs(selections.zone_minutes),
            (("heartRateZoneType", partial(_named, _ZONE_NAMES)),),
        ),
        RollupRule(
            selections.spread(selections.zone_minutes, ZONES, MINUTE_MS),
            _listed(*_BY_ZONE),
        ),
    ),
    _activity(
        "calories-in-heart-rate-zone",
        None,
        RollupRule(
            selections.spread(selections.zone_calories, ZONES),
            _listed("caloriesInHeartRateZones", "heartRateZone", _ZONE_NAMES, "kcal", wire.double),
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
            _scalars(
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
)

DATA_TYPES = {data_type.id: data_type for data_type in _TYPES}
