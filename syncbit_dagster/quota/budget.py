"""The budget as a process sees it: wait for a turn before each request, learn from each answer."""

from __future__ import annotations

import logging
import time
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from syncbit_dagster.account.state.base import StateError
from syncbit_dagster.account.state.place import MemoryState
from syncbit_dagster.core.errors import SyncbitError
from syncbit_dagster.quota.headers import told_by
from syncbit_dagster.quota.ledger import Ledger, ask, at, learn
from syncbit_dagster.quota.quota import QuotaFigures
from syncbit_dagster.quota.windows import window_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from syncbit_dagster.account.state.base import HeldState
    from syncbit_dagster.quota.quota import Quota

log = logging.getLogger(__name__)

TOLD_FROM_SECONDS = 5.0  # the pauses of an even pace are not worth a line


class WaitTooLongError(SyncbitError):
    """The next request may go at ``resume_at`` only, an aware instant."""

    def __init__(self, sentence: str, resume_at: datetime) -> None:
        super().__init__(sentence)
        self.resume_at = resume_at


class Budget:
    """One process's share in the budget of an account. Not shared between threads.

    Args:
        quota: the limit, and where it is shared.
        clock: seconds since the epoch; default: the clock of the shared place.
        sleep: waits.
    """

    def __init__(
        self,
        quota: Quota,
        *,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._quota = quota
        self._state = quota.place.open() if quota.place else MemoryState()
        self._clock = clock
        self._sleep = sleep
        self._owner = uuid.uuid4().hex
        self._sent_at = 0.0

    def wait_for_turn(self) -> float:
        """Block until one more request fits, count it, and return the seconds waited.

        Raises:
            WaitTooLongError: the turn is further away than the quota's longest wait.
            StateError: the shared place does not work.
        """
        waited = 0.0
        while True:
            left = self._quota.longest_wait_seconds - waited
            with self._ledger() as (ledger, held):
                ledger, wait = ask(ledger, self._quota, self._owner, left)
                held.write(ledger.to_json())
                self._sent_at = ledger.seen
            if wait <= 0:
                return waited
            resume_at = datetime.fromtimestamp(ledger.seen + wait, UTC)
            if wait > left:
                raise WaitTooLongError(self._sentence(resume_at, "may go on"), resume_at)
            if wait >= TOLD_FROM_SECONDS > waited:
                log.info("%s", self._sentence(resume_at, "goes on"))
            self._sleep(wait)
            waited += wait

    def learn(self, status: int, headers: Mapping[str, str]) -> bool:
        """Take over what an answer says about the budget.

        Returns:
            Whether it is a 429 that says when to go on: then the next turn comes no sooner.
        """
        told = told_by(status, headers, datetime.now(UTC))
        if status != 429 and (told.remaining is None or told.resets_in is None):
            return False
        with self._ledger() as (ledger, held):
            held.write(learn(ledger, self._quota, told, self._sent_at).to_json())
        return status == 429 and (told.knows_when or self._quota.window == "fixed")

    def figures(self) -> QuotaFigures:
        """How the window stands now, for everybody who shares it."""
        with self._ledger() as (ledger, _):
            used = window_of(self._quota, ledger.offset).used(ledger.log, ledger.seen)
        return QuotaFigures(used, max(0, self._quota.requests - used), ledger.waits)

    def close(self) -> None:
        """Release connections; the budget can be used again afterwards."""
        self._state.close()

    @contextmanager
    def _ledger(self) -> Iterator[tuple[Ledger, HeldState]]:
        with self._state.locked() as held:
            now = self._clock() if self._clock else held.now()
            try:
                ledger = Ledger.from_json(held.read())
            except (AttributeError, KeyError, TypeError, ValueError):
                raise StateError(
                    f"The count of requests in {self._quota.place} is damaged; delete it: only "
                    f"what was sent in the last {self._quota.seconds} s is forgotten."
                ) from None
            yield at(ledger, now), held

    def _sentence(self, resume_at: datetime, verb: str) -> str:
        return (
            f"The request budget ({self._quota}) is used up; it {verb} at "
            f"{resume_at.astimezone().isoformat(sep=' ', timespec='seconds')}."
        )
