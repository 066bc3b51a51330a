"""A series on its way from the server to a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncbit_dagster.core.samples import Series
from syncbit_dagster.stores.validation import round_significant
from syncbit_dagster.stores.victoriametrics import encoding
from syncbit_dagster.stores.victoriametrics.journal_text import End

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from syncbit_dagster.stores.victoriametrics.encoding import Block


class Change(NamedTuple):
    """What a series shall hold from ``low`` until before ``high`` (ms)."""

    low: int
    high: int
    wanted: Series


class Content(NamedTuple):
    """What a series shall hold: what can be read as the metric ``source``, with some changes.

    Attributes:
        fewest: how many of the samples that are read are known to be there. Fewer are an answer
            that wrongly says "nothing there".
    """

    metric: str
    labels: str
    source: str
    changes: Sequence[Change] = ()
    fewest: int = 0


class SeriesCopy:
    """Lines for a journal, and what they come to so far.

    Args:
        labels: the series' as the server knows them.
    """

    def __init__(self, content: Content, labels: str) -> None:
        self.end = End()
        self._content = content
        self._labels = labels
        self._read = 0

    @property
    def is_short(self) -> bool:
        """Whether less was read than there is."""
        return self._read < self._content.fewest

    def changes(self) -> Iterator[bytes]:
        """What is new."""
        for change in self._content.changes:
            yield from self._noted(change.wanted.timestamps, change.wanted.values)

    def rest(self, block: Block) -> Iterator[bytes]:
        """What stays of a stretch that was read.

        Rounded as everything that a store writes: only so it reads back as it was sent. And the
        server takes no number back that is not finite, such as other writers may have stored.
        """
        timestamps, values = block.timestamps, block.values
        self._read += len(timestamps)
        self.end = self.end._replace(last=max(self.end.last, int(timestamps.max(initial=0))))
        is_kept = np.isfinite(values)
        for change in self._content.changes:
            is_kept &= (timestamps < change.low) | (timestamps >= change.high)
        yield from self._noted(timestamps[is_kept], round_significant(values[is_kept]))

    def _noted(
        self, timestamps: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
    ) -> Iterator[bytes]:
        self.end = self.end.plus(timestamps, values)
        return encoding.encode(Series(self._content.metric, self._labels, timestamps, values), {})
