"""Small writes of a run, made together.

A store that puts a write on its disk takes a moment, however little it is: VictoriaMetrics as
long as for some ten thousand samples. A morning is ten assets with some hundred samples each.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from syncbit_dagster.stores.base import Write
from syncbit_dagster.stores.errors import StoreMismatchError, StoreRefusedError
from syncbit_dagster.stores.validation import InvalidSamplesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.sources.base import Batch
    from syncbit_dagster.stores.base import Slice, Store, WriteReport

logger = logging.getLogger(__name__)

# A write of fewer waits for others. More would let the run's own work wait that can be done
# meanwhile, such as a year's records of partitions.
SAMPLES_TOGETHER = 5_000


class JointWrites:
    """Writes the assets' batches of one run, some of them before their asset's turn has come.

    Their days count as materialized when it has. Until then, a run that ends has stored more than
    is on record, and the next one finds it equal.

    Args:
        store: where they belong.
        slice_of: the slice of an asset, by name, and days.
    """

    def __init__(self, store: Store, slice_of: Callable[[str, DayRange], Slice]) -> None:
        self._store = store
        self._slice_of = slice_of
        self._made: dict[str, tuple[Batch, WriteReport]] = {}
        self._is_joint = True

    def write(
        self, asset: str, batch: Batch, following: Iterable[tuple[str, Batch]]
    ) -> WriteReport:
        """Store a batch durably, unless it was stored along with an earlier one.

        Args:
            asset: whose turn it is.
            batch: its samples.
            following: what later assets will bring; taken as long as there is little.

        Raises:
            InvalidSamplesError: as :meth:`Store.replace_all`.
            StoreError: likewise.
        """
        if asset in self._made:
            earlier, report = self._made.pop(asset)
            if earlier is batch:
                return report
        together = [(asset, batch)]
        if self._is_joint:
            together += _some_of(following, SAMPLES_TOGETHER - len(batch.samples))
        try:
            reports = self._replace(together)
        except (InvalidSamplesError, StoreMismatchError, StoreRefusedError) as error:
            if len(together) == 1:
                raise
            logger.info("%s From here on, each asset is written by itself.", error)
            self._is_joint = False
            together, reports = together[:1], self._replace(together[:1])
        for (name, one), report in zip(together[1:], reports[1:], strict=True):
            self._made[name] = (one, report)
        return reports[0]

    def _replace(self, together: Iterable[tuple[str, Batch]]) -> list[WriteReport]:
        writes = [Write(self._slice_of(name, one.days), one.samples) for name, one in together]
        return self._store.replace_all(writes, durable=True)


def _some_of(following: Iterable[tuple[str, Batch]], samples: int) -> list[tuple[str, Batch]]:
    """As many as it takes to have so many samples."""
    some: list[tuple[str, Batch]] = []
    if samples > 0:
        for name, batch in following:
            some.append((name, batch))
            samples -= len(batch.samples)
            if samples <= 0:
                break
    return some
