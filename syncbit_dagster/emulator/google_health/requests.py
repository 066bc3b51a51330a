"""Reading requests: parameters and JSON bodies become checked values, or a refusal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from syncbit_dagster.core.civil import ONE_DAY, day_start, to_milliseconds
from syncbit_dagster.emulator.google_health.errors import invalid_argument, malformed
from syncbit_dagster.emulator.google_health.filters import parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from syncbit_dagster.emulator.google_health.rules import DataType
    from syncbit_dagster.emulator.person import IntArray

_DAY_MS = 86_400_000
_DEFAULT_PAGE, _LARGEST_PAGE = 1_440, 10_000
_DURATION = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)
_FAMILY = re.compile(
    r"users/[^/]+/dataSourceFamilies/(all-sources|google-wearables|google-sources|self-sources)"
)
_NO_FAMILY = "INVALID_DATA_POINT_DATA_SOURCE_FAMILY"
LIST_PARAMETERS = frozenset({"filter", "pageSize", "pageToken", "dataSourceFamily"})
_ANY_PARAMETERS = {"fields", "alt", "prettyPrint", "key", "quotaUser"}


@dataclass(frozen=True)
class RollUpRequest:
    """A range of instants cut into windows, the last of which may be shorter."""

    start_ms: int
    end_ms: int
    window_ms: int
    page_size: int

    @property
    def windows(self) -> int:
        """How many windows the range has."""
        return -(-(self.end_ms - self.start_ms) // self.window_ms)

    def edges(self, first: int, end: int) -> IntArray:
        """The instants around the windows ``first`` to ``end``, which is excluded."""
        edges = self.start_ms + np.arange(first, end + 1, dtype=np.int64) * self.window_ms
        return np.minimum(edges, self.end_ms)


@dataclass(frozen=True)
class DailyRollUpRequest:
    """Windows of whole civil days: their edges as wall-clock readings and as instants."""

    wall_ms: IntArray
    edges: IntArray


def check_parameters(query: Mapping[str, str], known: frozenset[str] = frozenset()) -> None:
    """Refuse parameters that neither the method nor every method knows."""
    for name in query:
        if name not in known | _ANY_PARAMETERS:
            raise malformed(name, f'Unknown name "{name}": there is no such parameter.')


def check_family(family: object, data_type: DataType) -> bool:
    """Whether the family of data sources has the points of the data type.

    A weight by hand and one by a scale are both none of the wearables'.
    """
    if not family:
        return True
    match = _FAMILY.fullmatch(family) if isinstance(family, str) else None
    if match is None:
        raise invalid_argument(_NO_FAMILY, "This is no full name of a family of sources.")
    return match[1] != "self-sources" and (data_type.is_worn or match[1] != "google-wearables")


def refuse_family(family: object) -> None:
    """Sleep is listed from all sources only; no source names the reason for the refusal."""
    if family:
        raise invalid_argument(_NO_FAMILY, "A list of sleep cannot choose a family of sources.")


def page_size(value: object, default: int = _DEFAULT_PAGE, largest: int = _LARGEST_PAGE) -> int:
    """The page size to use; larger ones are cut, 0 stands for the default."""
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,9}", str(value or 0)):
        raise malformed("pageSize", "The page size is not a positive whole number.")
    return min(int(str(value or 0)), largest) or default


def json_object(body: bytes, known: set[str]) -> dict[str, Any]:
    """The body as an object with known fields only."""
    try:
        value = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise malformed("", f"The body is not JSON: {error}.") from error
    return _fields(value, "", known)


def roll_up_request(body: dict[str, Any], cap_days: int) -> RollUpRequest:
    """The range and windows of a rollUp body, inside the caps of the data type."""
    bounds = _fields(body.get("range"), "range", {"startTime", "endTime"})
    start_ms, end_ms = (_instant(bounds, name) for name in ("startTime", "endTime"))
    window_ms = _window(body.get("windowSize"))
    if end_ms <= start_ms:
        raise invalid_argument("INVALID_TIME_RANGE", "The end of the range is not after its start.")
    size = page_size(body.get("pageSize"))
    if max(end_ms - start_ms, window_ms * size) > cap_days * _DAY_MS:
        raise _too_long(cap_days)
    return RollUpRequest(start_ms, end_ms, window_ms, size)


def daily_roll_up_request(
    body: dict[str, Any], cap_days: int, zone: ZoneInfo
) -> DailyRollUpRequest:
    """The civil windows of a dailyRollUp body, inside the caps of the data type."""
    bounds = _fields(body.get("range"), "range", {"start", "end"})
    first, end = (_civil(bounds, name) for name in ("start", "end"))
    step = _whole(body.get("windowSizeDays", 1), "windowSizeDays", 1, 366)
    if first.time() != time():
        # The reference asks for it; no source names the reason.
        raise invalid_argument("INVALID_TIME_RANGE", "The range does not start at a midnight.")
    if end <= first:
        raise invalid_argument("INVALID_TIME_RANGE", "The end of the range is not after its start.")
    starts = [first.date() + n * ONE_DAY for n in range(0, -((first - end) // ONE_DAY), step)]
    # The default page always fits the windows; a page size that is sent must fit the cap too.
    size = page_size(body.get("pageSize"), cap_days // step)
    if (end - first) > cap_days * ONE_DAY or step * size > cap_days * ONE_DAY.days:
        raise _too_long(cap_days)
    if size < len(starts):
        raise invalid_argument(
            "INVALID_ROLLUP_PAGE_SIZE", f"The page size must be at least {len(starts)}."
        )
    return DailyRollUpRequest(
        np.array([_wall(datetime.combine(day, time(), UTC)) for day in starts] + [_wall(end)]),
        np.array([_instant_of(day, zone) for day in starts] + [_instant_of(end, zone)]),
    )


def _wall(reading: datetime) -> int:
    return to_milliseconds(reading.replace(tzinfo=UTC))


def _instant_of(reading: date, zone: ZoneInfo) -> int:
    """Midnights by the rule of civil days; other readings as the clock shows them first."""
    if not isinstance(reading, datetime):
        return to_milliseconds(day_start(reading, zone))
    if reading.time() == time():
        return to_milliseconds(day_start(reading.date(), zone))
    return to_milliseconds(reading.replace(tzinfo=zone))


def _too_long(cap_days: int) -> Exception:
    return invalid_argument(
        "INVALID_ROLLUP_QUERY_DURATION",
        f"The range, and the window times the page size, may be at most {cap_days} days.",
        maxDurationDays=str(cap_days),
    )


def _fields(value: object, name: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise malformed(name, f"'{name}' is required and is an object.")
    for key in value:
        if key not in known:
            raise malformed(name, f"Unknown name \"{key}\" at '{name}': Cannot find field.")
    return value


def _instant(bounds: dict[str, Any], name: str) -> int:
    value = bounds.get(name)
    instant = parse_instant(value) if isinstance(value, str) else None
    if instant is None:
        raise malformed(f"range.{name}", f"'range.{name}' is not an RFC 3339 timestamp.")
    return instant


def _window(value: object) -> int:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise malformed("windowSize", "'windowSize' is required and looks like \"60s\".")
    milliseconds = int(match[1]) * 1000 + int(f"{match[2] or '0'}000"[:3])
    if milliseconds < 1000:
        raise invalid_argument("INVALID_ROLLUP_WINDOW", "A window lasts at least one second.")
    return milliseconds


def _civil(bounds: dict[str, Any], name: str) -> datetime:
    """A CivilDateTime as a naive reading of the wall clock, in UTC only for the type's sake."""
    path = f"range.{name}"
    reading = _fields(bounds.get(name), path, {"date", "time"})
    day = _fields(reading.get("date"), f"{path}.date", {"year", "month", "day"})
    clock = _fields(
        reading.get("time", {}), f"{path}.time", {"hours", "minutes", "seconds", "nanos"}
    )
    parts = [
        _whole(day.get(part), f"{path}.date.{part}", 1, 9999) for part in ("year", "month", "day")
    ]
    parts += [
        _whole(clock.get(part, 0), f"{path}.time.{part}", 0, 59)
        for part in ("hours", "minutes", "seconds")
    ]
    try:
        return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError as error:
        raise malformed(path, f"'{path}' is no date and time: {error}.") from error


def _whole(value: object, name: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise malformed(name, f"'{name}' is not a whole number from {least} to {most}.")
    return value
