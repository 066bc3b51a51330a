"""Compares series of any length in constant memory: a sum over the hashes of all samples.

Ten years of minutes need no array of 84 MB a side. The sum does not depend on the order, so equal
instants, whose order changes with every merge of the server, do not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_WORD = 2**64


class Checksum(NamedTuple):
    """What some samples add up to."""

    samples: int = 0
    hashes: int = 0

    def plus(self, timestamps: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> Checksum:
        """With some samples more."""
        # Adding zero turns -0.0 into 0.0, which is the same sample to every reader.
        words = _mixed(_mixed(timestamps.astype(np.uint64)) ^ (values + 0.0).view(np.uint64))
        hashes = int(np.add.reduce(words, dtype=np.uint64))
        return Checksum(self.samples + len(timestamps), (self.hashes + hashes) % _WORD)


def _mixed(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finalizer of SplitMix64: each input bit changes half of the output bits."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
