"""What every source promises: a range of civil days in, samples out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from syncbit_dagster.account import Profile
    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.civil import DayRange


@dataclass(frozen=True)
class Fetched:
    """The answer to one ``fetch``.

    Attributes:
        samples: all samples of the days (schema: :mod:`syncbit_dagster.samples`).
        requests: how many requests it took, repeats included.
    """

    samples: pd.DataFrame
    requests: int


class Source(Protocol):
    """A provider's data of one account."""

    @staticmethod
    def has(asset: Asset) -> bool:
        """Whether this provider can fill the asset."""
        ...

    def plan(self, asset: Asset, days: DayRange) -> int:
        """How many requests ``fetch`` will send for these days, further pages of lists aside."""
        ...

    def fetch(self, asset: Asset, days: DayRange) -> Fetched:
        """All samples of an asset in a range of civil days; a day without data has none.

        Raises:
            SourceError: the provider cannot be asked, refuses, or answers what nobody can read.
        """
        ...

    def fetch_current(self, asset: Asset) -> Fetched:
        """The present state of an asset that is not partitioned, stamped with this moment.

        Raises:
            SourceError: as ``fetch``.
        """
        ...

    def profile(self) -> Profile:
        """What the provider knows about the account itself."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
