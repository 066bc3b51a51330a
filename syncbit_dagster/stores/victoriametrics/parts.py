"""What is read, compared and written in one go: whole metrics of an account and a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import encode_labels

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
        slices: the metrics, and the number of the slice that each belongs to.
        wanted: all series that shall be there.
    """

    labels: Mapping[str, str]
    low: int
    high: int
    slices: Mapping[str, int]
    wanted: Sequence[Series]


def parts_of(slices: Sequence[Slice], wanted: Sequence[Sequence[Series]]) -> Iterator[Part]:
    """Slices that do not overlap, with their series, in parts of about SAMPLES_PER_PART samples.

    Slices of the same account and window share parts.
    """
    windows: dict[tuple[str, int, int], dict[str, int]] = {}
    for number, one in enumerate(slices):
        window = (encode_labels(one.labels), to_milliseconds(one.start), to_milliseconds(one.end))
        windows.setdefault(window, {}).update(dict.fromkeys(one.metrics, number))
    for (_, low, high), owners in windows.items():
        labels = slices[next(iter(owners.values()))].labels
        for metrics in _groups(owners, wanted):
            of_them = {metric: owners[metric] for metric in metrics}
            series = [one for members in metrics.values() for one in members]
            yield Part(labels, low, high, of_them, series)


def _groups(
    owners: Mapping[str, int], wanted: Sequence[Sequence[Series]]
) -> Iterator[dict[str, list[Series]]]:
    by_metric: dict[str, list[Series]] = {metric: [] for metric in owners}
    for number in dict.fromkeys(owners.values()):
        for one in wanted[number]:
            by_metric[one.metric].append(one)
    group: dict[str, list[Series]] = {}
    size = 0
    for metric, members in by_metric.items():
        more = sum(len(one.timestamps) for one in members)
        if group and size + more > SAMPLES_PER_PART:
            yield group
            group, size = {}, 0
        group[metric] = members
        size += more
    if group:
        yield group
