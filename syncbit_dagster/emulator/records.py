"""What a person has beside minutes and samples: sleep sessions, body readings, devices."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime


class Stage(Enum):
    """What a stretch of a session is: four stages, or three levels where stages are unknown."""

    AWAKE = "awake"
    LIGHT = "light"
    DEEP = "deep"
    REM = "rem"
    ASLEEP = "asleep"
    RESTLESS = "restless"


class Staging(Enum):
    """Whether a session got its four stages, or why it has only the three levels."""

    DONE = "done"
    TOO_SHORT = "too short"
    NO_HEART_RATE = "no heart rate"
    FAILED = "failed"


class Segment(NamedTuple):
    """A stretch of one stage, closed-open, in epoch milliseconds."""

    stage: Stage
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class SleepSession:
    """One sleep, in epoch milliseconds; it belongs to the civil day that it ends on.

    ``segments`` follow each other without gaps from the start, and may stop half a minute before
    the end; none at all where nothing but the length is known. ``awakenings`` are too short for
    a segment: they lie inside segments of another stage. ``staging`` is ``None`` while a server
    still works on the stages.
    """

    id: str
    start_ms: int
    end_ms: int
    staging: Staging | None
    segments: tuple[Segment, ...]
    awakenings: tuple[Segment, ...] = ()


def main_session(sessions: tuple[SleepSession, ...]) -> SleepSession | None:
    """The longest with stages of a day, or the longest where none has stages."""
    staged = [session for session in sessions if session.staging is Staging.DONE]
    return max(
        staged or sessions, key=lambda session: session.end_ms - session.start_ms, default=None
    )


class Reading(NamedTuple):
    """One measurement of the body, by a scale or entered by hand."""

    id: str
    at_ms: int
    value: float
    is_manual: bool


@dataclass(frozen=True)
class Body:
    """The readings of one civil day, ascending in time, no two of a kind at one instant.

    Weights in grams, body fat in percent, heights in millimetres.
    """

    weights: tuple[Reading, ...] = ()
    body_fat: tuple[Reading, ...] = ()
    heights: tuple[Reading, ...] = ()


class DeviceKind(Enum):
    """What a device is."""

    TRACKER = "tracker"
    SCALE = "scale"


@dataclass(frozen=True)
class Device:
    """A device of the person. ``battery`` is in percent; ``None`` is not known."""

    id: str
    kind: DeviceKind
    model: str
    battery: int | None
    synced: datetime | None
