"""Where a write's time went: seconds a phase, summed over all passes."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Phases:
    """Adds up the seconds of named phases. Phases do not nest."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.seconds: dict[str, float] = {}
        self._monotonic = monotonic

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the block's time under ``name``, also when it fails."""
        start = self._monotonic()
        try:
            yield
        finally:
            passed = self._monotonic() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + passed
