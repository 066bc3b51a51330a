"""The table of checks: one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.quality.evidence import RAW_SECONDS
from syncbit_dagster.quality.intervals import minutes_in_day
from syncbit_dagster.quality.partitions import gaps, read_back
from syncbit_dagster.quality.ranges import physiological_ranges
from syncbit_dagster.quality.sleep import stages_match_sleep
from syncbit_dagster.quality.totals import TOTALS, sum_matches_total

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.quality.evidence import Evidence
    from syncbit_dagster.quality.outcome import Outcome

_AGAIN = "Materialize the days again; if it stays, the provider has it so."


@dataclass(frozen=True)
class Check:
    """One row.

    Attributes:
        name: of the check, unique for an asset.
        description: one sentence for the UI.
        severity: ``ERROR`` where only this project can be at fault, ``WARN`` where it may be the
            provider, the watch or the person.
        looks_at: the samples of the days in question, or the record of the last days' partitions,
            whatever days are in question.
        unit: what the outcome counts, in the plural.
        remedy: what to do about a finding.
        concerns: whether an asset has it, if its intervals are so many seconds long.
        judge: the check itself.
    """

    name: str
    description: str
    severity: Literal["WARN", "ERROR"]
    looks_at: Literal["samples", "partitions"]
    unit: str
    remedy: str
    concerns: Callable[[Asset, int], bool]
    judge: Callable[[Evidence], Outcome]


CHECKS: tuple[Check, ...] = (
    Check(
        "minutes_in_day",
        "Each sample begins an interval of its day, and no day has more than its real minutes.",
        "ERROR", "samples", "samples",
        "Materialize the days again, in case the length of intervals was changed since.",
        lambda asset, seconds: asset.is_intraday and seconds != RAW_SECONDS,
        minutes_in_day,
    ),
    Check(
        "sum_matches_total",
        "The intervals of each past day add up to its total in activity_summary.",
        "WARN", "samples", "days",
        "Materialize both assets for the days again; days in another time zone may stay so.",
        lambda asset, _: any(metric.name in TOTALS for metric in metrics_of(asset.name)),
        sum_matches_total,
    ),
    Check(
        "physiological_ranges",
        "Each value is one that a living person, or a device, can have.",
        "WARN", "samples", "samples", _AGAIN,
        lambda _, __: True,
        physiological_ranges,
    ),
    Check(
        "stages_match_sleep",
        "Sleep stages and minutes asleep agree, and so do time in bed, start and end.",
        "WARN", "samples", "days", _AGAIN,
        lambda asset, _: asset.name == "sleep",
        stages_match_sleep,
    ),
    Check(
        "gaps",
        "Of the last 90 days, each one before yesterday that is collected by itself is there.",
        "WARN", "partitions", "days",
        "Materialize the missing partitions.",
        lambda asset, _: asset.is_partitioned,
        gaps,
    ),
    Check(
        "read_back",
        "The store gives back as many samples of each day as were materialized.",
        "ERROR", "samples", "days",
        "Materialize the days again and find out what else writes to the store.",
        lambda asset, _: asset.is_partitioned,
        read_back,
    ),
)  # fmt: skip


def checks_of(asset: Asset, interval_seconds: int) -> list[Check]:
    """The checks of an asset, whose intervals, if it has some, are so long."""
    return [check for check in CHECKS if check.concerns(asset, interval_seconds)]


def metrics_read(asset: Asset) -> tuple[str, ...]:
    """The metrics whose samples the checks of an asset need: its own, and its daily total."""
    own = dict.fromkeys(metric.name for metric in metrics_of(asset.name))
    return (*own, *(TOTALS[name].metric for name in own if name in TOTALS))
