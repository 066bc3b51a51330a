"""Several requests under way at a time, and their answers in order.

An answer takes the provider a part of a second, and the client a small part of that. With a second
request under way, the provider is never the one who waits.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future, wait
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Client = TypeVar("Client")
Job = TypeVar("Job")
Answer = TypeVar("Answer")


class SideBySide(Generic[Client]):
    """Clients of whom each has one job at a time.

    Attributes:
        clients: all of them.
    """

    def __init__(self, clients: Sequence[Client]) -> None:
        self.clients = tuple(clients)
        self._idle: SimpleQueue[Client] = SimpleQueue()
        for client in clients:
            self._idle.put(client)

    def answers(
        self, jobs: Iterable[Job], ask: Callable[[Client, Job], Answer]
    ) -> Iterator[Answer]:
        """What is asked for each job, in the order of the jobs.

        As many jobs are under way as there are clients. An error comes when it is its job's turn
        and the others under way have ended. If nobody wants to know more, these end by themselves,
        before their clients get another job.
        """
        coming = iter(jobs)
        under_way = deque(self._begun(ask, job) for job in islice(coming, len(self.clients)))
        while under_way:
            try:
                answer = under_way.popleft().result()
            except Exception:
                wait(under_way)
                raise
            under_way.extend(self._begun(ask, job) for job in islice(coming, 1))
            yield answer

    def _begun(self, ask: Callable[[Client, Job], Answer], job: Job) -> Future[Answer]:
        future: Future[Answer] = Future()

        def work() -> None:
            client = self._idle.get()
            try:
                future.set_result(ask(client, job))
            except BaseException as error:  # noqa: BLE001 - whoever waits for the answer raises it
                future.set_exception(error)
            finally:
                self._idle.put(client)

        # A daemon: a process that is told to end does not wait for answers that nobody wants.
        threading.Thread(target=work, name="request", daemon=True).start()
        return future
