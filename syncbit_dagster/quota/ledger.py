"""What the processes of an account know together about its budget: pure functions over a value.

A process that cannot send at once leaves a ticket, and asks again when its turn has come. Whoever
asks plays through what those before it will take, so nobody overtakes within a class, and an idle
slot is never kept for a process that is not there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from syncbit_dagster.quota.windows import FixedWindow, window_of

if TYPE_CHECKING:
    from syncbit_dagster.quota.headers import Told
    from syncbit_dagster.quota.quota import Priority, Quota
    from syncbit_dagster.quota.windows import Log

LATE_SECONDS = 2.0  # a process that does not come for its turn in this time has lost its ticket
CLOCK_STEP_SECONDS = 5.0  # what clocks are corrected by every day
PAUSE_AFTER_429_SECONDS = 1.0
LONGEST_BLOCK_SECONDS = 3600.0  # no provider has a longer window; a header may say anything


@dataclass(frozen=True)
class Ticket:
    """A process that waits: who, in which class, until when."""

    owner: str
    priority: Priority
    until: float


@dataclass(frozen=True)
class Ledger:
    """The shared count. All instants are seconds since the epoch.

    Attributes:
        seen: the latest instant at which anybody was here.
        log: when requests were sent, as the window keeps it.
        blocked_until: nobody sends before.
        offset: see :class:`FixedWindow`.
        tickets: who waits, in order of arrival.
        waits: how many requests ever had to wait.
    """

    seen: float = 0.0
    log: Log = ()
    blocked_until: float = 0.0
    offset: float = 0.0
    tickets: tuple[Ticket, ...] = ()
    waits: int = 0

    def to_json(self) -> dict[str, Any]:
        # `asdict` alone copies each pair of the log by itself, milliseconds a request.
        return {**vars(self), "tickets": [asdict(one) for one in self.tickets]}

    @classmethod
    def from_json(cls, content: dict[str, Any] | None) -> Ledger:
        """The stored ledger; a new one if there is none."""
        if content is None:
            return cls()
        log = tuple((float(at), int(count)) for at, count in content["log"])
        tickets = tuple(Ticket(**ticket) for ticket in content["tickets"])
        return cls(**{**content, "log": log, "tickets": tickets})


def at(ledger: Ledger, now: float) -> Ledger:
    """The ledger at a new instant, which may lie before the last one.

    A small step back is waited out. After a large one the clock was wrong before or is wrong now;
    then everything moves with it, so that a window neither begins anew nor lasts an hour longer.
    """
    step = now - ledger.seen
    if step >= -CLOCK_STEP_SECONDS:
        return replace(ledger, seen=max(now, ledger.seen))
    return replace(
        ledger,
        seen=now,
        log=tuple((instant + step, count) for instant, count in ledger.log),
        blocked_until=ledger.blocked_until + step,
        tickets=tuple(replace(one, until=one.until + step) for one in ledger.tickets),
    )


def ask(ledger: Ledger, quota: Quota, owner: str, longest_wait: float) -> tuple[Ledger, float]:
    """Ask to send one request now: the ledger afterwards, and how many seconds to wait.

    0 means that the request is counted and goes at once. After a wait the owner has a ticket and
    asks again; no ticket is left for a wait longer than ``longest_wait``.
    """
    window, now = window_of(quota, ledger.offset), ledger.seen
    tickets = tuple(one for one in ledger.tickets if one.until + LATE_SECONDS >= now)
    place = next((n for n, one in enumerate(tickets) if one.owner == owner), len(tickets))
    has_waited = place < len(tickets)
    log, earliest = ledger.log, max(now, ledger.blocked_until)
    for other in _before(tickets[:place], tickets[place:], quota.priority):
        log = window.counted(log, window.turn(log, earliest, other.priority))
    turn = window.turn(log, earliest, quota.priority)
    wait = turn - now
    mine: tuple[Ticket, ...] = ()
    if 0 < wait <= longest_wait:
        mine = (Ticket(owner, quota.priority, turn),)
    ledger = replace(ledger, tickets=tickets[:place] + mine + tickets[place + 1 :])
    if wait <= 0:
        ledger = replace(
            ledger, log=window.counted(ledger.log, now), waits=ledger.waits + has_waited
        )
    return ledger, wait


def _before(
    earlier: tuple[Ticket, ...], later: tuple[Ticket, ...], priority: Priority
) -> list[Ticket]:
    """Who goes first: earlier ones of the same class, and before history whoever is fresh."""
    fresh = [one for one in earlier if one.priority == "fresh"]
    if priority == "fresh":
        return fresh
    return [
        *fresh,
        *(one for one in later if one.priority == "fresh"),
        *(one for one in earlier if one.priority == "history"),
    ]


def learn(ledger: Ledger, quota: Quota, told: Told, sent_at: float) -> Ledger:
    """The ledger after an answer: the provider's own count wins where it is stricter.

    Args:
        ledger: at the instant at which the answer came.
        quota: the limit.
        told: the answer's status and headers.
        sent_at: when its request was sent; an answer that took long says how things were.
    """
    window, now = window_of(quota, ledger.offset), ledger.seen
    if isinstance(window, FixedWindow):
        if told.resets_in is not None:
            end = window.start(now) + window.seconds
            offset = window.offset + _deviation(end, sent_at, now, told.resets_in, window.seconds)
            window = replace(window, offset=offset % window.seconds)
        if told.remaining is not None and told.resets_in is not None:
            counts_for = (sent_at + now) / 2 + told.resets_in - window.seconds / 2
            if window.start(counts_for) == window.start(now):
                used = max(window.used(ledger.log, now), window.requests - told.remaining)
                ledger = replace(ledger, log=window.with_used(ledger.log, now, used))
        ledger = replace(ledger, offset=window.offset)
    if told.status != 429:
        return ledger
    pause = max(told.retry_after or 0.0, told.resets_in or 0.0)
    if not pause and isinstance(window, FixedWindow):
        pause = window.start(now) + window.seconds - now
    pause = min(max(pause, PAUSE_AFTER_429_SECONDS), LONGEST_BLOCK_SECONDS)
    return replace(ledger, blocked_until=max(ledger.blocked_until, now + pause))


def _deviation(
    end: float, sent_at: float, answered_at: float, resets_in: float, seconds: float
) -> float:
    """How much later than ``end`` the provider's window ends, in the nearest direction."""
    tolerance = 2.0  # whole seconds in the header, and clocks that tick

    def apart(instant: float) -> float:
        return (instant - end + seconds / 2) % seconds - seconds / 2

    earliest, latest = sent_at + resets_in - tolerance, answered_at + resets_in + tolerance
    if apart(earliest) <= 0 <= apart(latest):
        return 0.0
    return apart(answered_at + resets_in)
