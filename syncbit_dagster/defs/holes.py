"""Days of whose answer something could not be read: what is stored stays, and they stay open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from syncbit_dagster.scheduling.settled_rule import state_of
from syncbit_dagster.sources.set_aside import holes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from syncbit_dagster.scheduling.corrections import Absent, Decision
    from syncbit_dagster.scheduling.settled_rule import State
    from syncbit_dagster.sources.set_aside import SetAside


def is_missed(absent: Absent, set_aside: Sequence[SetAside]) -> bool:
    """Whether samples may be absent because nobody could read them; an unknown day may be any."""
    missing = holes(set_aside)
    return any(absent.metric in missing.get(day, ()) for day in (absent.day, None))


def without_missed(decision: Decision, set_aside: Sequence[SetAside]) -> Decision:
    """The decision, in which only what the provider really lacks is absent."""
    kept = tuple(one for one in decision.kept if not is_missed(one, set_aside))
    return replace(decision, kept=kept)


def told_states(
    states: Mapping[date, State], set_aside: Sequence[SetAside], zone: ZoneInfo, now: datetime
) -> dict[date, State]:
    """The states as they are told: a day with a hole may be readable tomorrow.

    Until nobody can expect that any more: then it is settled with its hole.
    """
    missing = holes(set_aside)
    return {
        day: state_of(day, zone, None, now) if day in missing else state
        for day, state in states.items()
    }
