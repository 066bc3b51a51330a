"""Which days of the history to fetch next: the newest first, in ranges that the budget affords.

Pure functions over sets of days; who has which days, and what a range costs, is for the caller.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from syncbit_dagster.core.civil import ONE_DAY, DayRange

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import date

# The first range is what people look at first; it should be there within a minute.
FIRST_DAYS = 30
# A whole number of the longest ranges that a provider answers at once (90 days), and not so much
# that many minutes of asking are lost if the machine goes down.
MOST_DAYS = 1080


@dataclass(frozen=True)
class Gap:
    """Days that some assets miss."""

    assets: tuple[str, ...]
    days: DayRange


@dataclass(frozen=True)
class Attempt:
    """A gap that was asked for a short time ago; whatever it brought is not missing any more."""

    gap: Gap
    has_failed: bool


def askable(
    missing: Mapping[str, Collection[date]], under_way: Iterable[Gap], attempts: Iterable[Attempt]
) -> dict[str, set[date]]:
    """What of the missing days to ask for now.

    Not what is under way, and not what was asked for in vain: days that failed, all of them, wait;
    the rest of a range that has brought some does not. An attempt that ended well without bringing
    one of several days says that nobody may read the asset, so that all of its days wait; of a
    single day, it says that the provider cannot give that one.
    """
    rest = {asset: set(days) for asset, days in missing.items()}
    for gap in under_way:
        for asset in gap.assets:
            rest[asset].difference_update(gap.days)
    for attempt in attempts:
        for asset in attempt.gap.assets:
            days = set(attempt.gap.days)
            if days.issubset(missing[asset]):
                is_of_these = attempt.has_failed or len(days) == 1
                rest[asset] = rest[asset] - days if is_of_these else set()
    return rest


def gaps(missing: Mapping[str, Collection[date]]) -> list[Gap]:
    """All gaps: assets that miss the same days together, the newest days first."""
    together: dict[frozenset[date], list[str]] = defaultdict(list)
    for asset, days in missing.items():
        together[frozenset(days)].append(asset)
    found = [
        Gap(tuple(assets), stretch)
        for days, assets in together.items()
        for stretch in stretches(days)
    ]
    return sorted(found, key=lambda gap: gap.days.last, reverse=True)


def stretches(days: Iterable[date]) -> list[DayRange]:
    """Consecutive days as ranges, the newest first."""
    found: list[DayRange] = []
    for day in sorted(days, reverse=True):
        if found and found[-1].first - ONE_DAY == day:
            found[-1] = DayRange(day, found[-1].last)
        else:
            found.append(DayRange(day, day))
    return found


def apart(gap: Gap, cost: Callable[[Gap], int], most: int) -> list[Gap]:
    """A gap as it is, or one for each asset where no run could fetch even a day of all of them.

    Args:
        gap: what is missing.
        cost: the requests that a piece takes.
        most: how many requests a run may take at best.
    """
    if cost(_newest(gap, 1)) <= most:
        return [gap]
    return [Gap((asset,), gap.days) for asset in gap.assets]


def affordable(gap: Gap, cost: Callable[[Gap], int], budget: int, *, newest: date) -> Iterator[Gap]:
    """A gap in pieces, the newest first, until the budget is used up.

    Args:
        gap: what is missing.
        cost: the requests that a piece takes.
        budget: how many requests there are.
        newest: the last day that anybody could ask for; what ends near it comes in a small piece.
    """
    rest: Gap | None = gap
    while rest is not None:
        is_recent = newest - rest.days.last < timedelta(days=FIRST_DAYS)
        most = FIRST_DAYS if is_recent else MOST_DAYS
        piece = _largest(rest, most, cost, budget)
        if piece is None:
            return
        budget -= cost(piece)
        yield piece
        rest = _older(rest, piece)


def _largest(gap: Gap, most: int, cost: Callable[[Gap], int], budget: int) -> Gap | None:
    """The newest days of a gap that the budget affords; None if not even one."""
    low, high = 0, min(most, len(gap.days))
    while low < high:  # a longer range never costs less
        middle = (low + high + 1) // 2
        if cost(_newest(gap, middle)) <= budget:
            low = middle
        else:
            high = middle - 1
    return _newest(gap, low) if low else None


def _newest(gap: Gap, days: int) -> Gap:
    return Gap(gap.assets, DayRange(gap.days.last - (days - 1) * ONE_DAY, gap.days.last))


def _older(gap: Gap, piece: Gap) -> Gap | None:
    if piece.days.first == gap.days.first:
        return None
    return Gap(gap.assets, DayRange(gap.days.first, piece.days.first - ONE_DAY))
