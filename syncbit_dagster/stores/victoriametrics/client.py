"""What the store asks of VictoriaMetrics, in terms of series and selectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import requests

from syncbit_dagster.stores.errors import StoreUnavailableError
from syncbit_dagster.stores.victoriametrics import encoding, fingerprint, selectors
from syncbit_dagster.stores.victoriametrics import transport as routes
from syncbit_dagster.stores.victoriametrics.fingerprint import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.stores.victoriametrics.durability import Settler
    from syncbit_dagster.stores.victoriametrics.endpoints import VictoriaMetricsConfig
    from syncbit_dagster.stores.victoriametrics.transport import Transport

FIRST = 0
LAST = 9_223_372_036_000  # the last whole second that VictoriaMetrics can express, in ms
_COPY_CHUNK = 1 << 20
_BROKEN_ANSWER = (
    "The answer to a read broke off or does not come from VictoriaMetrics; look at its log, and at "
    "a proxy's limits for time and size."
)


class Client:
    """Reads and writes series. Tells the settler about every change."""

    def __init__(
        self,
        transport: Transport,
        settler: Settler,
        config: VictoriaMetricsConfig,
    ) -> None:
        self._transport = transport
        self._settler = settler
        self._extra_labels = dict(config.extra_labels)
        self._delete_key = {"authKey": config.delete_auth_key} if config.delete_auth_key else {}
        self.bytes_sent = 0

    def write(self, series: Iterable[Series]) -> None:
        """Send all samples. That they were accepted says nothing; read them back."""
        lines = (line for one in series for line in encoding.encode(one, self._extra_labels))
        for body in encoding.batches(lines):
            self._settler.note_write()
            self._transport.call(routes.IMPORT, body=body)
            self.bytes_sent += len(body)

    def export(
        self, selector: str, first: int = FIRST, last: int = LAST
    ) -> Iterator[encoding.Block]:
        """All samples from ``first`` to ``last`` (ms, both included), a stretch at a time."""
        params = {
            "match[]": selectors.fresh(selector),
            "max_rows_per_line": str(encoding.ROWS_PER_EXPORT_LINE),
            **_window(first, last),
        }
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


def _window(first: int, last: int) -> Mapping[str, str]:
    """Both ends in seconds. The server cuts to milliseconds after a float multiplication, which
    may lose one: a fifth of a millisecond more cannot, whether it cuts or rounds."""
    return {"start": f"{first / 1000:.3f}2", "end": f"{last / 1000:.3f}2"}
