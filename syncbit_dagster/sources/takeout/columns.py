"""What is read of a file: its times, numbers and texts, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.sources.takeout.tables import UnreadableFileError, to_numbers, to_times

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from syncbit_dagster.core.wall_clock import IntArray
    from syncbit_dagster.sources.takeout.kinds import Kind
    from syncbit_dagster.sources.takeout.tables import FloatArray, Table


@dataclass(frozen=True)
class Columns:
    """Rows of one kind of file, by field; every array has one element a row.

    ``times`` are readings of the file's own clock (ms), ``numbers`` are NaN where there is no
    value, ``texts`` are str, "None" where there is none.
    """

    times: Mapping[str, IntArray]
    numbers: Mapping[str, FloatArray]
    texts: Mapping[str, npt.NDArray[np.object_]]

    def __len__(self) -> int:
        return len(next(iter(self.times.values())))

    def where(self, kept: npt.NDArray[np.bool_]) -> Columns:
        """Some of the rows."""
        return Columns(
            {field: column[kept] for field, column in self.times.items()},
            {field: column[kept] for field, column in self.numbers.items()},
            {field: column[kept] for field, column in self.texts.items()},
        )


def read_columns(table: Table, kind: Kind) -> Columns:
    """A kind's columns of a table.

    A row whose time is null is left out: exports fill the days without a value so.

    Raises:
        UnreadableFileError: a field is missing or holds something else, or such a row has a value.
    """
    read = {field: to_times(table, field) for field in sorted(kind.times)}
    known = np.logical_and.reduce([has_time for _, has_time in read.values()])
    numbers = {
        path: to_numbers(table.column(path, is_required=path in kind.required))
        for path in sorted(kind.numbers)
    }
    texts = {
        path: np.array(list(map(str, table.column(path, is_required=False))), dtype=object)
        for path in sorted(kind.texts)
    }
    columns = Columns({field: times for field, (times, _) in read.items()}, numbers, texts)
    if known.all():
        return columns
    for values in numbers.values():
        if (np.nan_to_num(values[~known]) != 0).any():
            raise UnreadableFileError("has a value without a time")
    return columns.where(known)


def joined(parts: Sequence[Columns]) -> Columns | None:
    """The rows of several files, in their order; None of no file."""
    if len(parts) < 2:
        return parts[0] if parts else None
    one = parts[0]
    return Columns(
        {field: np.concatenate([part.times[field] for part in parts]) for field in one.times},
        {field: np.concatenate([part.numbers[field] for part in parts]) for field in one.numbers},
        {field: np.concatenate([part.texts[field] for part in parts]) for field in one.texts},
    )
