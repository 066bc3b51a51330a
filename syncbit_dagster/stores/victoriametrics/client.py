"""What the store asks of VictoriaMetrics, in terms of series and selectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import requests

from syncbit_dagster.stores.errors import StoreUnavailableError
from syncbit_dagster.stores.victoriametrics import encoding, selectors
from syncbit_dagster.stores.victoriametrics import transport as routes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from syncbit_dagster.core.samples import Series
    from syncbit_dagster.stores.victoriametrics.durability import Settler
    from syncbit_dagster.stores.victoriametrics.endpoints import VictoriaMetricsConfig
    from syncbit_dagster.stores.victoriametrics.transport import Transport

FIRST = 0
# No server takes a sample for later than the day after tomorrow, and 1.112 finds nothing at all
# where the end lies beyond 32 bits of seconds (2106).
LAST = 4_102_444_800_000  # 2100, in ms
_CHUNK = 1 << 20
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
        self._delete_key = [("authKey", config.delete_auth_key)] if config.delete_auth_key else []
        self.bytes_sent = 0

    def write(self, series: Iterable[Series]) -> None:
        """Send all samples. That they were accepted says nothing; read them back."""
        lines = (line for one in series for line in encoding.encode(one, self._extra_labels))
        for body in encoding.batches(lines):
            self.send(body)

    def send(self, body: bytes) -> None:
        """The same for lines with all labels."""
        self._settler.note_write()
        self._transport.call(routes.IMPORT, body=body)
        self.bytes_sent += len(body)

    def export(
        self, selector: str, first: int = FIRST, last: int = LAST
    ) -> Iterator[encoding.Block]:
        """All samples from ``first`` to ``last`` (ms, both included), a stretch at a time."""
        for line in self.lines([selector], first, last):
            yield self.decode(line, self._extra_labels)

    def lines(self, chosen: Sequence[str], first: int = FIRST, last: int = LAST) -> Iterator[bytes]:
        """The same of several selections, with all labels.

        The server holds all that it gives in memory. ``reduce_mem_usage=1`` would spare it that,
        and 1.79 mixes samples up then: 59 of 400 answers were wrong.
        """
        params = [("match[]", selectors.fresh(one)) for one in chosen]
        # Of a cluster that misses a node: an error, and not the samples of the others.
        params += [("deny_partial_response", "1")]
        params += [("max_rows_per_line", str(encoding.ROWS_PER_EXPORT_LINE))]
        params += [("start", _seconds(first)), ("end", _seconds(last))]
        with self._transport.call(routes.EXPORT, params=params, stream=True) as response:
            try:
                yield from encoding.lines(response.iter_content(_CHUNK))
            except requests.RequestException as error:
                raise StoreUnavailableError(_BROKEN_ANSWER) from error

    def decode(self, line: bytes, hidden: Mapping[str, str] = {}) -> encoding.Block:
        """The samples of a line, without the hidden labels."""
        try:
            return encoding.decode(line, hidden)
        except ValueError as error:
            raise StoreUnavailableError(_BROKEN_ANSWER) from error

    def series(self, selector: str) -> list[dict[str, str]]:
        """The label sets, ``__name__`` included, of all series of any time."""
        # start=0 would mean "the last five minutes".
        params = [
            ("match[]", selectors.fresh(selector)),
            ("start", "1"),
            ("end", str(LAST // 1000)),
        ]
        answer = self._transport.call(routes.SERIES, params=params)
        try:
            found: list[dict[str, str]] = orjson.loads(answer.content)["data"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise StoreUnavailableError(_BROKEN_ANSWER) from None
        return found

    def delete(self, chosen: Iterable[str]) -> None:
        """Delete whole series; those that are not flushed yet stay, so flush before."""
        self._settler.note_write()
        matches = [("match[]", selectors.fresh(selector)) for selector in chosen]
        self._transport.call(routes.DELETE, form=matches + self._delete_key)


def _seconds(milliseconds: int) -> str:
    """The server cuts to milliseconds after a float multiplication, which may lose one: a fifth of
    a millisecond more cannot, whether it cuts or rounds. Of 0.0002, 1.145 makes some hours."""
    return f"{milliseconds / 1000:.3f}2" if milliseconds else "0"
