"""What every store promises: after a write, a slice holds exactly the given samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from syncbit_dagster.core.civil import require_aware

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from syncbit_dagster.core.samples import Series

Mode = Literal["noop", "add", "correct"]


@dataclass(frozen=True)
class Slice:
    """A rectangle of a store: some metrics of one account, from ``start`` until before ``end``.

    Attributes:
        metrics: metric names; all their series that carry ``labels`` belong to the slice.
        labels: the account's labels; a series belongs to the slice if it has at least these.
        start: first instant, aware.
        end: first instant after the slice, aware.
    """

    metrics: tuple[str, ...]
    labels: Mapping[str, str]
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", require_aware(self.start).astimezone(UTC))
        object.__setattr__(self, "end", require_aware(self.end).astimezone(UTC))

    def overlaps(self, other: Slice) -> bool:
        """Whether a sample can belong to both."""
        return (
            not set(self.metrics).isdisjoint(other.metrics)
            and self.start < other.end
            and other.start < self.end
            and all(other.labels.get(name, value) == value for name, value in self.labels.items())
        )


class Write(NamedTuple):
    """A slice, and the series that it shall hold; each in order of time."""

    target: Slice
    series: Iterable[Series]


@dataclass(frozen=True)
class WriteReport:
    """What a write found and did, in samples.

    ``wanted`` is what the slice holds now; of these, ``equal`` were there before, ``added`` are
    new and ``changed`` have another value than before. ``removed`` counts what is gone: extra
    instants and surplus duplicates. ``mode`` says how: nothing to do, only additions, or a
    correction. ``seconds`` names the phases.
    """

    wanted: int
    equal: int
    added: int
    changed: int
    removed: int
    mode: Mode
    bytes_sent: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """One line for a log or the UI."""
        return (
            f"{self.mode}: {self.wanted} wanted and read back, {self.equal} equal, "
            f"{self.added} added, {self.changed} changed, {self.removed} removed"
        )


def combined(reports: Sequence[WriteReport]) -> WriteReport:
    """Several writes as one report: sums, and the most thorough mode of them."""
    modes: tuple[Mode, ...] = ("noop", "add", "correct")
    phases = {name for report in reports for name in report.seconds}
    return WriteReport(
        wanted=sum(report.wanted for report in reports),
        equal=sum(report.equal for report in reports),
        added=sum(report.added for report in reports),
        changed=sum(report.changed for report in reports),
        removed=sum(report.removed for report in reports),
        mode=max((report.mode for report in reports), key=modes.index),
        bytes_sent=sum(report.bytes_sent for report in reports),
        seconds={
            name: sum(report.seconds.get(name, 0.0) for report in reports)
            for name in sorted(phases)
        },
    )


class Store(Protocol):
    """A place for samples. Implementations are cheap to make and open nothing before first use."""

    @property
    def description(self) -> str:
        """Kind and place in a few words, without secrets, for logs and the UI."""
        ...

    def replace_all(self, writes: Sequence[Write], *, durable: bool = False) -> WriteReport:
        """Make each slice hold exactly its samples, which may be none.

        Returns only after the slices were read back and are equal. Nothing outside of them
        changes. Calling it again with the same samples changes nothing. If it fails, each slice
        may hold its new samples, its old ones, or some of both; calling it again completes it.

        Args:
            writes: what to replace by what. The slices do not overlap.
            durable: put everything on the store's disk before it is read back, so that what was
                seen there survives the store's sudden death. Else that is so some seconds later.

        Raises:
            InvalidSamplesError: a series breaks a rule or leaves its slice, or slices overlap;
                nothing was written.
            StoreError: the store is down, refuses, or does not hold what was sent.
        """
        ...

    def replace(
        self, target: Slice, series: Iterable[Series], *, durable: bool = False
    ) -> WriteReport:
        """:meth:`replace_all` of one slice."""
        return self.replace_all([Write(target, series)], durable=durable)

    def read(self, target: Slice) -> list[Series]:
        """The samples of the slice as stored, sorted by metric, labels and time.

        A VictoriaMetrics that others write to may hold an instant of a series twice.
        """
        ...

    def close(self) -> None:
        """Release connections; the store can be used again afterwards."""
        ...
