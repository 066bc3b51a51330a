"""VictoriaMetrics as a store: read, compare, add what is missing, rewrite only what differs."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from syncbit_dagster.civil import to_milliseconds
from syncbit_dagster.samples import (
    InvalidSamplesError,
    Series,
    decode_labels,
    from_series,
)
from syncbit_dagster.stores.diff import SeriesDiff, compare, overall_mode, report
from syncbit_dagster.stores.errors import StoreMismatchError
from syncbit_dagster.stores.phases import Phases
from syncbit_dagster.stores.slices import validate_for
from syncbit_dagster.stores.victoriametrics import encoding, selectors
from syncbit_dagster.stores.victoriametrics.client import Client
from syncbit_dagster.stores.victoriametrics.guards import Guards
from syncbit_dagster.stores.victoriametrics.rewrite import Rewriter
from syncbit_dagster.stores.victoriametrics.settle import Settler
from syncbit_dagster.stores.victoriametrics.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import pandas as pd

    from syncbit_dagster.stores.base import Slice, WriteReport
    from syncbit_dagster.stores.victoriametrics.endpoints import VictoriaMetricsConfig

# Metrics are handled together until they have this many samples: five minute series of a year.
# A sample costs about 50 bytes while a group is compared.
SAMPLES_PER_GROUP = 3_000_000


class _Part(NamedTuple):
    """The metrics of a slice that are handled together."""

    target: Slice
    metrics: tuple[str, ...]
    wanted: list[Series]
    low: int
    high: int


class VictoriaMetricsStore:
    """Implements :class:`syncbit_dagster.stores.base.Store`.

    One object serves one thread. Rewrites are on disk when ``replace`` returns, and so are
    additions with ``durable``. Others are within 10 s, which the server takes by itself: until then
    they survive this process, but not a power cut at the server.

    Args:
        config: where the server is.
        lock: makes a context in which nobody else writes to this server; see ``TargetLock``.
        now, sleep, monotonic: the clock.
        step: called with the name of each step of a write before it begins.
    """

    def __init__(
        self,
        config: VictoriaMetricsConfig,
        *,
        lock: Callable[[], AbstractContextManager[None]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._config = config
        self._lock = lock
        self._monotonic = monotonic
        self._step = step
        self._transport = Transport(config, sleep=sleep)
        self._settler = Settler(self._transport, config, sleep=sleep, monotonic=monotonic)
        self._guards = Guards(self._transport, now=now)
        self._client = Client(
            self._transport,
            self._settler,
            config,
            shows_every_sample=self._guards.shows_every_sample,
        )
        self._rewriter = Rewriter(
            self._client, self._settler, config.extra_labels, now=now, step=step
        )

    @property
    def description(self) -> str:
        """Kind and place, without secrets."""
        return f"VictoriaMetrics at {self._config.endpoints.write}"

    def replace(
        self, target: Slice, samples: pd.DataFrame, *, durable: bool = False
    ) -> WriteReport:
        """See :meth:`syncbit_dagster.stores.base.Store.replace`."""
        phases = Phases(self._monotonic)
        with phases.phase("validate"):
            wanted = validate_for(target, samples)
            self._refuse_hidden_labels(wanted)
        sent_before = self._client.bytes_sent
        found: list[SeriesDiff] = []
        with ExitStack() as held:
            with phases.phase("lock"):
                held.enter_context(self._lock())
            with phases.phase("recover"):
                self._rewriter.recover(target.labels)
            written = []
            for part in _parts(target, wanted):
                with phases.phase("read"):
                    diffs = compare(part.wanted, self._existing(part))
                found += diffs
                if overall_mode(diffs) != "noop":
                    self._write(part, diffs, phases)
                    written.append(part)
            # Only now: a flush costs as much as it costs to send what it flushes.
            for part in written:
                self._verify(part, phases, durable=durable)
        return report(found, self._client.bytes_sent - sent_before, phases.seconds)

    def read(self, target: Slice) -> pd.DataFrame:
        """See :meth:`syncbit_dagster.stores.base.Store.read`.

        Takes the lock: while a series is rewritten it holds nothing for a moment.
        """
        with self._lock():
            self._rewriter.recover(target.labels)
            return from_series([one for part in _parts(target, []) for one in self._existing(part)])

    def close(self) -> None:
        """Close all connections."""
        self._guards.forget()
        self._transport.close()

    def _verify(self, part: _Part, phases: Phases, *, durable: bool) -> None:
        """Return when the part is exact.

        An addition may uncover copies that an earlier, killed write had left hidden; then one
        rewrite follows. And a server that went down after it had accepted an addition has lost it.

        The barrier comes before the look: should the server die between a write and its barrier,
        the barrier succeeds all the same, and only a later look can tell.
        """
        for is_last in (False, False, True):
            if durable:
                with phases.phase("make durable"):
                    self._step("barrier: additions")
                    self._settler.make_additions_durable()
            with phases.phase("read back"):
                self._step("read back")
                diffs = self._read_back(part)
            if overall_mode(diffs) == "noop":
                return
            if not is_last:
                self._write(part, diffs, phases)
        if missing := sum(diff.added for diff in diffs):
            raise StoreMismatchError(
                f"VictoriaMetrics went down again and again, and lost {missing} samples that it "
                "had accepted; look at its log."
            )
        raise StoreMismatchError(
            f"{sum(diff.changed for diff in diffs)} samples have another value than was just "
            f"written and verified, {sum(diff.removed for diff in diffs)} are there that were "
            "not wanted: another program writes to the same series; stop it and run again."
        )

    def _write(self, part: _Part, diffs: list[SeriesDiff], phases: Phases) -> None:
        additions = [diff.missing for diff in diffs if diff.mode == "add"]
        rewrites = [diff.wanted for diff in diffs if diff.mode == "rewrite"]
        oldest = [one.timestamps[0] for one in additions + rewrites if len(one.timestamps)]
        with phases.phase("guard"):
            if oldest:
                self._guards.require_retention(int(min(oldest)))
            if rewrites:
                self._rewriter.require_permission()
        if additions:
            with phases.phase("add"):
                self._step("add missing samples")
                self._client.write(additions)
        if rewrites:
            with phases.phase("rewrite"):
                self._rewriter.rewrite(rewrites, part.low, part.high, part.target.labels)

    def _read_back(self, part: _Part) -> list[SeriesDiff]:
        """What is wrong once nothing is missing; samples may take a while to show up.

        Something is still missing only if the server was started anew, and cannot show it any more.
        """
        diffs: list[SeriesDiff] = []
        for _ in self._settler.attempts():
            diffs = compare(part.wanted, self._existing(part))
            if not any(diff.added for diff in diffs):
                self._settler.note_read_back()
                return diffs
        if self._guards.was_restarted():
            return diffs
        # Never sent again: they may be on their way, and would then be there twice.
        lost = [diff.missing for diff in diffs if diff.added]
        raise self._guards.lost(
            missing=sum(len(one.timestamps) for one in lost),
            wanted=sum(len(one.timestamps) for one in part.wanted),
            oldest=int(min(one.timestamps[0] for one in lost)),
        )

    def _existing(self, part: _Part) -> list[Series]:
        labels = {**part.target.labels, **self._config.extra_labels}
        selector = selectors.having(part.metrics, labels)
        return encoding.collect(self._client.export(selector, part.low, part.high - 1))

    def _refuse_hidden_labels(self, wanted: list[Series]) -> None:
        for text in {one.labels for one in wanted}:
            if twice := sorted(decode_labels(text).keys() & self._config.extra_labels.keys()):
                raise InvalidSamplesError(
                    f"A series has the label {twice[0]}, which is also an extra label of the "
                    "store; remove one of the two."
                )


def _parts(target: Slice, wanted: list[Series]) -> Iterator[_Part]:
    """The slice in parts of whole metrics and about :data:`SAMPLES_PER_GROUP` samples."""
    low, high = to_milliseconds(target.start), to_milliseconds(target.end)
    by_metric: dict[str, list[Series]] = {metric: [] for metric in target.metrics}
    for one in wanted:
        by_metric[one.metric].append(one)
    metrics: list[str] = []
    series: list[Series] = []
    size = 0
    for metric, members in by_metric.items():
        more = sum(len(one.timestamps) for one in members)
        if metrics and size + more > SAMPLES_PER_GROUP:
            yield _Part(target, tuple(metrics), series, low, high)
            metrics, series, size = [], [], 0
        metrics.append(metric)
        series = series + members
        size += more
    if metrics:
        yield _Part(target, tuple(metrics), series, low, high)
