"""Small batches of a run are written together, each once, and nobody's error is another's."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import Series, from_series
from syncbit_dagster.defs.joint_writes import SAMPLES_TOGETHER, JointWrites
from syncbit_dagster.sources.base import Batch
from syncbit_dagster.stores.base import Slice, Store, Write, WriteReport
from syncbit_dagster.stores.errors import (
    StoreMismatchError,
    StoreRefusedError,
    StoreUnavailableError,
)
from syncbit_dagster.stores.validation import InvalidSamplesError
from syncbit_dagster_tests.stores.builders import slice_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

DAYS = DayRange(date(2025, 3, 1), date(2025, 3, 7))


class Noting(Store):
    """Notes which assets are written together, and fails for some."""

    def __init__(self, refused: str = "", error: Exception | None = None) -> None:
        self.groups: list[list[str]] = []
        self._refused, self._error = refused, error

    @property
    def description(self) -> str:
        return "a test's"

    def replace_all(self, writes: Sequence[Write], *, durable: bool = False) -> list[WriteReport]:
        assert durable
        group = [target.metrics[0] for target, _ in writes]
        self.groups.append(group)
        if self._error and self._refused in group:
            raise self._error
        return [WriteReport(len(samples), 0, len(samples), 0, 0, "add") for _, samples in writes]

    def read(self, target: Slice) -> pd.DataFrame:
        raise AssertionError(target)

    def close(self) -> None:
        """Nothing is open."""


def batch(samples: int) -> Batch:
    instants = np.arange(samples, dtype=np.int64)
    table = from_series([Series("m", "{}", instants, np.ones(samples))])
    return Batch(DAYS, table, requests=1, seconds=0.0)


def writes_to(store: Store) -> JointWrites:
    return JointWrites(store, lambda asset, _: slice_of("me", metrics=(asset,)))


def test_small_batches_are_written_at_the_turn_of_the_first() -> None:
    store, a, b, c = Noting(), batch(3), batch(4), batch(5)
    writes = writes_to(store)
    assert writes.write("a", a, iter([("b", b), ("c", c)])).added == 3
    assert writes.write("b", b, iter([("c", c)])).added == 4
    assert writes.write("c", c, iter([])).added == 5
    assert store.groups == [["a", "b", "c"]]


def test_no_more_is_waited_for_than_is_worth_it() -> None:
    def coming() -> Iterator[tuple[str, Batch]]:
        yield "b", batch(SAMPLES_TOGETHER - 2)
        yield "c", batch(1)
        raise AssertionError("there was enough")

    store = Noting()
    writes_to(store).write("a", batch(1), coming())
    assert store.groups == [["a", "b", "c"]]


def test_much_is_written_at_once() -> None:
    store, coming = Noting(), iter([("b", batch(1))])
    writes_to(store).write("a", batch(SAMPLES_TOGETHER), coming)
    assert len(list(coming)) == 1  # nobody looked
    assert store.groups == [["a"]]


def test_what_was_fetched_again_is_written_again() -> None:
    store = Noting()
    writes = writes_to(store)
    writes.write("a", batch(1), iter([("b", batch(2))]))
    assert writes.write("b", batch(3), iter([])).added == 3
    assert store.groups == [["a", "b"], ["b"]]


@pytest.mark.parametrize(
    "error",
    [InvalidSamplesError("No."), StoreMismatchError("No."), StoreRefusedError("No.")],
)
def test_what_is_wrong_with_one_fails_that_one(error: Exception) -> None:
    store, coming = Noting("b", error), [("b", batch(2)), ("c", batch(3))]
    writes = writes_to(store)
    assert writes.write("a", batch(1), iter(coming)).added == 1
    with pytest.raises(type(error), match=r"No\."):
        writes.write("b", coming[0][1], iter(coming[1:]))
    assert writes.write("c", coming[1][1], iter([])).added == 3
    assert store.groups == [["a", "b", "c"], ["a"], ["b"], ["c"]]


def test_a_store_that_is_gone_is_not_asked_twice() -> None:
    store = Noting("a", StoreUnavailableError("Nobody answers."))
    with pytest.raises(StoreUnavailableError):
        writes_to(store).write("a", batch(1), iter([("b", batch(1))]))
    assert store.groups == [["a", "b"]]
