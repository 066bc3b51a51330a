"""What a run will ask for next, fetched while it still stores and records the last answer.

A run takes its assets one by one: it asks the provider, writes, reads back, and Dagster records
each day. With a provider that gives 150 answers a minute, asking is most of the time, and the rest
need not be added to it.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.sources.base import Batch

# As many samples wait to be stored before no more are fetched: some assets' days, or one batch of
# minutes. Besides, one batch is on its way and one is being stored.
SAMPLES_AHEAD = 100_000


class ReadAhead:
    """Batches of several assets, in the order in which they will be asked for.

    A thread of its own is the only one to fetch. What goes wrong with an asset goes wrong when it
    is its turn, and does not stop the others.
    """

    def __init__(self, assets: Sequence[str], fetch: Callable[[str], Iterator[Batch]]) -> None:
        """Begin with the first of the assets.

        Args:
            assets: names, in order.
            fetch: gives an asset's batches.
        """
        self._coming = list(assets)
        self._last = assets[-1]
        self._ready: SimpleQueue[_Ready] = SimpleQueue()
        self._seen: deque[_Ready] = deque()  # looked at, and still to be taken
        self._waiting = 0  # samples
        self._changed = threading.Condition()
        self._is_closed = False
        threading.Thread(
            target=self._work, args=(assets, fetch), name="read ahead", daemon=True
        ).start()

    def has(self, asset: str) -> bool:
        """Whether this asset is still to come."""
        return asset in self._coming

    def take(self, asset: str) -> Iterator[Batch]:
        """The batches of an asset; what is left of those before it is dropped."""
        del self._coming[: self._coming.index(asset) + 1]
        while True:
            found = self._seen.popleft() if self._seen else self._ready.get()
            self._count(-found.samples)
            if found.asset != asset:
                continue
            if found.error:
                raise found.error
            if found.batch is None:
                return
            yield found.batch

    def following(self, days: DayRange, patience_seconds: float) -> Iterator[tuple[str, Batch]]:
        """A look at what the next assets will be given: the batches that hold all of ``days``.

        Ends where an asset has several batches, or where nothing comes for a while. Everything is
        still to be taken; errors show then.
        """
        position = 0
        while True:
            if position == len(self._seen):
                if self._waiting >= SAMPLES_AHEAD and self._ready.empty():
                    return  # no more is fetched before something is taken
                try:
                    self._seen.append(self._ready.get(timeout=patience_seconds))
                except Empty:
                    return
            one = self._seen[position]
            position += 1
            if one.batch and one.batch.days != days:
                return
            if one.batch:
                yield one.asset, one.batch
            elif one.asset == self._last:
                return

    def close(self) -> None:
        """Fetch no more than what is on its way."""
        self._is_closed = True
        self._count(0)

    def _work(self, assets: Sequence[str], fetch: Callable[[str], Iterator[Batch]]) -> None:
        for ready in (one for asset in assets for one in _of_asset(asset, fetch)):
            self._count(ready.samples)
            self._ready.put(ready)
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed or self._waiting < SAMPLES_AHEAD)
            if self._is_closed:
                return

    def _count(self, samples: int) -> None:
        with self._changed:
            self._waiting += samples
            self._changed.notify_all()


@dataclass(frozen=True)
class _Ready:
    """A batch of an asset, or what went wrong; neither: these were all."""

    asset: str
    batch: Batch | None = None
    error: Exception | None = None

    @property
    def samples(self) -> int:
        return len(self.batch.samples) if self.batch else 0


def _of_asset(asset: str, fetch: Callable[[str], Iterator[Batch]]) -> Iterator[_Ready]:
    try:
        for batch in fetch(asset):
            yield _Ready(asset, batch)
        yield _Ready(asset)
    except Exception as error:  # noqa: BLE001 - whatever it is, the asset's step will raise it
        yield _Ready(asset, error=error)
