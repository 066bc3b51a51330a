"""Compares series of any length in constant memory: a sum over the hashes of all samples.

Ten years of minutes need no array of 84 MB a side. The sum does not depend on the order, so
equal instants, whose order changes with every merge of the server, do not matter; and the sum
of two disjoint parts is the sum of the whole. Two independent 64-bit sums and the count: chance
does not make two different series equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_WORD = 2**64
_HALF = 2**32
_SEEDS = (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03)


@dataclass(frozen=True)
class Fingerprint:
    """What a multiset of (timestamp, value) pairs adds up to."""

    count: int = 0
    first: int = 0
    second: int = 0

    def __add__(self, other: Fingerprint) -> Fingerprint:
        return Fingerprint(
            self.count + other.count,
            (self.first + other.first) % _WORD,
            (self.second + other.second) % _WORD,
        )

    def to_numbers(self) -> list[int]:
        """Five numbers of at most 10 digits, which a store of 11 significant digits keeps."""
        return [
            self.count,
            self.first // _HALF,
            self.first % _HALF,
            self.second // _HALF,
            self.second % _HALF,
        ]

    @classmethod
    def from_numbers(cls, numbers: list[int]) -> Fingerprint:
        """The inverse of :meth:`to_numbers`; ``ValueError`` if there are not five."""
        count, high, low, second_high, second_low = numbers
        return cls(count, high * _HALF + low, second_high * _HALF + second_low)


def of(timestamps: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> Fingerprint:
    """The fingerprint of some samples."""
    instants = timestamps.astype(np.uint64)
    # Adding zero turns -0.0 into 0.0, which is the same sample to every reader.
    bits = np.where(np.isnan(values), np.nan, values + 0.0).view(np.uint64)
    sums = [
        int(np.add.reduce(_mixed(_mixed(instants ^ np.uint64(seed)) ^ bits)))
        if len(instants)
        else 0
        for seed in _SEEDS
    ]
    return Fingerprint(len(instants), sums[0], sums[1])


def _mixed(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finalizer of SplitMix64: each input bit changes half of the output bits."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
