"""The table that the suite prints."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH = 130


@dataclass
class Line:
    """One scenario.

    Attributes:
        kind: of fault.
        name: what was done.
        ended: how the run ended that was hit.
        seconds: until everything was complete.
        more_requests: for data and answered, beyond those of an undisturbed run: what had to be
            fetched again because nobody had stored it.
        has_passed: whether everything was as it should be.
    """

    kind: str
    name: str
    ended: str = "not as it should"
    seconds: float = 0.0
    more_requests: int = 0
    has_passed: bool = False


def lines_of(lines: Sequence[Line]) -> Iterator[str]:
    """A row for each scenario."""
    yield f"{'':6} {'seconds':>7} {'more requests':>13}  {'scenario':48} how the run ended"
    for line in lines:
        verdict = "passed" if line.has_passed else "FAILED"
        text = f"{verdict} {line.seconds:7.1f} {line.more_requests:13}  {line.name:48} {line.ended}"
        yield text if len(text) <= WIDTH else f"{text[:WIDTH]}…"


def summary_of(lines: Sequence[Line]) -> Iterator[str]:
    """A row for each kind, as the documentation has it."""
    yield "| kind | scenarios | passed | requests more: median, most | seconds: median |"
    yield "|---|---|---|---|---|"
    kinds = {line.kind: [one for one in lines if one.kind == line.kind] for line in lines}
    for kind, ones in (*kinds.items(), ("all", lines)):
        more = [one.more_requests for one in ones]
        passed = sum(one.has_passed for one in ones)
        seconds = median(one.seconds for one in ones)
        yield (
            f"| {kind} | {len(ones)} | {passed} | {median(more):.0f}, {max(more)} | {seconds:.0f} |"
        )
