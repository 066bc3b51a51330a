"""The activity resources: one row each, as daily series and, some of them, within the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.emulator.fitbit_web.days import UP_TO_A_YEAR, Limit
from syncbit_dagster.emulator.fitbit_web.totals import SUMMED

if TYPE_CHECKING:
    import numpy.typing as npt

    from syncbit_dagster.emulator.selections import Select

_ACTIVITY_LIMIT = Limit(UP_TO_A_YEAR, days=1095)
_MM_PER_KM, _MM_PER_M = 1_000_000, 1_000


@dataclass(frozen=True)
class Resource:
    """One resource. ``summed`` names what is added up, in ``divide_by`` parts of a metric unit.

    No decimals make whole numbers. Without ``intraday_decimals`` there is nothing within the day.
    """

    summed: str
    divide_by: int = 1
    decimals: int = 0
    limit: Limit = _ACTIVITY_LIMIT
    intraday_decimals: int | None = None

    @property
    def select(self) -> Select:
        """The minutes that count, and their amounts."""
        return SUMMED[self.summed]

    def number(self, amount: float) -> float:
        """The total of a day."""
        value = round(amount / self.divide_by, self.decimals)
        return value if self.decimals else int(value)

    def text(self, amount: float) -> str:
        """The total of a day as series have it; nothing of anything reads ``0``."""
        return str(self.number(amount) or 0)

    def numbers(self, amounts: npt.NDArray[np.float64]) -> list[float]:
        """Values within the day."""
        if not self.intraday_decimals:
            values: list[float] = amounts.astype(np.int64).tolist()
        else:
            scaled = amounts / self.divide_by
            values = scaled.round(self.intraday_decimals).tolist()
        return values


RESOURCES: dict[str, Resource] = {
    "steps": Resource("steps", intraday_decimals=0),
    "distance": Resource("distance_mm", _MM_PER_KM, 5, intraday_decimals=7),
    "floors": Resource("floors", intraday_decimals=0),
    "elevation": Resource("altitude_gain_mm", _MM_PER_M, 3, intraday_decimals=4),
    "calories": Resource("calories", intraday_decimals=5),
    "caloriesBMR": Resource("basal"),
    "activityCalories": Resource("while_active", limit=Limit(UP_TO_A_YEAR, days=30)),
    "minutesSedentary": Resource("sedentary"),
    "minutesLightlyActive": Resource("lightly_active"),
    "minutesFairlyActive": Resource("fairly_active"),
    "minutesVeryActive": Resource("very_active"),
}
