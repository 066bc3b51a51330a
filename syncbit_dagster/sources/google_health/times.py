"""When a data point was: the documented field, else what other fields and the zone say of it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from syncbit_dagster.core.civil import ONE_DAY, civil_day
from syncbit_dagster.sources.wire import ODD, to_floats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from syncbit_dagster.sources.wire import Json

Read = TypeVar("Read")

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)


def to_instants(texts: list[str]) -> npt.NDArray[np.int64]:
    """``2026-11-20T08:00:00Z``, with or without a fraction, as milliseconds."""
    if not all(map(_INSTANT.fullmatch, texts)):
        raise ValueError("not an instant in UTC")
    return np.array([text[:-1] for text in texts], dtype="datetime64[ms]").astype(np.int64)


def to_unix_seconds(texts: list[str | None]) -> npt.NDArray[np.float64]:
    """Instants as seconds since the epoch; NaN for absent ones."""
    seconds = np.full(len(texts), np.nan)
    known = [n for n, text in enumerate(texts) if text is not None]
    seconds[known] = to_instants([text for text in texts if text is not None]) / 1000
    return seconds


def to_civil_day(civil: Json) -> date:
    """A civil date of the API."""
    return date(civil["year"], civil["month"], civil["day"])


def day_of(instant: str, offset: str) -> date:
    """The civil day of an instant by the UTC offset that its device had."""
    (moment,) = to_instants([instant]).tolist()
    return (datetime.fromtimestamp(moment / 1000, UTC) + _offset(offset)).date()


def any_day(objects: Iterable[Json], zone: ZoneInfo) -> date | None:
    """The civil day that any of these objects tells, for what cannot be read otherwise."""
    for one in objects:
        sample, span = one.get("sampleTime"), one.get("interval")
        sample, span = (each if isinstance(each, dict) else {} for each in (sample, span))
        if day := _known(to_civil_day, one.get("date")):
            return day
        for civil in (one.get("civilStartTime"), sample.get("civilTime"), span.get("civilEndTime")):
            if reading := _known(_civil, civil):
                return reading.date()
        for text in (one.get("startTime"), sample.get("physicalTime"), span.get("endTime")):
            if instant := _known(_instant, text):
                return civil_day(instant, zone)
    return None


def newest(texts: Iterable[Any]) -> datetime | None:
    """The last of some instants, of those that can be read."""
    return max(filter(None, (_known(_instant, text) for text in texts)), default=None)


def completed(point: Json, field: str, zone: ZoneInfo, window: timedelta | None) -> Json:
    """The same point with the times that its other fields, or the account's zone, imply.

    Args:
        point: a data point that cannot be read as it is.
        field: the object in it that holds the value.
        zone: the account's.
        window: how long a roll-up's windows are; None: it is none.
    """
    value = dict(point.get(field) or {})
    changed = {**point, field: value}
    end = _known(_civil, point.get("civilEndTime"))
    if end and not _known(_civil, point.get("civilStartTime")):
        changed["civilStartTime"] = _civil_json(end - ONE_DAY)
    until = _known(_instant, point.get("endTime"))
    if window and until and not _known(_instant, point.get("startTime")):
        changed["startTime"] = _text(until - window)
    if isinstance(value.get("sampleTime"), dict):
        value["sampleTime"] = _sample(value["sampleTime"], zone)
    if isinstance(value.get("interval"), dict):
        value["interval"] = _interval(value["interval"], zone)
    return changed


def _sample(found: Json, zone: ZoneInfo) -> Json:
    """An instant and its reading of the wall clock, each from the other where one is missing."""
    instant = _known(_instant, found.get("physicalTime"))
    civil = _known(_civil, found.get("civilTime"))
    offset = _known(_offset, found.get("utcOffset"))
    if instant and not civil:
        return {**found, "civilTime": _civil_json(_read(instant, offset, zone))}
    if civil and not instant:
        return {**found, "physicalTime": _text(_placed(civil, offset, zone))}
    return found


def _interval(found: Json, zone: ZoneInfo) -> Json:
    """A session's ends and their offsets."""
    result = dict(found)
    for end, other in (("end", "start"), ("start", "end")):
        instant = _known(_instant, found.get(f"{end}Time"))
        civil = _known(_civil, found.get(f"civil{end.capitalize()}Time"))
        own = _known(_offset, found.get(f"{end}UtcOffset"))
        offset = own if own is not None else _known(_offset, found.get(f"{other}UtcOffset"))
        if instant is None and civil:
            instant = _placed(civil, offset, zone)
            result[f"{end}Time"] = _text(instant)
        if own is None and instant:
            read = civil or _read(instant, offset, zone)
            seconds = round((read - instant.replace(tzinfo=None)).total_seconds())
            result[f"{end}UtcOffset"] = f"{seconds}s"
    return result


def _placed(civil: datetime, offset: timedelta | None, zone: ZoneInfo) -> datetime:
    if offset is not None:
        return (civil - offset).replace(tzinfo=UTC)
    return civil.replace(tzinfo=zone).astimezone(UTC)


def _read(instant: datetime, offset: timedelta | None, zone: ZoneInfo) -> datetime:
    if offset is not None:
        return instant.replace(tzinfo=None) + offset
    return instant.astimezone(zone).replace(tzinfo=None)


def _offset(text: str) -> timedelta:
    shift = timedelta(seconds=to_floats([text]).item())
    if abs(shift) > ONE_DAY:
        raise ValueError("no offset is that long")
    return shift


def _instant(text: str) -> datetime:
    return datetime.fromtimestamp(to_instants([text]).item() / 1000, UTC)


def _civil(found: Json) -> datetime:
    clock = found.get("time") or {}
    parts = [clock.get(name, 0) for name in ("hours", "minutes", "seconds")]
    return datetime.combine(to_civil_day(found["date"]), time(*parts))


def _civil_json(reading: datetime) -> Json:
    date_ = {"year": reading.year, "month": reading.month, "day": reading.day}
    parts = {"hours": reading.hour, "minutes": reading.minute, "seconds": reading.second}
    return {"date": date_, "time": parts}


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _known(read: Callable[[Any], Read], raw: Any) -> Read | None:
    """What a field says; None if it says nothing that can be read."""
    try:
        return read(raw)
    except ODD:
        return None
