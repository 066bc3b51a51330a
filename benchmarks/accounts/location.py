"""What the code server loads: the attribute ``own_30`` holds a design's definitions of 30 accounts.

Where an account is a location of its own, ``locations_7`` holds those of account 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.accounts.designs import DESIGNS

if TYPE_CHECKING:
    import dagster as dg


def __getattr__(name: str) -> dg.Definitions:
    design, _, number = name.rpartition("_")
    if not number.isdigit() or design not in DESIGNS:
        raise AttributeError(name)
    numbers = [int(number)] if DESIGNS[design].locations else range(int(number))
    return DESIGNS[design].build(numbers)
