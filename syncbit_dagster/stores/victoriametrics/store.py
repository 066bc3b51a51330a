"""VictoriaMetrics as a store: read, compare, add what is missing, correct only what differs."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from syncbit_dagster.core.samples import InvalidSamplesError, decode_labels, encode_labels
from syncbit_dagster.stores.base import Store
from syncbit_dagster.stores.diff import SeriesDiff, compare, overall_mode, report_of
from syncbit_dagster.stores.errors import StoreMismatchError
from syncbit_dagster.stores.timings import Phases
from syncbit_dagster.stores.validation import validate_all
from syncbit_dagster.stores.victoriametrics import encoding, legacy_stage, selectors
from syncbit_dagster.stores.victoriametrics.client import Client
from syncbit_dagster.stores.victoriametrics.correction import Corrector
from syncbit_dagster.stores.victoriametrics.durability import Settler
from syncbit_dagster.stores.victoriametrics.parts import Part, parts_of
from syncbit_dagster.stores.victoriametrics.series_copy import Change
from syncbit_dagster.stores.victoriametrics.server_facts import Guards
from syncbit_dagster.stores.victoriametrics.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.stores.base import Slice, Write, WriteReport
    from syncbit_dagster.stores.victoriametrics.endpoints import VictoriaMetricsConfig
    from syncbit_dagster.stores.victoriametrics.journal import Journal

    # A part, and what separates what it holds from what it shall hold.
    Found = tuple[Part, list[SeriesDiff]]


class VictoriaMetricsStore(Store):
    """See :class:`syncbit_dagster.stores.base.Store`.

    One object serves one thread. Corrections are on disk when a write returns, and so are
    additions with ``durable``. Others are within 10 s, which the server takes by itself: until then
    they survive this process, but not a power cut at the server.

    Args:
        config: where the server is.
        lock: makes a context in which nobody else writes to this server; see ``TargetLock``.
        journal: keeps what is being corrected; all writers to this server share it.
        now, sleep, monotonic: the clock.
        step: called with the name of each step of a write before it begins.
    """

    def __init__(
        self,
        config: VictoriaMetricsConfig,
        *,
        lock: Callable[[], AbstractContextManager[None]],
        journal: Journal,
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
        self._client = Client(self._transport, self._settler, config)
        self._corrector = Corrector(
            self._client, self._settler, journal, config.extra_labels, step=step
        )
        self._without_stages: set[str] = set()  # accounts that a version before may have left

    @property
    def description(self) -> str:
        """Kind and place, without secrets."""
        return f"VictoriaMetrics at {self._config.endpoints.write}"

    def replace_all(self, writes: Sequence[Write], *, durable: bool = False) -> WriteReport:
        """See :meth:`syncbit_dagster.stores.base.Store.replace_all`."""
        phases = Phases(self._monotonic)
        with phases.phase("validate"):
            wanted = validate_all(writes)
            self._refuse_hidden_labels(wanted)
        sent_before = self._client.bytes_sent
        found: list[SeriesDiff] = []
        with ExitStack() as held:
            with phases.phase("lock"):
                held.enter_context(self._lock())
            with phases.phase("recover"):
                self._recover([one.target for one in writes])
            unsure: list[Found] = []
            for part in parts_of([one.target for one in writes], wanted):
                with phases.phase("read"):
                    diffs = compare(part.wanted, self._existing(part))
                found += diffs
                if overall_mode(diffs) != "noop":
                    self._add(diffs, phases)
                    unsure.append((part, diffs))
                elif durable and part.wanted and self._settler.is_volatile:
                    unsure.append((part, diffs))  # equal, but maybe only in the server's memory
            # Only now: a flush costs as much as it costs to send what it flushes, and a barrier
            # has its price whatever there is.
            self._correct(unsure, phases)
            self._verify(unsure, phases, durable=durable)
        return report_of(found, self._client.bytes_sent - sent_before, phases.seconds)

    def read(self, target: Slice) -> list[Series]:
        """See :meth:`syncbit_dagster.stores.base.Store.read`.

        Takes the lock: while a series is corrected it holds nothing for a moment.
        """
        with self._lock():
            self._recover([target])
            parts = parts_of([target], [[]])
            found = [one for part in parts for one in self._existing(part)]
        return sorted(found, key=lambda one: one[:2])

    def close(self) -> None:
        """Close all connections."""
        self._guards.forget()
        self._transport.close()

    def _recover(self, slices: Iterable[Slice]) -> None:
        """See what a killed process wrote, and complete its corrections, of each account."""
        self._settler.make_visible()
        for text, labels in {encode_labels(one.labels): one.labels for one in slices}.items():
            self._corrector.recover(labels)
            if text not in self._without_stages:
                legacy_stage.complete(
                    self._client, self._settler, self._corrector, labels, self._config.extra_labels
                )
                self._without_stages.add(text)

    def _verify(self, unsure: Sequence[Found], phases: Phases, *, durable: bool) -> None:
        """Return when the parts are exact.

        An addition may uncover copies that an earlier, killed write had left hidden; then one
        correction follows. And a server that went down after it had accepted an addition has lost
        it.

        The barrier comes before the look: should the server die between a write and its barrier,
        the barrier succeeds all the same, and only a later look can tell.
        """
        wrong = unsure
        for is_last in (False, False, True):
            if not wrong:
                return
            if durable:
                with phases.phase("make durable"):
                    self._step("barrier: additions")
                    self._settler.make_additions_durable()
            with phases.phase("read back"):
                self._step("read back")
                wrong = self._read_back([part for part, _ in wrong])
            if not is_last:
                for _, diffs in wrong:
                    self._add(diffs, phases)
                self._correct(wrong, phases)
        if wrong:
            raise _still_wrong([diff for _, diffs in wrong for diff in diffs])

    def _add(self, diffs: list[SeriesDiff], phases: Phases) -> None:
        """Send what is only missing; nothing at all if a correction to follow must fail."""
        additions = [diff.missing for diff in diffs if diff.mode == "add"]
        corrections = [diff.wanted for diff in diffs if diff.mode == "correct"]
        oldest = [one.timestamps[0] for one in additions + corrections if len(one.timestamps)]
        with phases.phase("guard"):
            if oldest:
                self._guards.require_retention(int(min(oldest)))
            if corrections:
                self._corrector.require_permission()
        if additions:
            with phases.phase("add"):
                self._step("add missing samples")
                self._client.write(additions)

    def _correct(self, found: Sequence[Found], phases: Phases) -> None:
        """Correct all series that hold anything wrong: one journal and one barrier an account."""
        accounts: dict[str, list[Change]] = {}
        for part, diffs in found:
            accounts.setdefault(encode_labels(part.labels), []).extend(
                Change(part.low, part.high, diff.wanted) for diff in diffs if diff.mode == "correct"
            )
        for labels, changes in accounts.items():
            if changes:
                with phases.phase("correct"):
                    self._corrector.correct(decode_labels(labels), changes)

    def _read_back(self, parts: Sequence[Part]) -> list[Found]:
        """What is wrong once nothing is missing; samples may take a while to show up.

        Something is still missing only if the server was started anew, and cannot show it any more.
        """
        found = [(part, self._seen(part)) for part in parts]
        # Never sent again as long as they may be on their way: they would be there twice.
        if lost := [diff.missing for _, diffs in found for diff in diffs if diff.added]:
            if not self._guards.was_restarted():
                raise self._guards.lost(
                    missing=sum(len(one.timestamps) for one in lost),
                    wanted=sum(len(one.timestamps) for part in parts for one in part.wanted),
                    oldest=int(min(one.timestamps[0] for one in lost)),
                )
        else:
            self._settler.note_read_back()
        return [(part, diffs) for part, diffs in found if overall_mode(diffs) != "noop"]

    def _seen(self, part: Part) -> list[SeriesDiff]:
        """A part as soon as nothing of it is missing, or after the last try."""
        diffs: list[SeriesDiff] = []
        for _ in self._settler.attempts():
            diffs = compare(part.wanted, self._existing(part))
            if not any(diff.added for diff in diffs):
                break
        return diffs

    def _existing(self, part: Part) -> list[Series]:
        labels = {**part.labels, **self._config.extra_labels}
        selector = selectors.having(part.metrics, labels)
        return encoding.collect(self._client.export(selector, part.low, part.high - 1))

    def _refuse_hidden_labels(self, wanted: Iterable[Sequence[Series]]) -> None:
        for text in {one.labels for series in wanted for one in series}:
            if twice := sorted(decode_labels(text).keys() & self._config.extra_labels.keys()):
                raise InvalidSamplesError(
                    f"A series has the label {twice[0]}, which is also an extra label of the "
                    "store; remove one of the two."
                )


def _still_wrong(diffs: Sequence[SeriesDiff]) -> StoreMismatchError:
    if missing := sum(diff.added for diff in diffs):
        return StoreMismatchError(
            f"VictoriaMetrics went down again and again, and lost {missing} samples that it "
            "had accepted; look at its log."
        )
    return StoreMismatchError(
        f"{sum(diff.changed for diff in diffs)} samples have another value than was just "
        f"written and verified, {sum(diff.removed for diff in diffs)} are there that were "
        "not wanted: another program writes to the same series; stop it and run again."
    )
