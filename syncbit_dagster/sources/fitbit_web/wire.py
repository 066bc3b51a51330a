"""The API's texts as times: wall clocks without a zone, labels of a day, ranges of numbers."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)
_RANGE = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)", re.ASCII)

_LABEL = "HH:MM:SS"
_COLONS = [2, 5]
_TENS = [0, 3, 6]


def to_middle(value: Any) -> Any:
    """The middle of a range such as ``44-48``; anything else as it is."""
    if isinstance(value, str) and (match := _RANGE.fullmatch(value)):
        return (float(match[1]) + float(match[2])) / 2
    return value


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
