"""What the store asks of VictoriaMetrics, in terms of series and selectors."""

from __future__ import annotations

import itertools
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import orjson
import requests

from syncbit_dagster.stores.errors import StoreUnavailableError
from syncbit_dagster.stores.victoriametrics import encoding, fingerprint, native, selectors
from syncbit_dagster.stores.victoriametrics import transport as routes
from syncbit_dagster.stores.victoriametrics.fingerprint import Fingerprint
from syncbit_dagster.stores.victoriametrics.transport import RouteUnknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.stores.victoriametrics.durability import Settler
    from syncbit_dagster.stores.victoriametrics.endpoints import VictoriaMetricsConfig
    from syncbit_dagster.stores.victoriametrics.transport import Transport

logger = logging.getLogger(__name__)

FIRST = 0
LAST = 9_223_372_036_000  # the last whole second that VictoriaMetrics can express, in ms
_COPY_CHUNK = 1 << 20
_BROKEN_ANSWER = (
    "The answer to a read broke off or does not come from VictoriaMetrics; look at its log, and at "
    "a proxy's limits for time and size."
)


class _UnreadableBlocksError(Exception):
    """The server's own blocks are of a version that nobody here knows, or not to be had."""


class Client:
    """Reads and writes series. Tells the settler about every change.

    ``shows_every_sample`` says whether queries show all samples that are stored, doubles too.
    """

    def __init__(
        self,
        transport: Transport,
        settler: Settler,
        config: VictoriaMetricsConfig,
        *,
        shows_every_sample: Callable[[], bool],
    ) -> None:
        self._transport = transport
        self._settler = settler
        self._shows_every_sample = shows_every_sample
        self._reads_blocks = True
        self._extra_labels = dict(config.extra_labels)
        self._delete_key = {"authKey": config.delete_auth_key} if config.delete_auth_key else {}
        self.bytes_sent = 0

    def write(self, series: Iterable[Series]) -> None:
        """Send all samples. That they were accepted says nothing; read them back.

        The server flushes on one core, for as long as it takes to send the same samples: what was
        sent is flushed while more is sent.
        """
        lines = (line for one in series for line in encoding.encode(one, self._extra_labels))
        flush: Future[None] | None = None
        with ThreadPoolExecutor(max_workers=1) as flusher:
            for number, body in enumerate(_one_ahead(encoding.batches(lines))):
                if number and (flush is None or flush.done()):
                    flush = flusher.submit(self._settler.flush_ahead)
                self._settler.note_write()
                self._transport.call(routes.IMPORT, body=body)
                self.bytes_sent += len(body)

    def export(
        self, selector: str, first: int = FIRST, last: int = LAST
    ) -> Iterator[encoding.Block]:
        """All samples from ``first`` to ``last`` (ms, both included), a stretch at a time.

        In the server's own blocks, which cost it next to nothing; as JSON if it thins out what it
        shows (then blocks hold more than anybody can query) or if they cannot be read.
        """
        params = {"match[]": selectors.fresh(selector), **_window(first, last)}
        if self._reads_blocks and self._shows_every_sample():
            try:
                yield from self._export_blocks(params, first, last)
            except _UnreadableBlocksError as error:
                logger.info("Samples are read as JSON from now on: %s", error)
                self._reads_blocks = False
            else:
                return
        yield from self._export_lines(params)

    def _export_blocks(
        self, params: Mapping[str, str], first: int, last: int
    ) -> Iterator[encoding.Block]:
        """Raises ``_UnreadableBlocksError`` before anything is given, never later."""
        try:
            response = self._transport.call(routes.EXPORT_NATIVE, params=params, stream=True)
        except RouteUnknownError as error:
            raise _UnreadableBlocksError(str(error)) from error
        with response:
            try:
                chunks = response.iter_content(_COPY_CHUNK)
                found = native.blocks(chunks, first, last, self._extra_labels)
                try:
                    head = list(itertools.islice(found, 1))
                except ValueError as error:
                    raise _UnreadableBlocksError(str(error)) from error
                yield from head
                yield from found
            except (requests.RequestException, ValueError) as error:
                raise StoreUnavailableError(_BROKEN_ANSWER) from error

    def _export_lines(self, params: Mapping[str, str]) -> Iterator[encoding.Block]:
        params = {**params, "max_rows_per_line": str(encoding.ROWS_PER_EXPORT_LINE)}
        with self._transport.call(routes.EXPORT, params=params, stream=True) as response:
            try:
                for line in encoding.lines(response.iter_content(_COPY_CHUNK)):
                    yield encoding.decode(line, self._extra_labels)
            except (requests.RequestException, ValueError) as error:
                raise StoreUnavailableError(_BROKEN_ANSWER) from error

    def fingerprint(self, selector: str, first: int = FIRST, last: int = LAST) -> Fingerprint:
        """The fingerprint of a selection; reads all of it, holds one line at a time."""
        blocks = self.export(selector, first, last)
        parts = (fingerprint.of(block.timestamps, block.values) for block in blocks)
        return sum(parts, Fingerprint())

    def copy(self, selector: str, metric: str, first: int = FIRST, last: int = LAST) -> None:
        """Copy the samples of one series to another metric name, undecoded.

        Ten years of minutes are 2.5 MB in this form, and 90 MB as JSON.
        """
        params = {"match[]": selectors.fresh(selector), **_window(first, last)}
        with self._transport.call(routes.EXPORT_NATIVE, params=params, stream=True) as source:
            self._settler.note_write()
            self._transport.call(
                routes.IMPORT_NATIVE,
                params={"extra_label": f"__name__={metric}"},
                body=self._counted(source.iter_content(_COPY_CHUNK)),
            )

    def series(self, selector: str) -> list[dict[str, str]]:
        """The label sets, ``__name__`` included, of all series of any time."""
        # start=0 would mean "the last five minutes".
        params = {"match[]": selectors.fresh(selector), "start": "1", "end": str(LAST // 1000)}
        answer = self._transport.call(routes.SERIES, params=params)
        try:
            found: list[dict[str, str]] = orjson.loads(answer.content)["data"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise StoreUnavailableError(_BROKEN_ANSWER) from None
        return found

    def delete(self, selector: str) -> None:
        """Delete whole series; those that are not flushed yet stay, so flush before."""
        self._settler.note_write()
        self._transport.call(
            routes.DELETE, form={"match[]": selectors.fresh(selector), **self._delete_key}
        )

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.bytes_sent += len(chunk)
            yield chunk


def _one_ahead(bodies: Iterator[bytes]) -> Iterator[bytes]:
    """The same bodies; each is encoded while the server works on the one before."""
    with ThreadPoolExecutor(max_workers=1) as encoder:
        upcoming = encoder.submit(next, bodies, None)
        while (body := upcoming.result()) is not None:
            upcoming = encoder.submit(next, bodies, None)
            yield body


def _window(first: int, last: int) -> Mapping[str, str]:
    """Both ends in seconds. The server cuts to milliseconds after a float multiplication, which
    may lose one: a fifth of a millisecond more cannot, whether it cuts or rounds."""
    return {"start": f"{first / 1000:.3f}2", "end": f"{last / 1000:.3f}2"}
