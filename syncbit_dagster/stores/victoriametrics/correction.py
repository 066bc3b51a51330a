"""Corrects series on a server that can only append to them or delete them whole.

What the series shall hold is written to a journal on our side first; then they are deleted and
imported from there. Whatever is killed whenever, the next :meth:`Corrector.recover` finds a whole
journal, and does the same again, or finds none, and then nothing was deleted:

===  =================================================  =================================
no.  step                                               a crash here leaves
===  =================================================  =================================
1    copy the series, as they shall be, to the journal  half a journal: as good as none
2    delete the series                                  the journal: deleted, imported
3    import the journal                                 the journal: deleted, imported
4    barrier, verify the series                         the journal: deleted, imported
5    remove the journal                                 nothing, or the journal
===  =================================================  =================================

A barrier makes everything before it survive the server's sudden death, and comes before the
verification: should the server die and come back between an import and its barrier, the import is
gone, the barrier succeeds, and only a later look can tell.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from itertools import pairwise, product
from typing import TYPE_CHECKING

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import Series, decode_labels, encode_labels
from syncbit_dagster.stores.errors import StoreMismatchError
from syncbit_dagster.stores.validation import round_significant
from syncbit_dagster.stores.victoriametrics import encoding, selectors
from syncbit_dagster.stores.victoriametrics.checksum import Checksum
from syncbit_dagster.stores.victoriametrics.client import FIRST, LAST
from syncbit_dagster.stores.victoriametrics.journal_text import (
    End,
    Head,
    head_of,
    samples_of,
    text_of,
)
from syncbit_dagster.stores.victoriametrics.series_copy import Change, Content, SeriesCopy

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from syncbit_dagster.stores.victoriametrics.client import Client
    from syncbit_dagster.stores.victoriametrics.durability import Settler
    from syncbit_dagster.stores.victoriametrics.encoding import Block
    from syncbit_dagster.stores.victoriametrics.journal import Journal

    Key = tuple[str, str]  # metric and labels

# What is read at once, newest first (ms, both included). The server holds it in memory: 90 MB for
# four years of minutes.
_YEARS = [to_milliseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in range(2016, 2033, 4)]
SPANS = [(first, end - 1) for first, end in pairwise([FIRST, *_YEARS, LAST + 1])][::-1]
_NO_SERIES = "syncbit_probe"  # matches nothing: the right to delete is tried on it


class _UnsureError(Exception):
    """Two looks at some series differ."""


class Corrector:
    """Corrections and their recovery. The caller holds the target's lock.

    Args:
        step: called with the name of each step before it begins.
    """

    def __init__(
        self,
        client: Client,
        settler: Settler,
        journal: Journal,
        extra_labels: Mapping[str, str],
        *,
        step: Callable[[str], None],
    ) -> None:
        self._client = client
        self._settler = settler
        self._journal = journal
        self._extra_labels = dict(extra_labels)
        self._step = step
        self._may_delete = False

    def require_permission(self) -> None:
        """Fail before anything is written if the server does not let us delete."""
        if not self._may_delete:
            self._client.delete([selectors.having([_NO_SERIES], {})])
            self._may_delete = True

    def correct(self, labels: Mapping[str, str], changes: Iterable[Change]) -> None:
        """Make series of the account with these labels hold exactly what is wanted in windows."""
        self._step("flush")
        self._settler.make_visible()
        by_series: dict[tuple[str, str], list[Change]] = {}
        for change in changes:
            by_series.setdefault(change.wanted[:2], []).append(change)
        contents = [
            Content(metric, text, metric, own, fewest=1)
            for (metric, text), own in by_series.items()
        ]
        self.replace(labels, contents)

    def replace(self, labels: Mapping[str, str], contents: Sequence[Content]) -> None:
        """Make whole series of the account with these labels hold exactly their contents."""
        account = {**labels, **self._extra_labels}
        name = hashlib.sha256(encode_labels(account).encode()).hexdigest()[:16]
        head = Head(account, [self._names(one.metric, one.labels) for one in contents])
        self._step("write journal")
        for _ in self._settler.attempts():
            try:
                self._journal.write(name, text_of(head, self._copied(account, contents)))
            except _UnsureError:
                continue
            self._replay(name)
            return
        raise StoreMismatchError(
            "A series that has to be corrected reads differently each time: another program writes "
            "to it, or a proxy answers by itself. Stop that and run again. Nothing was changed."
        )

    def recover(self, labels: Mapping[str, str]) -> None:
        """Complete what a crash has left behind for accounts that may have these labels."""
        wanted = {**labels, **self._extra_labels}
        for name in self._journal.names():
            account = head_of(self._journal.read(name)).account
            if all(wanted.get(label, value) == value for label, value in account.items()):
                self._keep_newer(name)
                self._replay(name)

    def _copied(
        self, account: Mapping[str, str], contents: Sequence[Content]
    ) -> Generator[bytes, None, list[End]]:
        """The samples of a journal, some series at a time."""
        sources = self._selectors(
            account, [self._names(one.source, one.labels) for one in contents]
        )
        ends: list[End] = []
        for group in selectors.groups(sources):
            self._step("copy series to journal")
            ends += yield from self._some_copied(group, contents[len(ends) :][: len(group)])
        return ends

    def _some_copied(
        self, sources: Sequence[str], contents: Sequence[Content]
    ) -> Generator[bytes, None, list[End]]:
        """What the server says is read twice before it is believed.

        What changes comes first, then what is newer: so it is the first to be readable again.
        """

        def lines() -> Iterator[bytes]:
            for first, last in SPANS:
                yield from self._client.lines(sources, first, last)

        first_look, look = sum(map(hash, lines())), 0
        copies = {}
        for one in contents:
            labels = encode_labels({**decode_labels(one.labels), **self._extra_labels})
            copies[one.source, labels] = SeriesCopy(one, labels)
        for copy in copies.values():
            yield from copy.changes()
        for line in lines():
            look += hash(line)
            block = self._client.decode(line)
            if block[:2] not in copies:  # a series with more labels, made just now
                raise _UnsureError
            yield from copies[block[:2]].rest(block)
        if look != first_look or any(copy.is_short for copy in copies.values()):
            raise _UnsureError
        return [copy.end for copy in copies.values()]

    def _replay(self, name: str) -> None:
        """Let the server hold what a journal holds; every step may be repeated."""
        # A server that died and came back meanwhile has lost an import, or kept what was deleted.
        if not (self._import(name) or self._import(name)):
            raise StoreMismatchError(
                "A corrected series reads back differently than it was written: another program "
                "writes to the same series, or the server drops samples. Stop that writer and run "
                "again: the next write goes on from the journal."
            )
        self._step("remove journal")
        self._journal.remove(name)

    def _import(self, name: str) -> bool:
        """Delete and import; whether the series read back as they should."""
        head = head_of(self._journal.read(name))
        chosen = self._selectors(head.account, head.series)
        self._settler.make_visible()
        self._step("delete series")
        self._client.delete(chosen)
        self._step("import journal")
        ends: list[End] = []
        lines = samples_of(self._journal.read(name), ends)
        for number, body in enumerate(encoding.batches(lines)):
            self._client.send(body)
            if number == 0:
                self._settler.flush()  # the first part can be read while the others come
        self._settler.flush()
        self._step("barrier: corrections")
        self._settler.make_durable()
        self._step("verify corrections")
        keys = [_key(one) for one in head.series]
        wanted = {key: end.checksum for key, end in zip(keys, ends, strict=True)}
        return any(self._checksums(chosen, keys) == wanted for _ in self._settler.attempts())

    def _checksums(self, chosen: Sequence[str], keys: Iterable[Key]) -> dict[Key, Checksum]:
        """What the samples of some series add up to."""
        found = dict.fromkeys(keys, Checksum())
        for group, span in product(selectors.groups(chosen), SPANS):
            for line in self._client.lines(group, *span):
                block = self._client.decode(line)
                so_far = found.get(block[:2], Checksum())
                found[block[:2]] = so_far.plus(block.timestamps, block.values)
        return found

    def _keep_newer(self, name: str) -> None:
        """Take into a journal what the server has after its last samples.

        Nobody writes to a series that a journal waits for. But a request may have been on its way,
        and a journal may come out of an old backup.
        """
        head, ends = head_of(self._journal.read(name)), list[End]()
        for _ in samples_of(self._journal.read(name), ends):
            pass
        chosen = self._selectors(head.account, head.series)
        newer = [
            [self._client.decode(line) for line in self._client.lines([one], end.last + 1)]
            for one, end in zip(chosen, ends, strict=True)
        ]
        if any(newer):
            self._journal.write(name, text_of(head, self._extended(name, newer)))

    def _extended(
        self, name: str, newer: Sequence[Sequence[Block]]
    ) -> Generator[bytes, None, list[End]]:
        ends: list[End] = []
        yield from samples_of(self._journal.read(name), ends)
        for number, blocks in enumerate(newer):
            for one in blocks:
                series = Series(*one[:3], round_significant(one.values))
                yield from encoding.encode(series, {})
                ends[number] = ends[number].plus(series.timestamps, series.values)
        return ends

    def _names(self, metric: str, labels: str) -> dict[str, str]:
        """All labels of a series as the server knows them."""
        return {"__name__": metric, **decode_labels(labels), **self._extra_labels}

    def _selectors(
        self, labels: Mapping[str, str], series: Sequence[Mapping[str, str]]
    ) -> list[str]:
        """For each series of an account a selector that matches this one alone."""
        metrics = sorted({one["__name__"] for one in series})
        relatives = self._client.series(selectors.having(metrics, labels))
        names: dict[str, set[str]] = {metric: set() for metric in metrics}
        for relative in relatives:
            names[relative["__name__"]] |= relative.keys()
        return [selectors.alone(one, names[one["__name__"]]) for one in series]


def _key(names: Mapping[str, str]) -> Key:
    labels = dict(names)
    return labels.pop("__name__"), encode_labels(labels)
