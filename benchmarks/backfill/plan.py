"""What histories take by the sensor's own planning; nothing is run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.factories import history_budget, open_source
from syncbit_dagster.scheduling.backfill_plan import Gap, affordable

if TYPE_CHECKING:
    from syncbit_dagster.config import Settings


@dataclass(frozen=True)
class Plan:
    """What a history takes, by the sensor's planning.

    Attributes:
        runs: how many.
        requests: in all of them.
    """

    runs: int
    requests: int


def planned(settings: Settings, assets: tuple[str, ...], last: date, length: int) -> Plan:
    """The history's runs and requests for so many days, by the sensor's own planning."""
    budget = history_budget(settings)
    source = open_source(settings, priority="history")

    def cost(gap: Gap) -> int:
        return source.plan_together(map(asset_named, gap.assets), gap.days).expected

    rest = DayRange(last - timedelta(days=length - 1), last)
    runs = requests = 0
    while True:
        piece = next(affordable(Gap(assets, rest), cost, budget, newest=last))
        runs, requests = runs + 1, requests + cost(piece)
        if piece.days.first == rest.first:
            source.close()
            return Plan(runs, requests)
        rest = DayRange(rest.first, piece.days.first - timedelta(days=1))
