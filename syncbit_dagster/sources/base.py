"""What every source promises: a range of civil days in, samples out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    import pandas as pd

    from syncbit_dagster.account.profile import Profile
    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.sources.set_aside import SetAside
    from syncbit_dagster.sources.traffic import Traffic


@dataclass(frozen=True)
class Planned:
    """A number of requests that is known before they are sent, pages of lists aside.

    Attributes:
        least: what is sent if every list fits into one page.
        expected: what is sent if lists are as long as they usually are.
        most: what is sent if lists are as long as they can be.
    """

    least: int
    expected: int
    most: int

    @classmethod
    def exactly(cls, requests: int) -> Planned:
        """Nothing of it depends on how long lists are."""
        return cls(requests, requests, requests)

    def __add__(self, other: Planned) -> Planned:
        return Planned(
            self.least + other.least, self.expected + other.expected, self.most + other.most
        )

    def __str__(self) -> str:
        return f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"


@dataclass(frozen=True)
class Batch:
    """The samples of consecutive civil days.

    Attributes:
        days: the days; all of their samples are here, and no others.
        samples: schema in :mod:`syncbit_dagster.core.samples`.
        requests: how many requests were sent for this batch, repeats included.
        seconds: how long asking and parsing took, waits for the budget included.
        notes: what a reader of a day's samples should know about them, one sentence a day.
        set_aside: what of the answers could not be read; the samples are without it.
        missing: days that the provider failed to give, and why; nothing is known of them.
        incomplete: days of which it failed to give a part, and why; the rest is here.
    """

    days: DayRange
    samples: pd.DataFrame
    requests: int
    seconds: float
    notes: Mapping[date, str] = field(default_factory=dict)
    set_aside: Sequence[SetAside] = ()
    missing: Mapping[date, str] = field(default_factory=dict)
    incomplete: Mapping[date, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Current:
    """A present state: samples, each of its own instant, and the requests that it took.

    ``set_aside`` is what could not be read.
    """

    samples: pd.DataFrame
    requests: int
    set_aside: Sequence[SetAside] = ()


class Source(Protocol):
    """A provider's data of one account.

    ``SCOPES`` is what ``syncbit authorize`` asks the user for: reading only.
    """

    SCOPES: ClassVar[tuple[str, ...]]

    @property
    def covered(self) -> DayRange | None:
        """The only days that there is data of; None: any day until now may have some."""
        ...

    @staticmethod
    def has(asset: Asset) -> bool:
        """Whether this provider can fill the asset."""
        ...

    @property
    def traffic(self) -> Traffic:
        """What went over the line so far."""
        ...

    def plan(self, asset: Asset, days: DayRange) -> Planned:
        """How many requests ``fetch`` will send for these days (or ``fetch_current`` at all)."""
        ...

    def plan_together(self, assets: Iterable[Asset], days: DayRange) -> Planned:
        """How many requests the assets take in one run, in which none is sent twice."""
        ...

    def fetch(self, asset: Asset, days: DayRange) -> Iterator[Batch]:
        """All samples of an asset in a range of civil days; a day without data has none.

        The batches tile the range, in order. Each is as much as should be in memory at once, so
        that ten years of minutes need no more than one.

        Raises:
            SourceError: the provider cannot be asked, refuses, or answers what nobody can read.
        """
        ...

    def fetch_current(self, asset: Asset) -> Current:
        """The present state of an asset that is not partitioned, stamped with this moment.

        Raises:
            SourceError: as ``fetch``.
        """
        ...

    def newest_reading(self) -> datetime | None:
        """The instant of the newest reading of a worn device; None if nobody can tell.

        It says how far the data is where no device says when it last synced. One request, and a
        second one only where there is no heart rate.

        Raises:
            SourceError: as ``fetch``.
        """
        ...

    def problems_of(self, asset: Asset) -> Sequence[str]:
        """What of the asset's data could not be read so far and was left out, a sentence each."""
        ...

    def profile(self) -> Profile:
        """What the provider knows about the account itself."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
