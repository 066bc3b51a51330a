"""A row of the table of faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from syncbit_dagster_tests.faults import machine
from syncbit_dagster_tests.faults.proxy import Passed, Plan, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncbit_dagster_tests.faults.stage import Stage

    Act = Callable[[Stage], None]

EVERYTHING = "everything"
PASSED = Passed()


@dataclass(frozen=True)
class Scenario:
    """A row.

    Attributes:
        name: what a reader sees.
        side: whose requests are counted and broken.
        reply: what the client gets instead of its answer.
        path: a part of the path of the requests that count.
        after: how many of them pass before.
        times: how many are broken; None: all of them; 0: the fault needs no request.
        act: what happens to the machine at the first of them.
        ends: how the run ends that is hit.
        failed: the only assets that may fail or be skipped, separated by commas; the rest is done.
        says: words in each failure.
        before: what happens before the run.
        cure: what has to be done before what is missing is launched, beside ending the fault.
        clock_shift: seconds that the worker's clock is off when what is missing is launched.
        is_short: one of those in every test run.
        known: why the row cannot end so yet; the test says when it can.
    """

    name: str
    side: Literal["api", "store"] = "api"
    reply: Reply = PASSED
    path: str = ""
    after: int = 0
    times: int | None = 1
    act: Act = machine.nothing
    ends: Literal["done", "failed", "killed"] = "done"
    failed: str = ""
    says: str = ""
    before: Act = machine.nothing
    cure: Act = machine.nothing
    clock_shift: float = 0.0
    is_short: bool = False
    known: str = ""

    def plan(self, stage: Stage) -> Plan:
        """The row as the proxy understands it."""
        return Plan(self.reply, self.path, self.after, self.times, lambda: self.act(stage))
