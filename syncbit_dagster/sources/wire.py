"""JSON's values as numbers and civil days, and the catalogue's paths. Anything else is an error.

Errors here are the plain ones of Python, :data:`ODD`; a parser sets the element aside.
"""

from __future__ import annotations

import math
import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import numpy.typing as npt

Json = dict[str, Any]
ODD = (AttributeError, KeyError, TypeError, ValueError, OverflowError, IndexError)

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?(E-?\d+|s)?", re.ASCII)
_WHOLE_NUMBERS = re.compile(r"-?\d{1,18}(,-?\d{1,18})*", re.ASCII)
_STEP = re.compile(r"(\w+)(?:\[(\w+)=([\w ]+)\])?")


class RenamedError(ValueError):
    """A documented field is missing, and one that nobody documents stands there."""


def to_floats(raw: list[Any], *, nan: bool = False) -> npt.NDArray[np.float64]:
    """Numbers, or texts that hold numbers or seconds (``1800s``), as float64.

    NaN stands for null and absent; with ``nan``, the text "NaN" is no value either.
    """
    kinds = set(map(type, raw))
    if not kinds <= {int, float, str, type(None)}:
        raise TypeError("a number is expected")
    if kinds == {str} and _WHOLE_NUMBERS.fullmatch(joined := ",".join(raw)):
        # int64 are texts in JSON; a page of 10,000 of them is parsed in one go.
        return np.fromstring(joined, dtype=np.float64, sep=",")
    if str in kinds:
        raw = [_text_to_number(one, nan=nan) if isinstance(one, str) else one for one in raw]
    numbers = np.array(raw, dtype=np.float64)
    if np.isinf(numbers).any():
        raise ValueError("an infinite number")
    return numbers


def _text_to_number(text: str, *, nan: bool) -> float:
    if nan and text == "NaN":
        return math.nan
    if not _NUMBER.fullmatch(text):
        raise ValueError("a text that is no number")
    return float(text.removesuffix("s"))


def to_day(text: str) -> date:
    """A civil day, ``yyyy-MM-dd``."""
    if not _DAY.fullmatch(text):
        raise ValueError("not a day")
    return date.fromisoformat(text)


def at(
    value: Json, path: str, absent: float | None = None, known: Collection[str] | None = None
) -> Any:
    """What is at a path of the catalogue; None where it, or the way there, is missing.

    Args:
        value: a JSON object.
        path: see :mod:`syncbit_dagster.catalog.locations`.
        absent: what a last field stands for that is missing from an object that is there.
        known: the documented names of all objects on the way; None: nobody knows them.

    Raises:
        RenamedError: a field is missing where one stands that is not among the known ones.
    """
    found: Any = value
    *way, last = _steps(path)
    for field, key, wanted in (*way, last):
        if field not in found:
            if known is not None and not found.keys() <= known:
                raise RenamedError("a field that nobody documents")
            return absent if (field, key, wanted) == last and key is None else None
        found = found[field]
        if found is None:
            return None
        if key is not None:
            if not isinstance(found, list):
                raise TypeError("a list is expected")
            found = next((one for one in found if one.get(key) == wanted), None)
            if found is None:
                return None
    return found


def all_at(
    values: Iterable[Json],
    path: str,
    absent: float | None = None,
    known: Collection[str] | None = None,
) -> list[Any]:
    """:func:`at` for many values; a path of one field is the hot path."""
    if path.isalnum():
        return [
            value[path] if path in value else at(value, path, absent, known) for value in values
        ]
    return [at(value, path, absent, known) for value in values]


def names_in(path: str) -> set[str]:
    """All field names of a path."""
    return {name for field, key, _ in _steps(path) for name in (field, key) if name}


def head(path: str) -> str:
    """A path's first field."""
    return _steps(path)[0][0]


def choices_in(path: str) -> list[tuple[str, str, str]]:
    """Where a path picks an element of a list: the way to the list, the key and its value."""
    found, way = [], []
    for field, key, wanted in _steps(path):
        way.append(field)
        if key is not None and wanted is not None:
            found.append((".".join(way), key, wanted))
    return found


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
