"""A planned request, asked until every part of it that can be had is there.

What a server refuses in our form is asked for in a plainer one; what it fails over again and again
is asked for in halves, until the days are found that it cannot give.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from syncbit_dagster.core.civil import ONE_DAY, DayRange, civil_day, day_start
from syncbit_dagster.sources.errors import (
    PermissionMissingError,
    RequestRefusedError,
    ServerFailedError,
    SourceError,
)
from syncbit_dagster.sources.google_health.plan import (
    SHORT_CAP_DAYS,
    ReadingsRequest,
    Request,
    RollUpRequest,
    parts_of,
)
from syncbit_dagster.sources.set_aside import FORBIDDEN, SetAside

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from syncbit_dagster.catalog import Metric
    from syncbit_dagster.sources.google_health.client import GoogleHealthClient, Json

MOST_BAD_DAYS = 3  # more of them in one range are an outage
TRIES_OF_A_PART = 2  # a whole range was tried six times before


@dataclass
class Asked:
    """What became of the requests of one data type.

    Attributes:
        has_answers: whether any request was answered.
        refusal: why all of it is left out; None: it is not.
        failed: the days that the server could not give, and why.
    """

    has_answers: bool = False
    refusal: SourceError | None = None
    failed: dict[date, str] = field(default_factory=dict)


def ask(
    client: GoogleHealthClient, request: Request, zone: ZoneInfo, asked: Asked
) -> Iterator[tuple[Request, list[Json]]]:
    """The pages of a request, each with the part of it that they answer.

    Args:
        client: sends it.
        request: what is wanted.
        zone: the account's.
        asked: what became of the data type so far; is brought up to date.
    """
    if asked.refusal is not None:
        return
    longest = client.longest_days.get(request.data_type)
    parts = [request] if longest is None else _parts(request, longest)
    try:
        for part in parts:
            yield from _ask_in_halves(client, part, zone, asked)
    except (PermissionMissingError, RequestRefusedError, ServerFailedError) as error:
        asked.refusal = error


def _ask_in_halves(
    client: GoogleHealthClient, request: Request, zone: ZoneInfo, asked: Asked
) -> Iterator[tuple[Request, list[Json]]]:
    try:
        pages = client.pages(request)
    except RequestRefusedError as refusal:
        days = refusal.longest_days or SHORT_CAP_DAYS
        smaller = _parts(request, days)
        if len(smaller) < 2:
            raise
        client.longest_days[request.data_type] = days
        for part in smaller:
            yield from _ask_in_halves(client, part, zone, asked)
        return
    except ServerFailedError as failure:
        halves = _halves(request, zone)
        if not halves:
            _fail(request, zone, asked, failure)
            return
        tries, client.api.tries = client.api.tries, TRIES_OF_A_PART
        try:
            for half in halves:
                yield from _ask_in_halves(client, half, zone, asked)
        finally:
            client.api.tries = tries
        return
    asked.has_answers = True
    for page in pages:
        yield request, page


def _fail(request: Request, zone: ZoneInfo, asked: Asked, failure: ServerFailedError) -> None:
    days = days_of(request, zone)
    if days is None or len(asked.failed) + len(days) > MOST_BAD_DAYS:
        raise failure
    asked.failed |= dict.fromkeys(days, f"{request.data_type}: {failure}")


def days_of(request: Request, zone: ZoneInfo) -> DayRange | None:
    """The civil days that a request touches; None: the whole history."""
    if isinstance(request, RollUpRequest | ReadingsRequest):
        last = request.end - timedelta(milliseconds=1)
        return DayRange(civil_day(request.start, zone), civil_day(last, zone))
    return request.days


def failed_on_all(asked: Mapping[str, Asked], days: DayRange) -> dict[date, str]:
    """The days that no data type could give, and why: nothing is known of them."""
    answered = [one for one in asked.values() if one.refusal is None]
    return {
        day: answered[0].failed[day]
        for day in days
        if answered and all(day in one.failed for one in answered)
    }


def holes_of(
    asked: Mapping[str, Asked], metrics: Iterable[Metric], days: DayRange
) -> list[SetAside]:
    """What is left out of some days because a data type was refused, or failed on them.

    What is refused may be refused for good: no day waits for it. What failed may work tomorrow.
    """
    found: list[SetAside] = []
    rows = list(metrics)
    for data_type, one in asked.items():
        names = tuple(
            dict.fromkeys(
                row.name for row in rows for part in parts_of(row) if part.data_type == data_type
            )
        )
        if isinstance(one.refusal, ServerFailedError):
            reason = f"the server fails on it ({one.refusal.why})"
            found += [SetAside(day, data_type, reason, names) for day in days]
        elif one.refusal is not None:
            is_forbidden = isinstance(one.refusal, PermissionMissingError)
            word = FORBIDDEN if is_forbidden else "it is refused"
            found.append(SetAside(None, data_type, f"{word} ({one.refusal.why})", names))
        else:
            reason = "the server fails on this day"
            found += [SetAside(day, data_type, reason, names) for day in days if day in one.failed]
    return found


def apart(days: DayRange, missing: Collection[date]) -> list[DayRange]:
    """The days in ranges of which each is missing, or has nothing missing."""
    found: list[DayRange] = []
    for day in days:
        if found and day not in missing and found[-1].last not in missing:
            found[-1] = DayRange(found[-1].first, day)
        else:
            found.append(DayRange(day, day))
    return found


def _halves(request: Request, zone: ZoneInfo) -> list[Request]:
    """Two requests for the same; none for a single day."""
    days = days_of(request, zone)
    if days is None or len(days) < 2:
        return []
    middle = days.first + timedelta(days=len(days) // 2)
    if isinstance(request, RollUpRequest | ReadingsRequest):
        at = day_start(middle, zone)
        return [replace(request, end=at), replace(request, start=at)]
    return [
        replace(request, days=DayRange(days.first, middle - ONE_DAY)),
        replace(request, days=DayRange(middle, days.last)),
    ]


def _parts(request: Request, longest_days: int) -> list[Request]:
    """The same in ranges of so many days; in one where that is no range of civil days."""
    if isinstance(request, RollUpRequest | ReadingsRequest) or request.days is None:
        return [request]
    return [replace(request, days=part) for part in request.days.chunks(longest_days)]
