"""The wire's values as numbers: texts, durations, instants, paths. Anything else is an error.

Errors here are the plain ones of Python; ``parse`` turns them into one sentence.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

Json = dict[str, Any]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?s?", re.ASCII)
_WHOLE_NUMBERS = re.compile(r"-?\d{1,18}(,-?\d{1,18})*", re.ASCII)
_STEP = re.compile(r"(\w+)(?:\[(\w+)=(\w+)\])?")


def to_floats(raw: list[Any]) -> npt.NDArray[np.float64]:
    """Numbers as the wire has them, as float64; NaN for null, "NaN" and absent."""
    kinds = set(map(type, raw))
    if not kinds <= {int, float, str, type(None)}:
        raise TypeError("a number is expected")
    if kinds == {str} and _WHOLE_NUMBERS.fullmatch(joined := ",".join(raw)):
        # int64 are texts on the wire; a page of 10,000 of them is parsed in one go.
        return np.fromstring(joined, dtype=np.float64, sep=",")
    if str in kinds:
        raw = [_text_to_number(one) if isinstance(one, str) else one for one in raw]
    numbers = np.array(raw, dtype=np.float64)
    if np.isinf(numbers).any():
        raise ValueError("an infinite number")
    return numbers


def _text_to_number(text: str) -> float:
    """A whole number (int64 are texts on the wire) or a duration in seconds."""
    if text == "NaN":
        return math.nan
    if not _NUMBER.fullmatch(text):
        raise ValueError("neither a whole number nor a duration")
    return float(text.removesuffix("s"))


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


def to_day(civil: Json) -> date:
    """A civil date of the API."""
    return date(civil["year"], civil["month"], civil["day"])


def day_of(instant: str, offset: str) -> date:
    """The civil day of an instant by the UTC offset that its device had."""
    (moment,) = to_instants([instant]).tolist()
    shift = to_floats([offset]).item()
    return (datetime.fromtimestamp(moment / 1000, UTC) + timedelta(seconds=shift)).date()


def at(value: Json, path: str, absent: float | None = None) -> Any:
    """What is at a path of the catalogue.

    A missing last field is ``absent``; where the way there is missing, there is no value (None).
    """
    *way, (last, _, _) = _steps(path)
    for field, list_key, list_value in way:
        found = value.get(field)
        if list_key is not None:
            found = next((one for one in found or [] if one.get(list_key) == list_value), None)
        if found is None:
            return None
        value = found
    return value.get(last, absent)


def all_at(values: Iterable[Json], path: str, absent: float | None = None) -> list[Any]:
    """:func:`at` for many values; a path of one field is the hot path."""
    if path.isalnum():
        return [value.get(path, absent) for value in values]
    return [at(value, path, absent) for value in values]


@lru_cache
def _steps(path: str) -> tuple[tuple[str, str | None, str | None], ...]:
    """A path as (field, key of the list's element, value of that key)."""
    steps = []
    for part in path.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise ValueError(f"{path!r} is not a path")
        steps.append((match[1], match[2], match[3]))
    return tuple(steps)
