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
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import orjson

from syncbit_dagster.core.samples import Series, decode_labels
from syncbit_dagster.stores.errors import StoreMismatchError
from syncbit_dagster.stores.validation import round_significant
from syncbit_dagster.stores.victoriametrics import encoding, selectors
from syncbit_dagster.stores.victoriametrics.checksum import Checksum

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from syncbit_dagster.stores.victoriametrics.client import Client
    from syncbit_dagster.stores.victoriametrics.durability import Settler
    from syncbit_dagster.stores.victoriametrics.journal import Journal

_NO_SERIES = "syncbit_probe"  # matches nothing: the right to delete is tried on it


class Change(NamedTuple):
    """What a series shall hold from ``low`` until before ``high`` (ms)."""

    low: int
    high: int
    wanted: Series


class Content(NamedTuple):
    """What a series shall hold: what can be read at ``source``, with some windows changed.

    Attributes:
        fewest: how many of the samples that are read are known to be there. Fewer are an answer
            that wrongly says "nothing there".
    """

    metric: str
    labels: str
    source: str
    changes: Sequence[Change] = ()
    fewest: int = 0


class _UnsureError(Exception):
    """Two looks at a series differ."""


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
        sources = self._selectors(labels, [self._names(*key) for key in by_series])
        self.replace(
            labels,
            [
                Content(*key, source, own, fewest=1)
                for (key, own), source in zip(by_series.items(), sources, strict=True)
            ],
        )

    def replace(self, labels: Mapping[str, str], contents: Sequence[Content]) -> None:
        """Make whole series of the account with these labels hold exactly their contents."""
        account = {**labels, **self._extra_labels}
        name = hashlib.sha256(orjson.dumps(account, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
        self._step("write journal")
        for _ in self._settler.attempts():
            try:
                self._journal.write(name, self._lines(account, contents))
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
            found = orjson.loads(next(encoding.lines(self._journal.read(name))))["labels"]
            if all(wanted.get(label, value) == value for label, value in found.items()):
                self._replay(name)

    def _lines(self, account: Mapping[str, str], contents: Sequence[Content]) -> Iterator[bytes]:
        """The journal: whose it is, the samples, what they add up to."""
        series = [self._names(one.metric, one.labels) for one in contents]
        yield _line({"labels": account, "series": series})
        checks: list[Checksum] = []
        for one in contents:
            self._step("copy series to journal")
            checks.append((yield from self._content(one)))
        yield _line({"checks": [list(check) for check in checks]})

    def _content(self, content: Content) -> Generator[bytes, None, Checksum]:
        """The lines of one series. What the server says is read twice before it is believed."""
        first_look = sum(map(hash, self._client.lines(content.source)))
        look, check, read = 0, Checksum(), 0
        for line in self._client.lines(content.source):
            look += hash(line)
            block = self._client.decode(line)
            # VictoriaMetrics takes no other numbers back; ours are all finite.
            is_kept = np.isfinite(block.values)
            for change in content.changes:
                is_kept &= (block.timestamps < change.low) | (block.timestamps >= change.high)
            read += len(is_kept)
            kept = round_significant(block.values[is_kept])
            series = Series(content.metric, content.labels, block.timestamps[is_kept], kept)
            check = check.plus(series.timestamps, series.values)
            yield from encoding.encode(series, self._extra_labels)
        if look != first_look or read < content.fewest:
            raise _UnsureError
        for change in content.changes:
            check = check.plus(change.wanted.timestamps, change.wanted.values)
            yield from encoding.encode(change.wanted, self._extra_labels)
        return check

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
        lines = encoding.lines(self._journal.read(name))
        head = orjson.loads(next(lines))
        chosen = self._selectors(head["labels"], head["series"])
        self._settler.make_visible()
        self._step("delete series")
        self._client.delete(chosen)
        self._step("import journal")
        checks: list[Checksum] = []
        self._client.send(_samples(lines, checks))
        self._step("barrier: corrections")
        self._settler.make_durable()
        self._step("verify corrections")
        wrong = dict(zip(chosen, checks, strict=True))
        for _ in self._settler.attempts():
            wrong = {
                selector: check
                for selector, check in wrong.items()
                if self._client.checksum(selector) != check
            }
            if not wrong:
                return True
        return False

    def _names(self, metric: str, labels: str) -> dict[str, str]:
        """All labels of a series as the server knows them."""
        return {"__name__": metric, **decode_labels(labels), **self._extra_labels}

    def _selectors(
        self, labels: Mapping[str, str], series: Sequence[Mapping[str, str]]
    ) -> list[str]:
        """For each series of an account a selector that matches this one alone."""
        metrics = sorted({one["__name__"] for one in series})
        relatives = self._client.series(selectors.having(metrics, {**labels, **self._extra_labels}))
        names: dict[str, set[str]] = {metric: set() for metric in metrics}
        for relative in relatives:
            names[relative["__name__"]] |= relative.keys()
        return [selectors.alone(one, names[one["__name__"]]) for one in series]


def _samples(lines: Iterator[bytes], checks: list[Checksum]) -> Iterator[bytes]:
    """The journal's lines of samples; what they add up to goes to ``checks``."""
    for line in lines:
        if line.startswith(b'{"checks"'):
            checks += [Checksum(*one) for one in orjson.loads(line)["checks"]]
        else:
            yield line + b"\n"


def _line(content: Mapping[str, object]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)
