"""What happens in the month, in the account's wall clock (Berlin)."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.emulator.switches import Fault
from syncbit_dagster_tests.defs.wearer import BERLIN
from syncbit_dagster_tests.month.person import Traveller, ahead_of_utc, changes_of, zone_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncbit_dagster_tests.month.virtual_time import VirtualClock

IS_SOAK = os.environ.get("SYNCBIT_SOAK") == "1"

# Of the history; in the long run some days more than a device remembers.
FIRST_DAY = date(2025, 8, 25) if IS_SOAK else date(2025, 10, 3)
DAYS = DayRange(date(2025, 10, 7), date(2025, 11, 7))  # 26 October has 25 hours
OFF = (date(2025, 10, 13), date(2025, 10, 14))


def local(day: str, clock: str) -> datetime:
    """An instant of the month by Berlin's clock: ``local("10-29", "04:00")``."""
    return _at(_day(day), clock)


def _day(day: str) -> date:
    return date.fromisoformat(f"2025-{day}")


def _at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), BERLIN).astimezone(UTC)


START, END = local("10-07", "11:00"), local("11-07", "23:30")
SILENT_FROM, SILENT_UNTIL = local("10-20", "22:40"), local("10-24", "20:50")
WHILE_SILENT = local("10-23", "12:00")
# The API is down for six hours; a sync shortly before begins a run that breaks midway.
DOWN = (local("10-29", "04:00"), local("10-29", "10:00"))
AFTER_THE_OUTAGE = local("10-29", "12:00")
AWAY = (local("11-01", "13:00"), local("11-04", "16:00"))
ONE_ZONE_WEST = timedelta(hours=-1)
TICK = timedelta(minutes=15)

# When the computer is on in the short run, in which Dagster's own records are most of the costs.
ON = (
    (START, local("10-07", "11:30")),
    (local("10-15", "22:40"), local("10-15", "23:15")),
    (SILENT_FROM, local("10-20", "23:15")),
    (local("10-22", "07:10"), local("10-22", "07:45")),
    (local("10-23", "05:00"), WHILE_SILENT),
    (SILENT_UNTIL, local("10-24", "21:30")),
    (local("10-27", "22:40"), local("10-27", "23:15")),
    (local("10-29", "03:50"), AFTER_THE_OUTAGE),
    (local("11-02", "00:30"), local("11-02", "05:30")),
    (local("11-04", "00:40"), local("11-04", "01:15")),
    (local("11-07", "22:40"), END),
)
A_DAY = ["08:05", "13:05", "22:40"] if IS_SOAK else ["22:40"]
# Before the month, before and in the outage, around the midnights of both zones of the journey.
BESIDES = (
    local("10-07", "08:05"),
    local("10-29", "03:50"),
    local("10-29", "08:05"),
    local("11-02", "00:30"),
    local("11-02", "01:20"),
    local("11-02", "02:20"),
    local("11-04", "00:40"),
)
SCALE_SYNCS = (
    local("10-01", "07:10"),
    *(local(day, "07:10") for day in ("10-10", "10-22", "11-05")),
)


def watch_syncs() -> list[datetime]:
    """Once a day (in the long run three times), but for the four silent days."""
    before = DAYS.first - 3 * ONE_DAY
    usual = [_at(day, clock) for day in DayRange(before, DAYS.last) for clock in A_DAY]
    syncs = {at for at in (*usual, *BESIDES) if not SILENT_FROM < at < SILENT_UNTIL}
    return sorted(syncs | {SILENT_FROM, SILENT_UNTIL})


def person(*, travels: bool) -> Traveller:
    """The person of the month, in Berlin or for three days one zone west of it."""
    return Traveller(_journey() if travels else BERLIN, watch_syncs(), SCALE_SYNCS, OFF)


def _journey() -> Any:
    leaves, returns = AWAY
    there = ahead_of_utc(BERLIN, leaves) + ONE_ZONE_WEST
    changes = [*changes_of(BERLIN, 2025), (leaves, there), (returns, ahead_of_utc(BERLIN, returns))]
    # The account says Berlin all the time: its zone is set once, not at every border.
    return zone_of(BERLIN.key, ahead_of_utc(BERLIN, datetime(2025, 1, 1, tzinfo=UTC)), changes)


def is_on(instant: datetime) -> bool:
    """Whether the computer is on."""
    return IS_SOAK or any(first <= instant <= last for first, last in ON)


def grid(mornings: Iterable[datetime]) -> list[datetime]:
    """When the sensors tick: every 15 minutes, in the short run where something happens."""
    every = [START + n * TICK for n in range((END - START) // TICK + 1)]
    if IS_SOAK:
        return every
    outage = [at for at in every if DOWN[0] <= at <= DOWN[1] + TICK]
    events = (START, WHILE_SILENT, *watch_syncs(), *SCALE_SYNCS, *mornings)
    seen = {at for event in events for at in every if event <= at < event + 2 * TICK}
    return sorted(at for at in seen.union(outage) if is_on(at))


@dataclass
class Door(deque[Fault]):
    """What every request meets first: its time is noted, and in the outage it is turned away.

    Attributes:
        clock: of the month.
        come_through: so many requests are still answered after the outage has begun.
        asked: when each request came.
    """

    clock: VirtualClock
    come_through: int = 12
    asked: list[datetime] = field(default_factory=list)

    def __bool__(self) -> bool:
        now = self.clock.now()
        self.asked.append(now)
        if not DOWN[0] <= now < DOWN[1]:
            return False
        self.come_through -= 1
        return self.come_through < 0

    def popleft(self) -> Fault:
        return Fault(503)
