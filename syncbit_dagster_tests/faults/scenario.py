"""A row of the table of faults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from syncbit_dagster_tests.breaking_proxy import Passed, Plan, Reply
from syncbit_dagster_tests.faults.stage import CHOSEN, Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Act = Callable[[Stage], object]

PASSED = Passed()
EVERYTHING = ",".join(CHOSEN)
ANYTHING = "|".join(CHOSEN)
EXIT_CODES = {"done": {0}, "failed": {1}, "killed": {-9}, "anyhow": {0, 1}}
# Of the requests of a run; a blow after the last one would hit nothing.
SOMEWHERE = 0.8


def nothing(_: Stage) -> None:
    """Leave everything as it is."""


@dataclass(frozen=True)
class Scenario:
    """A row.

    Attributes:
        name: what a reader sees.
        reply: what the client gets instead of its answer.
        path: a part of the path of the requests that count.
        after: how many of them pass before; None: a random number.
        times: how many are broken; None: all of them; 0: the fault needs no request.
        every: only each so many-th of them is.
        side: whose requests are counted and broken.
        act: what happens to the machine at the first of them.
        ends: how the run ends that is hit.
        failed: the assets that are not complete then, separated by commas; the rest is. Separated
            by bars: some of them, as their order is. Of a run that is killed, or ends anyhow,
            nobody knows.
        says: what each failure says (a regular expression); a row that may fail has something.
        before: what happens before the run.
        cure: what has to be done before what is missing is launched, beside ending the fault.
        clock_shift: seconds that the worker's clock is off when what is missing is launched.
        is_unrecorded: Dagster cannot write down why it failed; what it prints says so.
        is_short: one of those in every test run.
    """

    name: str
    reply: Reply = PASSED
    path: str = ""
    after: int | None = 0
    times: int | None = 1
    every: int = 1
    side: Literal["api", "store"] = "api"
    act: Act = nothing
    ends: Literal["done", "failed", "killed", "anyhow"] = "done"
    failed: str = ""
    says: str = ""
    before: Act = nothing
    cure: Act = nothing
    clock_shift: float = 0.0
    is_unrecorded: bool = False
    is_short: bool = False

    def somewhere(self, requests: int, random: Random) -> Scenario:
        """The row, with a number where it has a random one; an undisturbed run sends so many."""
        if self.after is not None:
            return self
        return replace(self, after=random.randrange(int(SOMEWHERE * requests)))

    def plan(self, stage: Stage) -> Plan:
        """The row as the proxy understands it."""
        assert self.after is not None
        act = partial(self.act, stage)
        return Plan(self.reply, self.path, self.after, self.times, self.every, act)
