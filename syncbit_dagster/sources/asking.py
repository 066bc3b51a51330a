"""A planned request, asked until every part of it that can be had is there.

What a server fails over again and again is asked for in halves, until the days are found that it
cannot give. What it refuses of several kinds of data is left out, and the others are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from syncbit_dagster.core import samples
from syncbit_dagster.core.civil import ONE_DAY, DayRange, civil_day, day_start, to_milliseconds
from syncbit_dagster.sources.base import Batch
from syncbit_dagster.sources.errors import (
    PermissionMissingError,
    RequestRefusedError,
    ServerFailedError,
    SourceError,
)
from syncbit_dagster.sources.set_aside import FORBIDDEN, SetAside, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.sources.http import ApiClient

MOST_BAD_DAYS = 3  # more of them in one range are an outage
TRIES_OF_A_PART = 2  # a whole range was tried six times before


@dataclass
class Asked:
    """What became of the requests for one kind of data.

    Attributes:
        metrics: names of the metrics that are made from it.
        has_answers: whether any request was answered.
        refusal: why all of it is left out; None: it is not.
        failed: the days that the server could not give, and why.
    """

    metrics: tuple[str, ...]
    has_answers: bool = False
    refusal: SourceError | None = None
    failed: dict[date, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asking:
    """How one provider is asked.

    Attributes:
        api: sends; its patience is shorter for a part of what has failed as a whole.
        answers: the answers to a request, all of its pages.
        zone: the account's.
        smaller_days: a range to try where a longer one is refused without a word; None: none.
        longest_days: by kind, what a server said is the longest range that it takes.
    """

    api: ApiClient
    answers: Callable[[Any], list[Any]]
    zone: ZoneInfo
    smaller_days: int | None = None
    longest_days: dict[str, int] = field(default_factory=dict)

    def ask(self, request: Any, kind: str, asked: Asked) -> Iterator[tuple[Any, Any]]:
        """The answers to a request, each with the part of the request that it belongs to.

        Args:
            request: a planned one, with its ``days`` or its ``start`` and ``end``.
            kind: of data.
            asked: what became of the kind so far; is brought up to date.
        """
        if asked.refusal is not None:
            return
        longest = self.longest_days.get(kind)
        try:
            for part in [request] if longest is None else _parts(request, longest):
                yield from self._ask_in_parts(part, kind, asked)
        except (PermissionMissingError, RequestRefusedError, ServerFailedError) as error:
            asked.refusal = error

    def _ask_in_parts(self, request: Any, kind: str, asked: Asked) -> Iterator[tuple[Any, Any]]:
        try:
            answers = self.answers(request)
        except RequestRefusedError as refusal:
            longest = refusal.longest_days or self.smaller_days
            smaller = _parts(request, longest) if longest else []
            if longest is None or len(smaller) < 2:
                raise
            self.longest_days[kind] = longest
            for part in smaller:
                yield from self._ask_in_parts(part, kind, asked)
            return
        except ServerFailedError as failure:
            halves = _halves(request, self.zone)
            if not halves:
                self._fail(request, kind, asked, failure)
            tries, self.api.tries = self.api.tries, TRIES_OF_A_PART
            try:
                for half in halves:
                    yield from self._ask_in_parts(half, kind, asked)
            finally:
                self.api.tries = tries
            return
        asked.has_answers = True
        for answer in answers:
            yield request, answer

    def _fail(self, request: Any, kind: str, asked: Asked, failure: ServerFailedError) -> None:
        days = days_of(request, self.zone)
        if days is None or len(asked.failed) + len(days) > MOST_BAD_DAYS:
            raise failure
        asked.failed |= dict.fromkeys(days, f"{kind}: {failure}")


def require_an_answer(asked: Mapping[str, Asked]) -> None:
    """One kind of data that is refused is left out; if nothing else was answered, that is all."""
    refusals = [one.refusal for one in asked.values() if one.refusal is not None]
    if refusals and not any(one.has_answers and not one.refusal for one in asked.values()):
        raise refusals[0]


def batches(
    days: DayRange,
    series: Sequence[Series],
    set_aside: Iterable[SetAside],
    asked: Mapping[str, Asked],
    zone: ZoneInfo,
    *,
    requests: int,
    seconds: float,
    notes: Mapping[date, str] | None = None,
) -> Iterator[Batch]:
    """What was answered for some days, apart from days that nobody could give."""
    missing = _failed_on_all(asked, days)
    left_out = counted([*set_aside, *_holes_of(asked, days)])
    known, lacking = set(days), _failed_on_some(asked, days)
    for part in _apart(days, missing):
        is_end, is_missing = part.last == days.last, part.first in missing
        ends = to_milliseconds(part.start(zone)), to_milliseconds(part.end(zone))
        yield Batch(
            part,
            samples.from_series([] if is_missing else samples.between(series, *ends)),
            requests if is_end else 0,
            seconds if is_end else 0.0,
            {day: note for day, note in (notes or {}).items() if day in part},
            # What is of none of the days is told once.
            [one for one in left_out if (one.day in set(part) if one.day in known else is_end)],
            {day: missing[day] for day in part if is_missing},
            {day: lacking[day] for day in part if day in lacking and not is_missing},
        )


def _failed_on_all(asked: Mapping[str, Asked], days: DayRange) -> dict[date, str]:
    """The days that no kind of data could be had of, and why: nothing is known of them."""
    answered = [one for one in asked.values() if one.refusal is None]
    return {
        day: answered[0].failed[day]
        for day in days
        if answered and all(day in one.failed for one in answered)
    }


def _failed_on_some(asked: Mapping[str, Asked], days: DayRange) -> dict[date, str]:
    """The days that some kind of data could not be had of, and why: they are not done."""
    found: dict[date, str] = {}
    for kind, one in asked.items():
        if isinstance(one.refusal, ServerFailedError):
            found |= dict.fromkeys(days, f"{kind}: {one.refusal}")
        else:
            found |= {day: why for day, why in one.failed.items() if day in days}
    return found


def _holes_of(asked: Mapping[str, Asked], days: DayRange) -> list[SetAside]:
    """What is left out of some days because a kind of data was refused, or failed on them.

    What is refused may be refused for good: no day waits for it. What failed may work tomorrow.
    """
    found: list[SetAside] = []
    for kind, one in asked.items():
        if isinstance(one.refusal, ServerFailedError):
            reason = f"the server fails on it ({one.refusal.why})"
            found += [SetAside(day, kind, reason, one.metrics) for day in days]
        elif one.refusal is not None:
            is_forbidden = isinstance(one.refusal, PermissionMissingError)
            word = FORBIDDEN if is_forbidden else "it is refused"
            found.append(SetAside(None, kind, f"{word} ({one.refusal.why})", one.metrics))
        else:
            reason = "the server fails on this day"
            found += [SetAside(day, kind, reason, one.metrics) for day in days if day in one.failed]
    return found


def days_of(request: Any, zone: ZoneInfo) -> DayRange | None:
    """The civil days that a request touches; None: the whole history."""
    if hasattr(request, "start"):
        last = request.end - timedelta(milliseconds=1)
        return DayRange(civil_day(request.start, zone), civil_day(last, zone))
    found: DayRange | None = request.days
    return found


def _apart(days: DayRange, missing: Collection[date]) -> list[DayRange]:
    """The days in ranges of which each is missing, or has nothing missing."""
    found: list[DayRange] = []
    for day in days:
        if found and day not in missing and found[-1].last not in missing:
            found[-1] = DayRange(found[-1].first, day)
        else:
            found.append(DayRange(day, day))
    return found


def _halves(request: Any, zone: ZoneInfo) -> list[Any]:
    """Two requests for the same; none for a single day."""
    days = days_of(request, zone)
    if days is None or len(days) < 2:
        return []
    middle = days.first + timedelta(days=len(days) // 2)
    if hasattr(request, "start"):
        at = day_start(middle, zone)
        return [replace(request, end=at), replace(request, start=at)]
    return [
        replace(request, days=DayRange(days.first, middle - ONE_DAY)),
        replace(request, days=DayRange(middle, days.last)),
    ]


def _parts(request: Any, longest_days: int) -> list[Any]:
    """The same in ranges of so many days; in one where that is no range of civil days."""
    if hasattr(request, "start") or request.days is None:
        return [request]
    return [replace(request, days=part) for part in request.days.chunks(longest_days)]
