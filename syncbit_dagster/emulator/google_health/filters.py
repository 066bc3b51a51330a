"""The filter language of list and reconcile: a small part of AIP-160.

A filter is ``member >= "literal"`` and ``member < "literal"``, joined with ``AND``. The member
belongs to the record kind of the data type; nothing else is accepted, and every refusal has its
own reason. The real API knows ``OR`` for sleep; nobody needs it for a range, so here it does not
exist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.emulator.google_health.errors import invalid_argument

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncbit_dagster.emulator.google_health.rules import DataType

_RESTRICTION = re.compile(r"""\s*([\w.-]+)\s*(>=|<=|!=|<|>|=|:)\s*"([^"]*)"\s*""", re.ASCII)
_JOINT = re.compile(r"(AND|OR|NOT)\b\s*")
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_CIVIL = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

FIRST_MS = to_milliseconds(datetime(1900, 1, 1, tzinfo=UTC))
LAST_MS = to_milliseconds(datetime(9999, 1, 1, tzinfo=UTC))

_REASON = "INVALID_DATA_POINT_FILTER"


@dataclass(frozen=True)
class Bounds:
    """A closed-open range in milliseconds: of instants, or of wall-clock readings if ``civil``.

    A wall-clock reading counts as if it were UTC; a date is its midnight.
    """

    first_ms: int = FIRST_MS
    end_ms: int = LAST_MS
    civil: bool = False


def parse_instant(text: str) -> int | None:
    """An RFC 3339 timestamp with zone in epoch milliseconds, cut below; ``None`` if it is none."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    seconds, fraction, zone = match.groups()
    try:
        instant = datetime.fromisoformat(seconds + zone.upper().replace("Z", "+00:00"))
    except ValueError:
        return None
    return to_milliseconds(instant) + int(f"{fraction or '.0'}000"[1:4])


def _parse_civil(text: str) -> int | None:
    return _wall_ms(text) if _CIVIL.fullmatch(text) else None


def _parse_date(text: str) -> int | None:
    return _wall_ms(text) if _DATE.fullmatch(text) else None


def _wall_ms(text: str) -> int | None:
    try:
        return to_milliseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))
    except ValueError:
        return None


def wall_date(wall_ms: int) -> date:
    """The date that a wall-clock reading lies in."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=wall_ms)).date()


def wall_midnight(day: date) -> int:
    """The reading of a date's midnight."""
    return to_milliseconds(datetime.combine(day, time(), UTC))


@dataclass(frozen=True)
class _Member:
    parse: Callable[[str], int | None]
    civil: bool
    reason: str
    format: str


_CIVIL_MEMBER = _Member(
    _parse_civil, True, f"{_REASON}_CIVIL_DATE_TIME_FORMAT", "YYYY-MM-DD[THH:mm:ss]"
)
# No source names the reasons for the other two formats; these follow the civil one.
_INSTANT_MEMBER = _Member(parse_instant, False, f"{_REASON}_TIMESTAMP_FORMAT", "RFC 3339")
_DATE_MEMBER = _Member(_parse_date, True, f"{_REASON}_DATE_FORMAT", "YYYY-MM-DD")

_MEMBERS = {
    "interval.start_time": _INSTANT_MEMBER,
    "interval.civil_start_time": _CIVIL_MEMBER,
    "sample_time.physical_time": _INSTANT_MEMBER,
    "sample_time.civil_time": _CIVIL_MEMBER,
    "date": _DATE_MEMBER,
    "interval.end_time": _INSTANT_MEMBER,
    "interval.civil_end_time": _CIVIL_MEMBER,
}


def parse_filter(text: str, data_type: DataType) -> Bounds:
    """The time range that a filter asks for; an empty text asks for everything."""
    bounds: dict[str, int] = {}
    members: set[str] = set()
    for member, comparator, literal in _restrictions(text):
        kind = _member(member, data_type)
        if comparator not in (">=", "<"):
            raise invalid_argument(
                f"{_REASON}_RESTRICTION_COMPARATOR",
                f"The comparator {comparator} does not work here; use >= or <.",
            )
        value = kind.parse(literal)
        if value is None:
            raise invalid_argument(kind.reason, f"'{literal}' is not of the form {kind.format}.")
        tighter = max if comparator == ">=" else min
        bounds[comparator] = tighter(value, bounds.get(comparator, value))
        members.add(member)
    if len(members) > 1:
        raise invalid_argument(_REASON, "A filter uses one time member, not several.")
    return _checked(bounds, civil=any(_MEMBERS[m.partition(".")[2]].civil for m in members))


def _checked(bounds: dict[str, int], *, civil: bool) -> Bounds:
    first, end = bounds.get(">=", FIRST_MS), bounds.get("<", LAST_MS)
    if end <= first:
        raise invalid_argument("INVALID_TIME_RANGE", "The end of the range is not after its start.")
    return Bounds(max(first, FIRST_MS), min(end, LAST_MS), civil)


def _restrictions(text: str) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    position = 0
    while position < len(text):
        if found:
            joint = _JOINT.match(text, position)
            if joint is None:
                raise invalid_argument("INVALID_FILTER_FORMAT", "Restrictions are joined with AND.")
            if joint[1] != "AND":
                raise invalid_argument(_REASON, f"{joint[1]} does not work here; use AND.")
            position = joint.end()
        restriction = _RESTRICTION.match(text, position)
        if restriction is None:
            raise invalid_argument("INVALID_FILTER_FORMAT", "The filter cannot be read.")
        found.append((restriction[1], restriction[2], restriction[3]))
        position = restriction.end()
    return found


def _member(name: str, data_type: DataType) -> _Member:
    type_name, _, member = name.partition(".")
    if type_name != data_type.filter_name:
        raise invalid_argument(
            _REASON, f"The filter is about {type_name}, the request about {data_type.filter_name}."
        )
    if member not in data_type.record.value:
        allowed = ", ".join(f"{data_type.filter_name}.{each}" for each in data_type.record.value)
        raise invalid_argument(
            f"{_REASON}_DATA_TYPE_MEMBER", f"{name} does not work here; use one of {allowed}."
        )
    return _MEMBERS[member]
