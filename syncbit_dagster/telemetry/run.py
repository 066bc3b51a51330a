"""What a run does, written down while it does it: one object a run, filled by whoever acts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.scheduling.corrections import Absent, Decision


@dataclass
class AssetFigures:
    """One asset in one run.

    Attributes:
        rate_limited: answers 429.
        set_aside: elements of answers that could not be read and were left out.
        newest: instant of the newest sample that was written, in milliseconds; None: none was.
        until: the last partition that was written; None for an asset without partitions.
        is_finished: whether all is stored that should be.
        provisional: days that may still change.
        absent: samples that the store holds and the provider's answer lacks; they stay.
        removed: samples that it lacked again; they are gone.
    """

    rate_limited: int = 0
    set_aside: int = 0
    newest: int | None = None
    until: date | None = None
    is_finished: bool = False
    provisional: list[date] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)
    removed: list[Absent] = field(default_factory=list)


class RunFigures:
    """All assets that a run has to do with, by name."""

    def __init__(self) -> None:
        self.assets: defaultdict[str, AssetFigures] = defaultdict(AssetFigures)
        self.is_refused = False  # the provider refused everything

    def sent(self, asset: str, rate_limited: int) -> None:
        """Something went over the line for the asset; so many answers were 429."""
        self.assets[asset].rate_limited += rate_limited

    def left_out(self, asset: str, set_aside: int) -> None:
        """So many elements of the asset's answers could not be read."""
        self.assets[asset].set_aside += set_aside

    def wrote(self, asset: str, series: Sequence[Series], until: date | None = None) -> None:
        """The store holds these series, which end with a partition if the asset has any."""
        figures = self.assets[asset]
        figures.until = until
        for one in series:
            newest = int(one.timestamps[-1])
            figures.newest = newest if figures.newest is None else max(figures.newest, newest)

    def decided(self, asset: str, decision: Decision, provisional: Iterable[date]) -> None:
        """What of some days is stored, and why."""
        figures = self.assets[asset]
        figures.provisional += provisional
        figures.absent += decision.kept
        figures.removed += decision.removed

    def finished(self, asset: str) -> None:
        """All of the asset is stored."""
        self.assets[asset].is_finished = True
