"""The wire's values as numbers and times: texts, paths, wall clocks. Anything else is an error.

Errors here are the plain ones of Python; ``parse`` turns them into one sentence.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Json = dict[str, Any]

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?(E-?\d+)?", re.ASCII)
_RANGE = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)", re.ASCII)
_STEP = re.compile(r"(\w+)(?:\[(\w+)=([\w ]+)\])?")

_LABEL = "HH:MM:SS"
_COLONS = [2, 5]
_TENS = [0, 3, 6]


def to_floats(raw: list[Any]) -> npt.NDArray[np.float64]:
    """Numbers, or texts that hold numbers, as float64; NaN for null and absent."""
    kinds = set(map(type, raw))
    if not kinds <= {int, float, str, type(None)}:
        raise TypeError("a number is expected")
    if str in kinds and not all(_NUMBER.fullmatch(one) for one in raw if isinstance(one, str)):
        raise ValueError("a text that is no number")
    numbers = np.array(raw, dtype=np.float64)
    if np.isinf(numbers).any():
        raise ValueError("an infinite number")
    return numbers


def to_middle(value: Any) -> Any:
    """The middle of a range such as ``44-48``; anything else as it is."""
    if isinstance(value, str) and (match := _RANGE.fullmatch(value)):
        return (float(match[1]) + float(match[2])) / 2
    return value


def to_day(text: str) -> date:
    """A civil day, ``yyyy-MM-dd``."""
    if not _DAY.fullmatch(text):
        raise ValueError("not a day")
    return date.fromisoformat(text)


def to_local_time(text: str) -> datetime:
    """What a wall clock showed, without a zone: ``2019-11-07T12:00:58.000``."""
    if not _LOCAL_TIME.fullmatch(text):
        raise ValueError("not a local time")
    return datetime.fromisoformat(text)


def to_seconds_of_day(labels: list[str]) -> npt.NDArray[np.int64]:
    """``HH:MM:SS`` as seconds on the clock's face; all labels of a day in one go."""
    characters = np.frombuffer("".join(labels).encode("ascii"), dtype=np.uint8)
    if len(characters) != len(labels) * len(_LABEL):
        raise ValueError("not HH:MM:SS")
    table = characters.reshape(-1, len(_LABEL))
    digits = (table - np.uint8(ord("0"))).astype(np.int64)
    hours, minutes, seconds = (digits[:, at] * 10 + digits[:, at + 1] for at in _TENS)
    is_time = (
        (table[:, _COLONS] == ord(":")).all()
        and (np.delete(digits, _COLONS, axis=1) <= 9).all()
        and (hours < 24).all()
        and (minutes < 60).all()
        and (seconds < 60).all()
    )
    if not is_time:
        raise ValueError("not HH:MM:SS")
    total: npt.NDArray[np.int64] = hours * 3600 + minutes * 60 + seconds
    return total


def at(value: Json, path: str) -> Any:
    """What is at a path of the catalogue; None where it, or the way there, is missing."""
    found: Any = value
    for field, key, wanted in _steps(path):
        found = found.get(field)
        if key is not None:
            found = next((one for one in found or [] if one.get(key) == wanted), None)
        if found is None:
            return None
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
