"""What is read, compared and written in one go: whole metrics of an account and a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import count, decode_labels, encode_labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.stores.base import Slice

# Metrics are handled together until they have this many samples: five minute series of a year.
# A sample costs about 50 bytes while a part is compared.
SAMPLES_PER_PART = 3_000_000


class Part(NamedTuple):
    """A window of some metrics.

    Attributes:
        labels: the account's.
        low: first instant, in milliseconds.
        high: first instant after it.
        metrics: all of whose series belong to it.
        wanted: all series that shall be there.
    """

    labels: Mapping[str, str]
    low: int
    high: int
    metrics: Sequence[str]
    wanted: Sequence[Series]


def parts_of(
    slices: Sequence[Slice], wanted: Sequence[Sequence[Series]], most: int = SAMPLES_PER_PART
) -> Iterator[Part]:
    """Slices that do not overlap, with their series, in parts of at most about so many samples.

    Slices of the same account and window share parts.
    """
    windows: dict[tuple[str, int, int], dict[str, list[Series]]] = {}
    for target, series in zip(slices, wanted, strict=True):
        low, high = to_milliseconds(target.start), to_milliseconds(target.end)
        of_window = windows.setdefault((encode_labels(target.labels), low, high), {})
        for metric in target.metrics:
            of_window.setdefault(metric, [])
        for one in series:
            of_window[one.metric].append(one)
    for (labels, low, high), by_metric in windows.items():
        for group in _groups(by_metric, most):
            members = [one for metric in group for one in by_metric[metric]]
            yield Part(decode_labels(labels), low, high, group, members)


def _groups(by_metric: Mapping[str, Sequence[Series]], most: int) -> Iterator[list[str]]:
    group: list[str] = []
    size = 0
    for metric, members in by_metric.items():
        more = count(members)
        if group and size + more > most:
            yield group
            group, size = [], 0
        group.append(metric)
        size += more
    if group:
        yield group
