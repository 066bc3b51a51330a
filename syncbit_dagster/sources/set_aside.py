"""What of a provider's answer could not be read: left out and counted, never guessed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

# What happens to one element of an answer; no reason ever quotes a value.
NO_OBJECT = "an element is no object"
NO_VALUE = "the value is missing"
RENAMED = "another field stands in place of the value"
BAD_VALUE = "the value cannot be read"
BAD_TIME = "the time cannot be read"
OUTSIDE = "the time lies outside of the days that were asked for"
FORBIDDEN = "it may not be read"
OFF_GRID = "the interval does not begin where intervals do"


class SetAside(NamedTuple):
    """Elements of one kind and day that were left out for one reason.

    Attributes:
        day: the civil day; None: nobody can tell.
        kind: the data type, series or file, as the provider names it.
        reason: what is wrong, without a single value.
        metrics: names of the metrics that may miss samples by it; none: nothing is missing (of two
            values for one instant, one stands).
        elements: how many.
    """

    day: date | None
    kind: str
    reason: str
    metrics: tuple[str, ...] = ()
    elements: int = 1

    @property
    def is_hole(self) -> bool:
        """Whether its day misses something that the provider may have."""
        return bool(self.metrics)

    def __str__(self) -> str:
        """Day, kind, reason and count, as a reader of a log or a check sees them."""
        times = f" ({self.elements} times)" if self.elements > 1 else ""
        return f"{self.day or 'unknown day'}: {self.kind}: {self.reason}{times}"


def counted(found: Iterable[SetAside]) -> list[SetAside]:
    """Equal ones as one, with their count: a day may have thousands of odd readings."""
    counts: Counter[SetAside] = Counter()
    for one in found:
        counts[one._replace(elements=1)] += one.elements
    return [one._replace(elements=elements) for one, elements in counts.items()]


def holes(found: Iterable[SetAside]) -> dict[date | None, set[str]]:
    """The metrics that may miss samples, by day."""
    missing: dict[date | None, set[str]] = {}
    for one in found:
        if one.is_hole:
            missing.setdefault(one.day, set()).update(one.metrics)
    return missing
