"""What the panels should show, computed in Python from the samples that the store holds."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, TypeAlias

from syncbit_dagster.core.civil import DayRange, civil_day
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster_tests.grafana.filled import DAYS, ZONE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncbit_dagster_tests.grafana.filled import Filled

Labels: TypeAlias = frozenset[tuple[str, str]]
OfDays: TypeAlias = dict[Labels, dict[date, float]]

ACCOUNT = ("user", "device", "__name__")
_SELECTOR = r'(?P<metric>fitbit_\w+)\{user="\$user", device="\$device"\}'
_VALUE = rf"last_over_time\({_SELECTOR}\[1d\] offset -10h\)"
_CLOCK = rf"\({_VALUE} - tlast_over_time\((?P=metric)\{{[^}}]*\}}\[1d\] offset -10h\)\) / 3600"


def own_labels(labels: Mapping[str, str]) -> Labels:
    """The labels of a series without its name and those of the account."""
    return frozenset((name, value) for name, value in labels.items() if name not in ACCOUNT)


def day_expression(expression: str) -> str | None:
    """What a query asks of each date; None for a query that asks of no dates."""
    found = re.fullmatch(
        r"WITH \(shift = .+?, day = (.+)\) \(last_over_time\(day\[1d:1d\].+", expression
    )
    return found[1] if found else None


def of_days(expression: str, store: Filled, goals: Mapping[str, str]) -> OfDays:
    """A day expression's value on every day of the person, for each series."""
    for pattern, make in _FORMS.items():
        if found := re.fullmatch(pattern, expression):
            return make(found, store, goals)
    raise AssertionError(f"No test knows what this should be: {expression}")


def values(metric: str, store: Filled) -> OfDays:
    """The samples of a metric, by the day that they stand for."""
    return {
        own_labels(decode_labels(one.labels)): {
            civil_day(datetime.fromtimestamp(instant / 1000, UTC), ZONE): value
            for instant, value in zip(one.timestamps.tolist(), one.values.tolist(), strict=True)
        }
        for one in store.series(metric)
    }


def clocks(metric: str, store: Filled) -> OfDays:
    """Hours between the midnight of a day and the instant that is its value."""
    (one,) = store.series(metric)
    hours = (one.values - one.timestamps / 1000) / 3600
    days = values(metric, store)[frozenset()]
    return {frozenset(): dict(zip(days, hours.tolist(), strict=True))}


def total(parts: OfDays) -> OfDays:
    """The sum of all series; a day is known if one of them is."""
    days = sorted({day for part in parts.values() for day in part})
    return {frozenset(): {d: sum(part.get(d, 0.0) for part in parts.values()) for d in days}}


def rolling(parts: OfDays, number: int, function: Callable[[list[float]], float]) -> OfDays:
    """A function of the samples among the last days, wherever there is one."""
    result: OfDays = {}
    for labels, known in parts.items():
        result[labels] = {}
        for day in (*DAYS, DAYS.last + timedelta(days=1)):
            window = [known.get(day - timedelta(days=back)) for back in range(number)]
            if some := [value for value in window if value is not None]:
                result[labels][day] = function(some)
    return result


def streaks(parts: OfDays, goal: float) -> OfDays:
    """How many days in a row reach the goal; a day before or after the history reaches none."""
    (known,) = parts.values()
    length, result = 0, {}
    for day in DayRange(DAYS.first - timedelta(days=2), DAYS.last + timedelta(days=1)):
        length = length + 1 if known.get(day, 0.0) >= goal else 0
        result[day] = float(length)
    return {frozenset(): result}


_FORMS: dict[str, Callable[[re.Match[str], Filled, Mapping[str, str]], OfDays]] = {
    _VALUE: lambda found, store, _: values(found["metric"], store),
    _CLOCK: lambda found, store, _: clocks(found["metric"], store),
    rf"sum by \(user, device\) \((?P<part>{_VALUE})\)": lambda found, store, _: total(
        values(found["metric"], store)
    ),
    rf"avg_over_time\({_SELECTOR}\[(?P<days>\d+)d\] offset -10h\)": lambda found, store, _: rolling(
        values(found["metric"], store), int(found["days"]), fmean
    ),
    rf"60 \* stddev_over_time\(\({_CLOCK}\)\[(?P<days>\d+)d:1d\]\)": lambda found, store, _: (
        rolling(clocks(found["metric"], store), int(found["days"]), lambda some: 60 * pstdev(some))
    ),
    r"\(time\(\) - tlast_over_time\(\(\(\(\((?P<part>.+)\) >= bool \$(?P<goal>\w+)\) default 0\)"
    r" == 0\)\[1100d:1d\]\)\) / 86400": lambda found, store, goals: streaks(
        of_days(found["part"], store, goals), float(goals[found["goal"]])
    ),
}
