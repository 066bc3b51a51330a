"""What a run does, written down while it does it: one object a run, filled by whoever acts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncbit_dagster.sources.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.stores.base import WriteReport


@dataclass
class AssetFigures:
    """One asset in one run.

    Attributes:
        traffic: with the provider.
        asked: how many partitions were asked for; None: none, or nobody may read them.
        stored: how many of them are in the store.
        reports: what the store said, write by write.
        newest: instant of the newest sample that was written, in milliseconds; None: none was.
        until: the last partition that was written; None for an asset without partitions.
        is_finished: whether all is stored that should be.
    """

    traffic: Traffic = field(default_factory=Traffic)
    asked: int | None = None
    stored: int = 0
    reports: list[WriteReport] = field(default_factory=list)
    newest: int | None = None
    until: date | None = None
    is_finished: bool = False


class RunFigures:
    """All assets that a run has to do with, by name."""

    def __init__(self) -> None:
        self.assets: defaultdict[str, AssetFigures] = defaultdict(AssetFigures)

    def asks(self, asset: str, days: DayRange) -> None:
        """The run begins to ask for partitions."""
        self.assets[asset].asked = len(days)

    def may_not(self, asset: str) -> None:
        """The user did not allow it, which is no failure."""
        self.assets[asset].asked = None

    def sent(self, asset: str, traffic: Traffic) -> None:
        """Something went over the line for the asset."""
        self.assets[asset].traffic += traffic

    def wrote(
        self,
        asset: str,
        report: WriteReport,
        series: Sequence[Series],
        days: DayRange | None = None,
    ) -> None:
        """The store holds these series: of some partitions, or of an asset that has none."""
        figures = self.assets[asset]
        figures.reports.append(report)
        if days is not None:
            figures.stored += len(days)
            figures.until = days.last
        for one in series:
            newest = int(one.timestamps[-1])
            figures.newest = newest if figures.newest is None else max(figures.newest, newest)

    def finished(self, asset: str) -> None:
        """All of the asset is stored."""
        self.assets[asset].is_finished = True
