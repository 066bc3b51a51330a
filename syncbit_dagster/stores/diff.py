"""What separates the samples a slice holds from the samples it should hold, series by series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.core.samples import Series
from syncbit_dagster.stores.base import WriteReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from syncbit_dagster.stores.base import Mode


@dataclass(frozen=True)
class SeriesDiff:
    """One series' difference. The counts mean the same as in ``WriteReport``.

    Attributes:
        wanted: what the series shall hold inside of the slice; empty when it shall vanish there.
        missing: the part of ``wanted`` at instants that hold no sample yet.
    """

    wanted: Series
    missing: Series
    equal: int
    changed: int
    removed: int

    @property
    def added(self) -> int:
        """Samples at instants that held none."""
        return len(self.missing.timestamps)

    @property
    def mode(self) -> Mode:
        """The least that makes the series right."""
        if self.changed or self.removed:
            return "correct"
        return "add" if self.added else "noop"


def compare(wanted: Iterable[Series], existing: Iterable[Series]) -> list[SeriesDiff]:
    """The differences of all series that are wanted, exist, or both."""
    want = {(one.metric, one.labels): one for one in wanted}
    have = {(one.metric, one.labels): one for one in existing}
    return [
        compare_series(
            want.get(key, Series(*key, np.empty(0, np.int64), np.empty(0, np.float64))),
            have.get(key, Series(*key, np.empty(0, np.int64), np.empty(0, np.float64))),
        )
        for key in sorted(want.keys() | have.keys())
    ]


def compare_series(wanted: Series, existing: Series) -> SeriesDiff:
    """One series' difference.

    ``wanted`` holds each instant once, ascending. ``existing`` is in any order and may hold an
    instant several times: one of those samples counts as equal or changed, the rest as removed.
    """
    present, equal = _found(wanted, existing)
    missing = wanted  # no copy on a first write, which is the largest
    if present.any():
        missing = wanted._replace(
            timestamps=wanted.timestamps[~present], values=wanted.values[~present]
        )
    return SeriesDiff(
        wanted=wanted,
        missing=missing,
        equal=int(equal.sum()),
        changed=int((present & ~equal).sum()),
        removed=len(existing.timestamps) - int(present.sum()),
    )


def _found(wanted: Series, existing: Series) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """For each wanted sample: does its instant exist, and does it exist with its value?"""
    if np.array_equal(wanted.timestamps, existing.timestamps):
        return np.ones(len(wanted.timestamps), dtype=bool), wanted.values == existing.values
    present = np.zeros(len(wanted.timestamps), dtype=bool)
    equal = present.copy()
    if len(wanted.timestamps):
        position = np.searchsorted(wanted.timestamps, existing.timestamps)
        position[position == len(wanted.timestamps)] = 0
        same_instant = wanted.timestamps[position] == existing.timestamps
        same_value = same_instant & (wanted.values[position] == existing.values)
        present[position[same_instant]] = True
        equal[position[same_value]] = True
    return present, equal


def overall_mode(diffs: Iterable[SeriesDiff]) -> Mode:
    """The strongest mode among the series."""
    modes = {diff.mode for diff in diffs}
    if "correct" in modes:
        return "correct"
    return "add" if "add" in modes else "noop"


def report_of(
    diffs: Sequence[SeriesDiff], bytes_sent: int, seconds: Mapping[str, float]
) -> WriteReport:
    """The report of a write that found these differences and has settled them."""
    return WriteReport(
        wanted=sum(len(diff.wanted.timestamps) for diff in diffs),
        equal=sum(diff.equal for diff in diffs),
        added=sum(diff.added for diff in diffs),
        changed=sum(diff.changed for diff in diffs),
        removed=sum(diff.removed for diff in diffs),
        mode=overall_mode(diffs),
        bytes_sent=bytes_sent,
        seconds=seconds,
    )
